"""Parts of JSON that are not to be stored: what they are replaced by, and how they are found (row *secrets in files*)."""

import operator
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import msgspec
from msgspec import Raw

from integrates.api.imports.read.mend import elements_of, parts_of

MASKED: Final = "***"
"""What stands for a text that is not stored."""
_HIDDEN: Final = msgspec.json.encode(MASKED)
_KEPT: Final = frozenset({b"null", _HIDDEN})

Json: TypeAlias = bytes | Raw
Mask: TypeAlias = Callable[[Json], Json]
"""Returns checked JSON without what must not be stored; the same object when there is nothing of that."""


def hidden(value: Json) -> Json:
    """Return what stands for any value; null is none."""
    given = memoryview(value)
    return value if len(given) <= len(_HIDDEN) and bytes(given) in _KEPT else _HIDDEN


def members(masks: Mapping[str, Mask]) -> Mask:
    """Return the mask of objects some of whose members have one. Anything else in their place is hidden."""

    def masked(value: Json) -> Json:
        given = parts_of(value)
        if given is None:
            return hidden(value)
        found = {name: part for name, mask in masks.items() if name in given and (part := mask(given[name])) is not given[name]}
        return written({**given, **found}) if found else value

    return masked


def elements(mask: Mask) -> Mask:
    """Return the mask of arrays whose elements have one. Anything else in their place is hidden."""

    def masked(value: Json) -> Json:
        given = elements_of(value)
        if given is None:
            return hidden(value)
        found = tuple(map(mask, given))
        return value if all(map(operator.is_, found, given)) else b"[" + b",".join(found) + b"]"

    return masked


def written(parts: Mapping[str, Json]) -> bytes:
    """Return the JSON of an object with these members."""
    return b"{" + b",".join([b"%b:%b" % (msgspec.json.encode(name), part) for name, part in parts.items()]) + b"}"
