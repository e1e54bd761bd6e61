"""Parts of JSON that are not to be stored: what they are replaced by, and how they are found (row *secrets in files*)."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import msgspec
from msgspec import Raw

from integrates.api.imports.read.mend import elements_of, parts_of

MASKED: Final = "***"
"""What stands for a text that is not stored."""
_HIDDEN: Final = msgspec.json.encode(MASKED)
_NULL: Final = b"null"

Mask: TypeAlias = Callable[[bytes | Raw], bytes]
"""Returns checked JSON without what must not be stored. What has been masked is left as it is."""


def hidden(value: bytes | Raw) -> bytes:
    """Return what stands for any value; null is none."""
    return _NULL if memoryview(value) == memoryview(_NULL) else _HIDDEN


def members(masks: Mapping[str, Mask]) -> Mask:
    """Return the mask of objects some of whose members have one. Anything else in their place is hidden."""

    def masked(value: bytes | Raw) -> bytes:
        given = parts_of(value)
        if given is None:
            return hidden(value)
        return written({name: masks[name](part) if name in masks else part for name, part in given.items()})

    return masked


def elements(mask: Mask) -> Mask:
    """Return the mask of arrays whose elements have one. Anything else in their place is hidden."""

    def masked(value: bytes | Raw) -> bytes:
        given = elements_of(value)
        return hidden(value) if given is None else b"[" + b",".join(map(mask, given)) + b"]"

    return masked


def written(parts: Mapping[str, bytes | Raw]) -> bytes:
    """Return the JSON of an object with these members."""
    return b"{" + b",".join(msgspec.json.encode(name) + b":" + bytes(part) for name, part in parts.items()) + b"}"
