"""Connections: pages of long lists, walked in the store and filtered by pure functions, with a bound."""

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, Generic, TypeAlias, TypeVar

import msgspec
from graphql import DocumentNode, ObjectTypeDefinitionNode

from integrates.api.context import Context, Info
from integrates.api.errors import Code, RequestError
from integrates.api.request.turn import turn
from integrates.api.resolve.attribute import Resolver, Shown
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.cursor import Listing, Position, opened, sealed
from integrates.api.resolve.definition import CONNECTION
from integrates.db_model.entity.facet import E, Facet
from integrates.db_model.entity.loader import load_counts
from integrates.db_model.entity.read import page_of
from integrates.db_model.store.port import Key, Query

MAX_PAGE: Final = 500
MAX_LOOKED_AT: Final = 2_000
"""How many items one page may look at in search of those that pass the filter; then it is short."""
_FILTERED_PAGE: Final = 200
TOGETHER: Final = 16
"""How many stretches are read together at first, where most are short; then as many times more, again and again."""
_AHEAD: Final = 2
"""How many times as many items as are missing may be read of stretches after the first that goes on."""

T = TypeVar("T")


class Batch(msgspec.Struct, Generic[T], frozen=True):
    """A page as the store gives it: nodes with a cursor each, whether more follow, and the cursor of its end."""

    nodes: tuple[T, ...]
    cursors: Sequence[str]
    has_next: bool
    end: str | None


Read: TypeAlias = Callable[[Query], Awaitable[Batch[T]]]
Keep: TypeAlias = Callable[[Sequence[T]], Awaitable[Sequence[bool]]]
"""Returns, aligned with the items of a page, whether each is in the list."""
Total: TypeAlias = Callable[[], Awaitable[int | None]]


def each(fits: Callable[[T], bool]) -> Keep[T]:
    """Return what keeps each item that fits by itself."""

    async def keep(found: Sequence[T]) -> Sequence[bool]:
        return [fits(one) for one in found]

    return keep


def counter_total(context: Context, keys: Sequence[Key], name: str) -> Total:
    """Return the total that counters under these keys have by a name, none where they have none."""

    async def total() -> int:
        return (await load_counts(context.loaders, keys)).get(name, 0)

    return total


class Row(msgspec.Struct, Generic[T], frozen=True):
    """An item of the list, and where it is: its stretch, and its number among the cursors of what was read of it."""

    node: T
    stretch: int
    cursors: Sequence[str]
    number: int

    @property
    def position(self) -> Position:
        """The position of the item, made when it is asked for: a page mostly needs that of its last item only."""
        return Position(self.stretch, self.cursors[self.number])


