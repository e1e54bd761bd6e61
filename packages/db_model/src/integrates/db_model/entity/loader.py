"""The loaders of one request. They gather reads, so that the number of store calls grows only with the depth of a query."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, TypeAlias

import msgspec
from aiodataloader import DataLoader

from integrates.db_model.entity import counter, read
from integrates.db_model.entity.facet import E, Facet
from integrates.db_model.entity.read import EntityPage
from integrates.db_model.store.port import Item, Key, Page, Query, Store

_Ask: TypeAlias = tuple[Facet[Any], Key]


class Loaders(msgspec.Struct, frozen=True):
    """The loaders of one request: of entities, other items and pages. What was read is remembered until :func:`forget`."""

    entities: DataLoader[_Ask, Any]
    items: DataLoader[Key, Item | None]
    pages: DataLoader[Query, Page]


def new_loaders(store: Store) -> Loaders:
    """Return the loaders of one request. Call this inside the running event loop; never share them between requests."""

    async def entities(asks: list[_Ask]) -> list[Any]:
        items = await store.get([key for _, key in asks])
        # An error that is returned is raised only to those who asked for its key; raised here, it would reach everybody.
        return [read.attempted(facet, item) for (facet, _), item in zip(asks, items, strict=True)]

    async def items(keys: list[Key]) -> list[Item | None]:
        return list(await store.get(keys))

    async def pages(queries: list[Query]) -> list[Page]:
        return list(await store.query(queries))

    return Loaders(
        DataLoader(entities, get_cache_key=itemgetter(1)),
        DataLoader(items),
        DataLoader(pages),
    )


async def load(loaders: Loaders, facet: Facet[E], key: Key) -> E | None:
    """Return one live entity by key; ``None`` when it is missing or removed."""
    found: E | None = await loaders.entities.load((facet, key))
    return found


async def load_many(loaders: Loaders, facet: Facet[E], keys: Sequence[Key]) -> tuple[E | None, ...]:
    """Return live entities in the order of the keys; ``None`` for what is missing or removed."""
    return tuple(await loaders.entities.load_many([(facet, key) for key in keys]))


async def load_page(loaders: Loaders, facet: Facet[E], query: Query) -> EntityPage[E]:
    """Return one page of a list of live entities."""
    return read.page_of(facet, await loaders.pages.load(query))


async def load_counts(loaders: Loaders, keys: Sequence[Key]) -> dict[str, int]:
    """Return the sums of counters."""
    return counter.summed(await loaders.items.load_many(list(keys)))


def forget(loaders: Loaders) -> None:
    """Forget what was read. Call this after a write, so that what is read next is what is stored now."""
    loaders.entities.clear_all()
    loaders.items.clear_all()
    loaders.pages.clear_all()
