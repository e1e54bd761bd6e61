"""Places of weaknesses, as the reports of a pipeline tell them."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from integrates.db_model.values.url import bracketed


class Kind(StrEnum):
    """What the two parts of a place mean, as in the API."""

    LINES = "LINES"
    INPUTS = "INPUTS"
    PORTS = "PORTS"
    PACKAGES = "PACKAGES"


class Change(StrEnum):
    """What became of a place, as in the API; ``BLOCKING`` for one that the gate names."""

    BLOCKING = "BLOCKING"
    NEW = "NEW"
    REOPENED = "REOPENED"
    MOVED = "MOVED"
    UNCHANGED = "UNCHANGED"
    FIXED = "FIXED"


class Place(Struct, frozen=True, kw_only=True):
    """One place.

    ``rule`` is what reported it, ``score`` is ``None`` while nobody has told how bad it is. ``id`` and ``link`` are those of
    the vulnerability, ``None`` for a place that is not known yet. ``why`` is a sentence about it.
    """

    change: Change
    kind: Kind
    where: str
    specific: str
    title: str
    rule: str
    score: float | None = None
    level: str | None = None
    id: str | None = None
    link: str | None = None
    why: str = ""


_SHOWN: Final[Mapping[Kind, Callable[[str, str], str]]] = {
    Kind.LINES: lambda where, specific: where if specific in {"", "0"} else f"{where}:{specific}",
    Kind.INPUTS: lambda where, specific: f"{where} ({specific})" if specific else where,
    Kind.PORTS: lambda where, specific: f"{bracketed(where)}:{specific}",
    Kind.PACKAGES: lambda where, specific: f"{specific} in {where}",
}


def place_text(kind: Kind, where: str, specific: str) -> str:
    """Return a place in one text, e.g. ``src/cart.py:12``, ``https://shop.example/search (query)``, ``express@4 in a.json``."""
    return _SHOWN[kind](where, specific)
