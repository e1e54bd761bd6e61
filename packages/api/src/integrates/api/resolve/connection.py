"""Connections: pages of long lists, walked in the store and filtered by pure functions, with a bound."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeAlias, TypeVar

import msgspec
from graphql import DocumentNode, ObjectTypeDefinitionNode

from integrates.api.context import Info
from integrates.api.errors import Code, RequestError
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.cursor import Listing, Position, opened, sealed
from integrates.api.resolve.definition import CONNECTION
from integrates.db_model.entity.facet import E, Facet
from integrates.db_model.entity.loader import Loaders
from integrates.db_model.entity.loader import load_page as page_of
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
    """An item of the list and its position."""

    node: T
    position: Position


class Walk(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A list: one query for each of its stretches, in order, and what is kept of them.

    ``None`` in place of a query is a stretch that the caller may not see. Without ``keep`` everything is kept.
    """

    stretches: tuple[Query | None, ...]
    read: Read[T]
    keep: Keep[T] | None = None


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list: its rows, whether it began after a cursor, whether more follow, and where it ends."""

    rows: tuple[Row[T], ...]
    has_previous: bool
    has_next: bool
    end: Position | None


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """A page as the schema shows it. ``seal`` makes cursors of positions; ``count`` counts the list when that is asked for."""

    page: Page[Any]
    seal: Callable[[Position], str]
    count: Total | None = None


class Edge(msgspec.Struct, frozen=True):
    """An item of a page as the schema shows it."""

    node: Any
    cursor: str


class PageInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page stands, as the schema shows it."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


def page_size(first: int | None) -> int:
    """Check a page size. Raise ``RequestError`` (BAD_USER_INPUT) unless it is 1 to 500."""
    if first is None or not 1 <= first <= MAX_PAGE:
        raise RequestError(Code.BAD_USER_INPUT, f"`first` is a number from 1 to {MAX_PAGE}.")
    return first


def entities(loaders: Loaders, facet: Facet[E]) -> Read[E]:
    """Read pages of live entities."""

    async def read(query: Query) -> Batch[E]:
        found: EntityPage[E] = await page_of(loaders, facet, query)
        return Batch(found.entities, found.cursors, found.has_next, found.end)

    return read


async def _kept(walk: Walk[T], batch: Batch[T]) -> Sequence[bool]:
    return await walk.keep(batch.nodes) if walk.keep and batch.nodes else [True] * len(batch.nodes)


async def _rows(walk: Walk[T], stretch: int, batch: Batch[T]) -> tuple[Row[T], ...]:
    kept = await _kept(walk, batch)
    items = zip(batch.nodes, batch.cursors, kept, strict=True)
    return tuple(Row(node, Position(stretch, cursor)) for node, cursor, keep in items if keep)


def _query(walk: Walk[T], position: Position, wanted: int) -> Query | None:
    query = walk.stretches[position.stretch]
    limit = max(wanted, _FILTERED_PAGE) if walk.keep else wanted
    return msgspec.structs.replace(query, after=position.after or None, limit=limit) if query else None


def _looked_at(query: Query | None, batch: Batch[T] | None) -> int:
    """Count the items of a page, removed ones too: when more follow, the page was full."""
    if query is None or batch is None:
        return 0
    return query.limit if batch.has_next else len(batch.nodes)


async def walked(walk: Walk[T], after: Position | None, size: int) -> Page[T]:
    """Collect up to ``size`` rows after a position. Looks for one row more to know whether it is there."""
    rows: tuple[Row[T], ...] = ()
    position, looked_at, began = after or Position(0, ""), 0, after is not None
    while position.stretch < len(walk.stretches) and len(rows) <= size:
        if looked_at >= MAX_LOOKED_AT:
            return Page(rows=rows, has_previous=began, has_next=True, end=position)
        query = _query(walk, position, size + 1 - len(rows))
        batch = await walk.read(query) if query else None
        rows = (*rows, *(await _rows(walk, position.stretch, batch) if batch else ()))
        looked_at += _looked_at(query, batch)
        goes_on = batch is not None and batch.has_next
        position = Position(position.stretch, batch.end or "") if batch and goes_on else Position(position.stretch + 1, "")
    shown = rows[:size]
    return Page(rows=shown, has_previous=began, has_next=len(rows) > size, end=shown[-1].position if shown else None)


def _filters(args: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in args.items() if name not in {"first", "after"} and value is not None}


async def connected(
    info: Info, parent: str, args: Mapping[str, Any], walk: Walk[Any], count: Total | None = None
) -> Connection:
    """Answer a field that is a connection, with the arguments that it was given."""
    key = info.context.call.cursor_key
    listing = Listing(f"{info.parent_type.name}.{info.field_name}", parent, _filters(args))
    size, after = page_size(args.get("first")), args.get("after")
    page = await walked(walk, None if after is None else opened(key, listing, after), size)
    return Connection(page=page, seal=lambda position: sealed(key, listing, position), count=count)


def _nodes(source: Connection, _info: Info) -> list[Any]:
    return [row.node for row in source.page.rows]


def _edges(source: Connection, _info: Info) -> list[Edge]:
    return [Edge(row.node, source.seal(row.position)) for row in source.page.rows]


def _page_info(source: Connection, _info: Info) -> PageInfo:
    page = source.page
    return PageInfo(
        has_next_page=page.has_next,
        has_previous_page=page.has_previous,
        start_cursor=source.seal(page.rows[0].position) if page.rows else None,
        end_cursor=source.seal(page.end) if page.end else None,
    )


async def _total_count(source: Connection, _info: Info) -> int | None:
    return await source.count() if source.count else None


def connections(document: DocumentNode) -> Binding:
    """Return the binding of all connections in a document, and of their edges."""
    types = (node.name.value for node in document.definitions if isinstance(node, ObjectTypeDefinitionNode))
    names = [name for name in types if name.endswith(CONNECTION)]
    fields = {"nodes": _nodes, "edges": _edges, "pageInfo": _page_info, "totalCount": _total_count}
    edges = (f"{name.removesuffix(CONNECTION)}Edge" for name in names)
    return Binding(
        shows={**dict.fromkeys(names, Connection), **dict.fromkeys(edges, Edge)}, fields=dict.fromkeys(names, fields)
    )
