"""Texts of a tool, made storable: what the model would refuse is left out or replaced, nothing is refused."""

import re
from functools import lru_cache
from typing import Final
from unicodedata import combining

from integrates.db_model.values.text import MAX_MARKS, excerpt

MAX_TITLE: Final = 200
MIN_TITLE: Final = 3
_FORMULA: Final = "=+-@"
_MAX_STACK: Final = MAX_MARKS // 3
"""Most combining marks in a row that are kept: normalising, which may double them, cannot make more than the model takes."""
_STACK: Final = re.compile(rb"[^\x00]{%d}([^\x00]+)" % _MAX_STACK)
"""Too many of them, in the canonical combining classes of a text (0: no mark)."""


def trimmed(text: str, high: int) -> str:
    """Return the first ``high`` characters after leading blanks, of which there may be as many.

    No more is looked at, because a text of megabytes may be that of thousands of results.
    """
    return text[: 2 * high].strip()[:high]


def block(text: str | None, high: int) -> str:
    """Return at most ``high`` characters in which newlines and tabs may occur; empty when nothing is left."""
    if text is None:
        return ""
    cut = trimmed(text, high).replace("\r\n", "\n").replace("\r", "\n")
    return excerpt(cut if cut.isascii() else _thinned(cut), high)


def line(text: str | None, high: int) -> str:
    """Return at most ``high`` characters on one line: every run of blanks and line breaks becomes one blank."""
    if text and len(text) <= high and text.isascii() and text.isprintable() and " " not in text:
        return text
    return block(" ".join(trimmed(text or "", 4 * high).split()), high)


def headline(text: str | None, spare: str) -> str:
    """Return a valid title of a finding, or an empty text when ``text`` has nothing to make one of.

    What makes a spreadsheet read it as a formula is taken from its beginning; one too short is followed by ``spare``.
    """
    title = line(line(text, MAX_TITLE).lstrip(f"{_FORMULA} "), MAX_TITLE)
    return title if not title or len(title) >= MIN_TITLE else line(f"{title} ({spare})", MAX_TITLE)


def _thinned(text: str) -> str:
    """Leave out combining marks that the model would refuse, and that would make normalising slow."""
    classes = bytes(map(combining, text))
    if len(classes) - classes.count(0) <= _MAX_STACK:
        return text
    return _without_stacks(_without_refused(text))


def _without_refused(text: str) -> str:
    """Leave out what the model would refuse, before marks are counted: those that it parts will follow each other."""
    refused = {one for one in set(text) if _is_refused(one)}
    return "".join(one for one in text if one not in refused) if refused else text


@lru_cache(maxsize=4_096)
def _is_refused(character: str) -> bool:
    return not combining(character) and len(excerpt(f"a{character}a", 3)) < len("aaa")


def _without_stacks(text: str) -> str:
    surplus = [match.span(1) for match in _STACK.finditer(bytes(map(combining, text)))]
    starts = (0, *(end for _, end in surplus))
    ends = (*(start for start, _ in surplus), len(text))
    return "".join(text[start:end] for start, end in zip(starts, ends, strict=True))
