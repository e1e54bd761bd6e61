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
_NULL: Final = b"null"

Json: TypeAlias = bytes | Raw
Mask: TypeAlias = Callable[[Json], Json]
"""Returns checked JSON without what must not be stored; the same object when there is nothing of that."""


def hidden(value: Json) -> Json:
    """Return what stands for any value; null is none."""
    return value if bytes(memoryview(value)[: len(_HIDDEN) + 1]) in {_NULL, _HIDDEN} else _HIDDEN


def members(masks: Mapping[str, Mask]) -> Mask:
    """Return the mask of objects some of whose members have one. Anything else in their place is hidden."""

    def masked(value: Json) -> Json:
        given = parts_of(value)
        if given is None:
            return hidden(value)
        found = {name: mask(given[name]) for name, mask in masks.items() if name in given}
        return value if all(part is given[name] for name, part in found.items()) else written({**given, **found})

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
    return b"{" + b",".join(b"%b:%b" % (msgspec.json.encode(name), part) for name, part in parts.items()) + b"}"
