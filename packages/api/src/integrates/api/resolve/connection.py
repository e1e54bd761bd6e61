"""Connections: pages of long lists, walked in the store and filtered by pure functions, with a bound."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeAlias, TypeVar

import msgspec

from integrates.api.context import Info
from integrates.api.errors import Code, RequestError
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.cursor import Listing, Place, opened, sealed
from integrates.db_model.entity.facet import E, Facet
from integrates.db_model.entity.loader import Loaders, load_page
from integrates.db_model.entity.read import EntityPage
from integrates.db_model.store.port import Query

MAX_PAGE: Final = 500
MAX_LOOKED_AT: Final = 2_000
"""How many items one page may look at in search of those that pass the filter; then it is short."""
_FILTERED_PAGE: Final = 200

T = TypeVar("T")


class Batch(msgspec.Struct, Generic[T], frozen=True):
    """A page as the store gives it: nodes with a cursor each, whether more follow, and the cursor of its end."""

    nodes: tuple[T, ...]
    cursors: tuple[str, ...]
    has_next: bool
    end: str | None


Read: TypeAlias = Callable[[Query], Awaitable[Batch[T]]]
Keep: TypeAlias = Callable[[Sequence[T]], Awaitable[Sequence[bool]]]
"""Tells which items of a page are in the list, aligned with them."""
Total: TypeAlias = Callable[[], Awaitable[int | None]]


class Row(msgspec.Struct, Generic[T], frozen=True):
    """An item of the list and its place."""

    node: T
    place: Place


class Walk(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A list: one query for each of its stretches, in order, and what is kept of them.

    ``None`` in place of a query is a stretch that the caller may not see. Without ``keep`` everything is kept.
    """

    stretches: tuple[Query | None, ...]
    read: Read[T]
    keep: Keep[T] | None = None


class Part(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A part of a list: its rows, whether more follow, and where it ends."""

    rows: tuple[Row[T], ...]
    has_next: bool
    end: Place | None


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """A page as the schema shows it. ``seal`` makes cursors of places; ``count`` tells the total, when it is asked for."""

    part: Part[Any]
    seal: Callable[[Place], str]
    count: Total | None = None


def page_size(first: int | None) -> int:
    """Check a page size. Raise ``RequestError`` (BAD_USER_INPUT) unless it is 1 to 500."""
    if first is None or not 1 <= first <= MAX_PAGE:
        raise RequestError(Code.BAD_USER_INPUT, f"`first` is a number from 1 to {MAX_PAGE}.")
    return first


def entities(loaders: Loaders, facet: Facet[E]) -> Read[E]:
    """Read pages of live entities."""

    async def read(query: Query) -> Batch[E]:
        found: EntityPage[E] = await load_page(loaders, facet, query)
        return Batch(found.entities, found.cursors, found.has_next, found.end)

    return read


async def _kept(walk: Walk[T], batch: Batch[T]) -> Sequence[bool]:
    return await walk.keep(batch.nodes) if walk.keep and batch.nodes else [True] * len(batch.nodes)


async def _rows(walk: Walk[T], stretch: int, batch: Batch[T]) -> tuple[Row[T], ...]:
    kept = await _kept(walk, batch)
    items = zip(batch.nodes, batch.cursors, kept, strict=True)
    return tuple(Row(node, Place(stretch, cursor)) for node, cursor, keep in items if keep)


def _query(walk: Walk[T], place: Place, wanted: int) -> Query | None:
    query = walk.stretches[place.stretch]
    limit = max(wanted, _FILTERED_PAGE) if walk.keep else wanted
    return msgspec.structs.replace(query, after=place.after or None, limit=limit) if query else None


def _looked_at(query: Query | None, batch: Batch[T] | None) -> int:
    """Count the items of a page, removed ones too: when more follow, the page was full."""
    if query is None or batch is None:
        return 0
    return query.limit if batch.has_next else len(batch.nodes)


async def walked(walk: Walk[T], after: Place | None, size: int) -> Part[T]:
    """Collect up to ``size`` rows after a place. Looks for one row more to know whether it is there."""
    rows: tuple[Row[T], ...] = ()
    place, looked_at = after or Place(0, ""), 0
    while place.stretch < len(walk.stretches) and len(rows) <= size:
        if looked_at >= MAX_LOOKED_AT:
            return Part(rows=rows, has_next=True, end=place)
        query = _query(walk, place, size + 1 - len(rows))
        batch = await walk.read(query) if query else None
        rows = (*rows, *(await _rows(walk, place.stretch, batch) if batch else ()))
        looked_at += _looked_at(query, batch)
        place = Place(place.stretch, batch.end or "") if batch and batch.has_next else Place(place.stretch + 1, "")
    shown = rows[:size]
    return Part(rows=shown, has_next=len(rows) > size, end=shown[-1].place if shown else None)


def _filters(args: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in args.items() if name not in {"first", "after"} and value is not None}


async def connected(
    info: Info, parent: str, args: Mapping[str, Any], walk: Walk[Any], count: Total | None = None
) -> Connection:
    """Answer a field that is a connection, with the arguments that it was given."""
    key = info.context.call.cursor_key
    listing = Listing(f"{info.parent_type.name}.{info.field_name}", parent, _filters(args))
    size, after = page_size(args.get("first")), args.get("after")
    part = await walked(walk, None if after is None else opened(key, listing, after), size)
    return Connection(part=part, seal=lambda place: sealed(key, listing, place), count=count)


def _nodes(source: Connection, _info: Info) -> list[Any]:
    return [row.node for row in source.part.rows]


def _edges(source: Connection, _info: Info) -> list[dict[str, Any]]:
    return [{"node": row.node, "cursor": source.seal(row.place)} for row in source.part.rows]


def _page_info(source: Connection, _info: Info) -> dict[str, Any]:
    end = source.part.end
    return {"has_next_page": source.part.has_next, "end_cursor": source.seal(end) if end else None}


async def _total(source: Connection, _info: Info) -> int | None:
    return await source.count() if source.count else None


def fields_of(*names: str) -> Fields:
    """Return the resolvers of the named connection types."""
    return {name: {"nodes": _nodes, "edges": _edges, "pageInfo": _page_info, "total": _total} for name in names}
