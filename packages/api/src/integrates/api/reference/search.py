"""Finding names of the reference by words: in names first, then in what is said of them."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from integrates.api.reference.entry import Entry, Kind, Part
from integrates.api.reference.reason import reasons_of

_WORD: Final = re.compile(r"[\w:@]+")


class Sheet(msgspec.Struct, frozen=True):
    """An entry with what it is found by, in lower case: its own texts, and those of each of its parts."""

    entry: Entry
    own: str
    parts: tuple[tuple[Part, str], ...]


class Hit(msgspec.Struct, frozen=True):
    """An entry that has all words, and those of its parts that have one which the entry itself has not."""

    entry: Entry
    parts: tuple[Part, ...] = ()


def sheets_of(entries: Iterable[Entry]) -> tuple[Sheet, ...]:
    """Return what entries are found by, in the same order."""
    return tuple(
        Sheet(entry, _text_of(entry), tuple((part, _text_of_part(part)) for part in _all_parts(entry))) for entry in entries
    )


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a question in lower case, each once."""
    return tuple(dict.fromkeys(word.lower() for word in _WORD.findall(text)))


def search(sheets: Sequence[Sheet], text: str) -> tuple[Hit, ...]:
    """Return the entries that have every word of a text, in their own texts or in those of their parts; the best come first.

    A word is found in the middle of others too. Best is what is called so, then what has the words in its name, then in the
    names of its parts, then elsewhere; equal ones stay in their order. Nothing is found by a text without words.
    """
    words = words_of(text)
    hits = (_hit(sheet, words) for sheet in sheets) if words else ()
    return tuple(sorted((hit for hit in hits if hit), key=lambda hit: _rank(hit.entry, words)))


def _hit(sheet: Sheet, words: Sequence[str]) -> Hit | None:
    elsewhere = [word for word in words if word not in sheet.own]
    if not all(any(word in text for _, text in sheet.parts) for word in elsewhere):
        return None
    return Hit(sheet.entry, tuple(part for part, text in sheet.parts if any(word in text for word in elsewhere)))


def _all_parts(entry: Entry) -> tuple[Part, ...]:
    return (*entry.arguments, *entry.parts)


def _text_of(entry: Entry) -> str:
    own = entry.own
    told = (own.needs, *own.partly, own.type.text) if own else ()
    reasons = (reason.name for reason in reasons_of(entry)) if entry.kind is Kind.MUTATION else ()
    return _lower((entry.name, entry.meaning, *told, *reasons))


def _text_of_part(part: Part) -> str:
    arguments = (text for one in part.arguments for text in (one.name, one.meaning))
    return _lower((part.name, part.meaning, part.deprecated, part.needs, *part.partly, *arguments))


def _lower(texts: Iterable[str]) -> str:
    return "\n".join(texts).lower()


def _rank(entry: Entry, words: Sequence[str]) -> int:
    """Return how far down an entry stands among what is found; 0 is the top."""
    name, together = entry.name.lower(), "".join(words)
    names = [part.name.lower() for part in _all_parts(entry)]
    tests = (
        name == together,
        name.startswith(together),
        all(word in name for word in words),
        together in names,
        all(word in name or any(word in one for one in names) for word in words),
    )
    return next((rank for rank, is_so in enumerate(tests) if is_so), len(tests))
