"""Reading entities: by key, in lists, their history and past states."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, Generic, TypeAlias

import msgspec
from msgspec.structs import replace

from integrates.db_model.entity import revision
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import E, Facet
from integrates.db_model.entity.revision import Revision
from integrates.db_model.errors import ModelError
from integrates.db_model.store.port import MAX_PAGE, Item, Key, Page, Query, Store

_HISTORY_PAGE: Final = 200

Ask: TypeAlias = Callable[[Sequence[Query]], Awaitable[Sequence[Page]]]
"""Reads one page of each of several lists: ``Store.query``, or what remembers its pages."""


class EntityPage(msgspec.Struct, Generic[E], frozen=True):
    """A page of a list of live entities, with one cursor for each, and whether more items follow.

    ``end`` is the cursor of the last item of the page, live or not; ``None`` on an empty page.
    """

    entities: tuple[E, ...]
    cursors: Sequence[str]
    has_next: bool
    end: str | None


async def get_many(store: Store, facet: Facet[E], keys: Sequence[Key]) -> tuple[E | None, ...]:
    """Return live entities in the order of the keys; ``None`` for what is missing or removed."""
    items = await store.get(keys)
    return tuple(live(facet, item) for item in items)


async def get(store: Store, facet: Facet[E], key: Key) -> E | None:
    """Return one live entity by key; ``None`` when it is missing or removed."""
    return (await get_many(store, facet, (key,)))[0]


async def get_any(store: Store, facet: Facet[E], key: Key) -> E | None:
    """Return one entity by key, even a removed one; ``None`` when it is missing."""
    item = (await store.get((key,)))[0]
    return None if item is None else decoded(facet, item)


def live(facet: Facet[E], item: Item | None) -> E | None:
    """Return the entity in an item; ``None`` when there is no item or the entity is removed."""
    entity = None if item is None else decoded(facet, item)
    return entity if entity is not None and facet.is_live(entity) else None


def attempted(facet: Facet[E], item: Item | None) -> E | ModelError | None:
    """Return the entity in an item as :func:`live` does, or the error of the model that keeps it from being read."""
    try:
        return live(facet, item)
    except ModelError as error:
        return error


def page_of(facet: Facet[E], page: Page) -> EntityPage[E]:
    """Return the live entities of a page of items."""
    found = [live(facet, item) for item in page.items]
    entities = tuple(entity for entity in found if entity is not None)
    cursors = (
        page.cursors
        if len(entities) == len(found)
        else tuple(cursor for entity, cursor in zip(found, page.cursors, strict=True) if entity is not None)
    )
    return EntityPage(entities, cursors, page.has_next, page.cursors[-1] if page.cursors else None)


async def pages(store: Store, query: Query) -> AsyncIterator[tuple[Item, ...]]:
    """Yield the items of each page of a list, to its end. A page is read when it is asked for."""
    while True:
        (page,) = await store.query((query,))
        yield page.items
        if not page.has_next:
            return
        query = replace(query, after=page.cursors[-1])


async def pages_of_each(ask: Ask, queries: Sequence[Query]) -> AsyncIterator[tuple[int, tuple[Item, ...]]]:
    """Yield the items of each page of several lists, to their ends, with the position of the list among the queries.

    The next pages of all lists that are not at their ends are read together when the first of them is asked for.
    """
    left = dict(enumerate(queries))
    while left:
        found = dict(zip(left, await ask(tuple(left.values())), strict=True))
        for number, page in found.items():
            yield number, page.items
        left = {number: replace(left[number], after=page.cursors[-1]) for number, page in found.items() if page.has_next}


async def everything(store: Store, facet: Facet[E], query: Query) -> tuple[E, ...]:
    """Return a whole list of live entities, read in pages of the largest size."""
    items = [item async for page in pages(store, replace(query, limit=MAX_PAGE)) for item in page]
    return tuple(entity for item in items if (entity := live(facet, item)) is not None)


async def history(store: Store, key: Key) -> tuple[Revision, ...]:
    """Return all revisions of an entity by ascending version."""
    query = revision.history_query(key, limit=_HISTORY_PAGE)
    return tuple([revision.of_item(item) async for page in pages(store, query) for item in page])


async def records_of_each(ask: Ask, keys: Iterable[Key], *, limit: int) -> dict[Key, list[Item]]:
    """Return the items of the revisions of several entities by ascending version, in as many calls as the longest has pages."""
    known: dict[Key, list[Item]] = {key: [] for key in keys}
    records = tuple(known.values())
    async for number, items in pages_of_each(ask, [revision.history_query(key, limit=limit) for key in known]):
        records[number].extend(items)
    return known


async def as_of(store: Store, facet: Facet[E], key: Key, at: datetime) -> E | None:
    """Return the entity as it was at that moment; ``None`` when it did not exist then, or was removed."""
    return revision.state_at(facet, await history(store, key), at)