class Walk(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A list: one query for each of its stretches, in order, and what is kept of them.

    ``None`` in place of a query is a stretch that the caller may not see. Without ``keep`` everything is kept. ``together`` is
    how many stretches are read first: one, unless a page is likely to take several. ``names`` are needed where stretches come
    and go between two pages: the ascending names of all stretches, which cursors then tell instead of their numbers.
    """

    stretches: tuple[Query | None, ...]
    read: Read[T]
    keep: Keep[T] | None = None
    together: int = 1
    names: tuple[str, ...] = ()


class Part(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What was read of a stretch: its rows, how many items were looked at for them, and where it goes on, if it does."""

    begin: Position
    rows: tuple[Row[T], ...] = ()
    looked_at: int = 0
    on: Position | None


class Taken(msgspec.Struct, Generic[T], frozen=True):
    """The rows up to the first gap: the number of the part that has to be read on, or the position where looking ends."""

    rows: tuple[Row[T], ...]
    gap: int | None = None
    end: Position | None = None


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


def entities(context: Context, facet: Facet[E]) -> Read[E]:
    """Read pages of live entities."""

    async def read(query: Query) -> Batch[E]:
        page = await context.loaders.pages.load(query)
        async with turn(context.turns):
            found = page_of(facet, page)
        return Batch(found.entities, found.cursors, found.has_next, found.end)

    return read


async def _kept(walk: Walk[T], batch: Batch[T]) -> Sequence[bool]:
    return await walk.keep(batch.nodes) if walk.keep and batch.nodes else [True] * len(batch.nodes)


async def _rows(walk: Walk[T], stretch: int, batch: Batch[T]) -> tuple[Row[T], ...]:
    kept, cursors = await _kept(walk, batch), batch.cursors
    items = enumerate(zip(batch.nodes, kept, strict=True))
    return tuple(Row(node, stretch, cursors, number) for number, (node, keep) in items if keep)


async def _read_on(walk: Walk[T], part: Part[T], limit: int) -> Part[T]:
    """Read up to so many items more of a part that goes on. When more follow, so many were looked at, removed ones too."""
    on = part.on or part.begin
    query = walk.stretches[on.stretch]
    if query is None:
        return msgspec.structs.replace(part, on=None)
    batch = await walk.read(msgspec.structs.replace(query, after=on.after or None, limit=limit))
    return Part(
        begin=part.begin,
        rows=(*part.rows, *await _rows(walk, on.stretch, batch)),
        looked_at=part.looked_at + (limit if batch.has_next else len(batch.nodes)),
        on=Position(on.stretch, batch.end or "") if batch.has_next else None,
    )


def _begun(walk: Walk[T], after: Position) -> tuple[Part[T], ...]:
    begins = (after, *(Position(number, "") for number in range(after.stretch + 1, len(walk.stretches))))
    known = zip(begins, walk.stretches[after.stretch :], strict=False)
    return tuple(Part(begin=one, on=one if query else None) for one, query in known)


def in_order(parts: Sequence[Part[T]], size: int) -> Taken[T]:
    """Take rows in order, as if one part after the other had been read, until there are more than ``size``."""
    rows: tuple[Row[T], ...] = ()
    looked_at = 0
    for number, part in enumerate(parts):
        if len(rows) > size:
            break
        if looked_at >= MAX_LOOKED_AT:
            return Taken(rows, end=part.begin)
        rows, looked_at = (*rows, *part.rows), looked_at + part.looked_at
        if part.on and len(rows) <= size:
            return Taken(rows, end=part.on) if looked_at >= MAX_LOOKED_AT else Taken(rows, gap=number)
    return Taken(rows)


def _open(parts: Sequence[Part[T]], gap: int, missing: int) -> Iterator[int]:
    """Yield the numbers of the parts that go on, from the gap to where what was read ahead suffices."""
    ahead, looked_at = -len(parts[gap].rows), sum(part.looked_at for part in parts[:gap])
    for number, part in enumerate(parts[gap:], gap):
        ahead += len(part.rows)
        if ahead >= missing or looked_at >= MAX_LOOKED_AT:
            return
        if part.on:
            yield number
        looked_at += part.looked_at


def _limits(chosen: Sequence[int], most: int) -> dict[int, int]:
    """Return how many items to read next, by the number of the part: ``most`` of the first, and a share of those after it."""
    share = max(1, min(most, _AHEAD * most // max(1, len(chosen) - 1)))
    return {number: share if at else most for at, number in enumerate(chosen)}


async def _all_read_on(walk: Walk[T], parts: Sequence[Part[T]], limits: Mapping[int, int]) -> tuple[Part[T], ...]:
    """Read several parts on at once, which takes as many calls of the store as one."""
    reads = [_read_on(walk, parts[number], limit) for number, limit in limits.items()]
    read = dict(zip(limits, [await reads[0]] if len(reads) == 1 else await asyncio.gather(*reads), strict=True))
    return tuple(read.get(number, part) for number, part in enumerate(parts))


async def walked(walk: Walk[T], after: Position | None, size: int) -> Page[T]:
    """Collect up to ``size`` rows after a position. Looks for one row more to know whether it is there.

    Each read takes more stretches at once than the one before, so that the number of reads hardly grows with theirs.
    """
    parts, together = _begun(walk, after or Position(0, "")), walk.together
    least = _FILTERED_PAGE if walk.keep else 0
    found = in_order(parts, size)
    while found.gap is not None:
        missing = size + 1 - len(found.rows)
        chosen = list(islice(_open(parts, found.gap, missing), together))
        parts = await _all_read_on(walk, parts, _limits(chosen, max(missing, least)))
        found, together = in_order(parts, size), together * TOGETHER
    shown = found.rows[:size]
    return Page(
        rows=shown,
        has_previous=after is not None,
        has_next=found.end is not None or len(found.rows) > size,
        end=found.end or (shown[-1].position if shown else None),
    )


def position_named(walk: Walk[Any], position: Position) -> Position:
    """Return the position as cursors tell it: with the name of its stretch, if the stretches have names."""
    return msgspec.structs.replace(position, stretch=0, name=walk.names[position.stretch]) if walk.names else position


def position_found(walk: Walk[Any], position: Position) -> Position:
    """Return where a position that a cursor tells is now.

    When its stretch is gone, so is the rest of it: the list goes on with the first stretch that comes after it.
    """
    if position.name is None:
        return position
    number = bisect_left(walk.names, position.name)
    is_there = walk.names[number : number + 1] == (position.name,)
    return Position(number, position.after if is_there else "")


def _filters(args: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in args.items() if name not in {"first", "after"} and value is not None}


async def connected(
    info: Info, parent: str, args: Mapping[str, Any], walk: Walk[Any], count: Total | None = None
) -> Connection:
    """Answer a field that is a connection, with the arguments that it was given."""
    key = info.context.call.cursor_key
    listing = Listing(f"{info.parent_type.name}.{info.field_name}", parent, _filters(args))
    size, after = page_size(args.get("first")), args.get("after")
    page = await walked(walk, None if after is None else position_found(walk, opened(key, listing, after)), size)
    return Connection(page=page, seal=lambda position: sealed(key, listing, position_named(walk, position)), count=count)


def _nodes(source: Connection) -> list[Any]:
    return [row.node for row in source.page.rows]


def _edges(source: Connection) -> list[Edge]:
    return [Edge(row.node, source.seal(row.position)) for row in source.page.rows]


def _page_info(source: Connection) -> PageInfo:
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
    fields: Mapping[str, Resolver] = {
        "nodes": Shown(_nodes),
        "edges": Shown(_edges),
        "pageInfo": Shown(_page_info),
        "totalCount": _total_count,
    }
    edges = (f"{name.removesuffix(CONNECTION)}Edge" for name in names)
    return Binding(
        shows={**dict.fromkeys(names, Connection), **dict.fromkeys(edges, Edge)}, fields=dict.fromkeys(names, fields)
    )
