"""Cursors of the API: where a page ends, signed, and good only for the list that gave them."""

import hmac
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

from integrates.api.errors import Code, RequestError

_MARK: Final = 16
_MAX_CURSOR: Final = 4_096


class Listing(msgspec.Struct, frozen=True):
    """What a cursor is good for: a field of one parent with its filters."""

    field: str
    parent: str
    filters: Mapping[str, Any]


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a page ends: which stretch of the list, by its number or by its name, and the store's cursor there."""

    stretch: int
    after: str
    name: str | None = None


def _mark(key: bytes, listing: Listing, position: bytes) -> bytes:
    bound = msgspec.json.encode(listing, order="sorted")
    return hmac.new(key, sha256(bound).digest() + position, sha256).digest()[:_MARK]


def sealed(key: bytes, listing: Listing, position: Position) -> str:
    """Return the cursor of a position in a list."""
    text = msgspec.json.encode(position)
    return urlsafe_b64encode(_mark(key, listing, text) + text).decode()


def opened(key: bytes, listing: Listing, cursor: str) -> Position:
    """Read a cursor. Raise ``RequestError`` (BAD_CURSOR) for any other than ``sealed`` gave for that list."""
    try:
        raw = b64decode(cursor[:_MAX_CURSOR], altchars=b"-_", validate=True)
        genuine = hmac.compare_digest(raw[:_MARK], _mark(key, listing, raw[_MARK:]))
        position = msgspec.json.decode(raw[_MARK:], type=Position) if genuine else None
    except ValueError:
        position = None
    if position is None:
        raise RequestError(Code.BAD_CURSOR, "The cursor does not belong to this list.")
    return position
