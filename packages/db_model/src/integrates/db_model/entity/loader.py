"""Loaders of one request, by key and by parent: they gather reads, so store calls grow only with the depth of a query."""

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
    """The loaders of one request. What was read once is remembered until :func:`forget`."""

    entities: DataLoader[_Ask, Any]
    items: DataLoader[Key, Item | None]
    pages: DataLoader[Query, Page]


def new_loaders(store: Store) -> Loaders:
    """Make the loaders of one request. Call it inside the running event loop; never share them between requests."""

    async def entities(asks: list[_Ask]) -> list[Any]:
        items = await store.get([key for _, key in asks])
        # An error that is returned is raised to those who asked for this key; raised here, it would be everybody's.
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
    """Read one live entity."""
    found: E | None = await loaders.entities.load((facet, key))
    return found


async def load_many(loaders: Loaders, facet: Facet[E], keys: Sequence[Key]) -> tuple[E | None, ...]:
    """Read live entities, aligned with the keys."""
    return tuple(await loaders.entities.load_many([(facet, key) for key in keys]))


async def load_page(loaders: Loaders, facet: Facet[E], query: Query) -> EntityPage[E]:
    """Read one page of a list of live entities."""
    return read.page_of(facet, await loaders.pages.load(query))


async def load_counts(loaders: Loaders, keys: Sequence[Key]) -> dict[str, int]:
    """Read counters and add them up."""
    return counter.summed(await loaders.items.load_many(list(keys)))


def forget(loaders: Loaders) -> None:
    """Drop what was read: call it after a write, so that the answer shows what is stored now."""
    loaders.entities.clear_all()
    loaders.items.clear_all()
    loaders.pages.clear_all()
