"""The codec of cursors. Pure.

A cursor is a position in a walk: the sort key and the table key of an item. It has the version of the codec and a digest of the
position and of its query, by which a damaged cursor, or one of another query, is recognised. It is no secret and grants
nothing, because a position never leads outside the partition and range of the query.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Final, overload

import msgspec

from integrates.db_model.errors import InvalidCursor
from integrates.db_model.store.port import Item, Page, Query
from integrates.db_model.store.rules import sort_range, within

_CODEC: Final = 1
_DIGEST_BYTES: Final = 12


class Position(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The position of an item in a walk: its sort key there, and its key in the table, which orders equal sort keys."""

    sort: str
    pk: str
    sk: str


_decoder: Final = msgspec.msgpack.Decoder(Position)
_encode: Final = msgspec.msgpack.Encoder().encode


def _binding(query: Query) -> bytes:
    bound = (_CODEC, query.table, query.pattern, query.index, query.pk, query.sk_prefix, query.sk_between, query.descending)
    return _encode(bound)


def _digest(binding: bytes, position: bytes) -> bytes:
    return blake2b(position, digest_size=_DIGEST_BYTES, key=blake2b(binding).digest()).digest()


def _sealed(binding: bytes, position: Position) -> str:
    body = _encode(position)
    return urlsafe_b64encode(bytes((_CODEC,)) + _digest(binding, body) + body).decode().rstrip("=")


def position_of(query: Query, item: Item) -> Position:
    """Return the position of ``item`` in the walk of ``query``."""
    sort = item.key.sk if query.index is None else item.index_keys[query.index].sk
    return Position(sort, item.key.pk, item.key.sk)


class Cursors(Sequence[str]):
    """The cursors of the items of a page, each made when it is asked for: most readers need the last one only."""

    __slots__ = ("_items", "_query")

    def __init__(self, query: Query, items: Sequence[Item]) -> None:
        self._query, self._items = query, items

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, number: int) -> str: ...

    @overload
    def __getitem__(self, number: slice) -> "Cursors": ...

    def __getitem__(self, number: int | slice) -> "str | Cursors":
        if isinstance(number, slice):
            return Cursors(self._query, self._items[number])
        return _sealed(_binding(self._query), position_of(self._query, self._items[number]))

    def __iter__(self) -> Iterator[str]:
        binding = _binding(self._query)
        return (_sealed(binding, position_of(self._query, item)) for item in self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


def page(query: Query, found: Sequence[Item]) -> Page:
    """Return a page of ``query``. ``found`` are its items and, when there is one, the item after them."""
    items = tuple(found[: query.limit])
    return Page(items, Cursors(query, items), len(found) > query.limit)


def _opened(query: Query, cursor: str) -> Position:
    raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    body = raw[1 + _DIGEST_BYTES :]
    position = _decoder.decode(body)
    if _sealed(_binding(query), position) != cursor:
        raise InvalidCursor
    return position


def _possible(query: Query, position: Position) -> bool:
    own = query.index is not None or (position.pk == query.pk and position.sk == position.sort)
    return own and within(position.sort, sort_range(query))


def position(query: Query) -> Position | None:
    """Return the position after which ``query`` goes on; ``None`` when it starts at the beginning.

    Raise ``InvalidCursor`` when ``query.after`` is not a cursor of this query.
    """
    if query.after is None:
        return None
    try:
        found = _opened(query, query.after)
    except (ValueError, TypeError, msgspec.MsgspecError) as error:
        raise InvalidCursor from error
    if not _possible(query, found):
        raise InvalidCursor
    return found
