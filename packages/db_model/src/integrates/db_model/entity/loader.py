"""The loaders of one request. They gather reads, so that the number of store calls grows only with the depth of a query."""

import asyncio
from asyncio import Future
from collections.abc import Callable, Coroutine, Hashable, Iterable, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, TypeAlias, TypeVar

import msgspec
from aiodataloader import DataLoader

from integrates.db_model.entity import counter, read
from integrates.db_model.entity.facet import E, Facet
from integrates.db_model.entity.read import EntityPage
from integrates.db_model.errors import InvalidCursor, StoreError
from integrates.db_model.store.port import Item, Key, Page, Query, Store

K = TypeVar("K")
V = TypeVar("V")
_Ask: TypeAlias = tuple[Facet[Any], Key]


def _hand(own: Future[V], read: Future[V]) -> None:
    """Hand what was read to one reader, if that still waits. The error of a read is looked at in any case."""
    error = None if read.cancelled() else read.exception()
    if own.done():
        return
    if read.cancelled():
        own.cancel()
    elif error:
        own.set_exception(error)
    else:
        own.set_result(read.result())


def _shielded(read: Future[V]) -> Future[V]:
    """Return a future of one reader's own, whose cancellation does not reach the read; the read itself when it is done.

    ``asyncio.shield`` costs twice as much, and complains of an error that only cancelled readers waited for.
    """
    if read.done():
        return read
    own: Future[V] = read.get_loop().create_future()
    read.add_done_callback(partial(_hand, own))
    return own


class Loader(DataLoader[K, V]):
    """A loader whose reads are shared by all who ask for them, so that none of these can cancel them."""

    def __init__(self, read: Callable[[list[K]], Coroutine[Any, Any, list[V]]], **options: Any) -> None:
        self.known: dict[Any, Future[V]] = {}
        super().__init__(read, cache_map=self.known, **options)

    def peek(self, name: Hashable) -> V | None:
        """Return what has been read, by the key or what the loader knows the key by; ``None`` for what has not, or not well."""
        read = self.known.get(name)
        return None if read is None or not read.done() or read.cancelled() or read.exception() else read.result()

    def load(self, key: K) -> Future[V]:
        """Return what is read for a key."""
        return _shielded(super().load(key))

    def load_many(self, keys: Iterable[K]) -> Future[list[V]]:
        """Return what is read for each key, behind one shield for all: a large page costs no more than a small one."""
        return _shielded(asyncio.gather(*map(super().load, keys)))


class Loaders(msgspec.Struct, frozen=True):
    """The loaders of one request: of entities, other items and pages. What was read is remembered until :func:`forget`."""

    entities: Loader[_Ask, Any]
    items: Loader[Key, Item | None]
    pages: Loader[Query, Page]


async def _page(store: Store, query: Query) -> Page | StoreError:
    try:
        (found,) = await store.query((query,))
    except StoreError as error:
        return error
    return found


def new_loaders(store: Store) -> Loaders:
    """Return the loaders of one request. Call this inside the running event loop; never share them between requests."""

    async def entities(asks: list[_Ask]) -> list[Any]:
        items = await store.get([key for _, key in asks])
        # An error that is returned is raised only to those who asked for its key; raised here, it would reach everybody.
        return [read.attempted(facet, item) for (facet, _), item in zip(asks, items, strict=True)]

    async def items(keys: list[Key]) -> list[Item | None]:
        return list(await store.get(keys))

    async def pages(queries: list[Query]) -> list[Any]:
        try:
            return list(await store.query(queries))
        except InvalidCursor:  # of one query, while the others are right
            return await asyncio.gather(*(_page(store, query) for query in queries))

    return Loaders(Loader(entities, get_cache_key=itemgetter(1)), Loader(items), Loader(pages))


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
