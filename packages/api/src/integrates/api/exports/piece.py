"""Writing JSON in pieces, because the whole of a document may be large."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")

json_text: Final = msgspec.json.Encoder().encode


def object_text(members: Mapping[str, Any], lists: Mapping[str, Iterable[Any]]) -> Iterator[bytes]:
    """Yield a JSON object: the members, then those whose values are lists, of which one element is in memory at a time."""
    yield json_text(members)[:-1]
    separator = b"," if members else b""
    for name, elements in lists.items():
        yield separator + json_text(name) + b":"
        yield from array_text(elements)
        separator = b","
    yield b"}\n"


def array_text(elements: Iterable[Any]) -> Iterator[bytes]:
    """Yield a JSON array."""
    separator = b"["
    for element in elements:
        yield separator + json_text(element)
        separator = b",\n"
    yield b"[]" if separator == b"[" else b"]"


def once(given: Iterable[tuple[str, T]]) -> Iterator[tuple[str, T]]:
    """Yield what has a name that was not there before. Of those that were there, a short digest is remembered."""
    known: set[bytes] = set()
    for name, found in given:
        mark = sha256(name.encode()).digest()[:12]
        if mark not in known:
            known.add(mark)
            yield name, found


def without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that have a value."""
    return {name: value for name, value in members.items() if value is not None}


def date_text(date: datetime) -> str:
    """Return a date as all formats read it: RFC 3339, in UTC, with ``Z``; fractions of a second only where there are any."""
    return date.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
