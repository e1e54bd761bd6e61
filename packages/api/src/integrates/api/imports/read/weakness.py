"""Classes of weaknesses, from what tools write for them (domain section 18, row *CWE*)."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import msgspec

from integrates.db_model.values.text import MAX_CWE_IDS

HARD_CODED: Final = "CWE-798"
"""The class of every secret that stands in a file."""
MAX_LABELS: Final = 500
"""Most of them that are looked at in one place."""
_MAX_TEXT: Final = 1_000
_CLASS: Final = re.compile(r"\s*(?:cwe-)?0*([1-9][0-9]{0,4})(?![0-9])(?:\s*:.*|\s*)", re.IGNORECASE | re.DOTALL)
_LIST: Final[msgspec.json.Decoder[list[str | int]]] = msgspec.json.Decoder(list[str | int])


def cwe_ids(given: Iterable[str | int | None]) -> tuple[str, ...]:
    """Return the classes in texts like ``CWE-79``, ``cwe-79: …`` and ``79``, in numbers, and in JSON lists inside of a text."""
    return tuple(islice(dict.fromkeys(_classes(given)), MAX_CWE_IDS))


def _classes(given: Iterable[str | int | None]) -> Iterator[str]:
    for one in islice(given, MAX_LABELS):
        text = str(one if one is not None else "")[:_MAX_TEXT]
        if text.lstrip().startswith("["):
            yield from _classes(_listed(text))
        elif match := _CLASS.fullmatch(text):
            yield f"CWE-{match[1]}"


def _listed(text: str) -> list[str | int]:
    try:
        found = _LIST.decode(text)
    except msgspec.DecodeError:
        return []
    return [one for one in found if not str(one).lstrip().startswith("[")]
