"""Items, changes and walks that the requirements are written with."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec
import pytest

from integrates.db_model.errors import Conflict, Failure
from integrates.db_model.store.port import ABSENT, Change, Expect, IndexKey, Item, Key, Put, Query, Store, Table, Version

PATIENCE: Final = 60.0
"""Seconds after which an index must have caught up with its table."""


def item(
    partition: str, name: str, number: int = 1, index: int | None = None, table: Table = "integrates_vms", **attributes: Any
) -> Item:
    """Return an item of the partition. ``index`` lists it there, in the partition of the same name."""
    index_keys = {} if index is None else {index: IndexKey(partition, name)}
    return Item(Key(partition, name, table), number, attributes, index_keys)


def new(partition: str, name: str, index: int | None = None, **attributes: Any) -> Put:
    """Return the first put of an item."""
    return Put(item(partition, name, 1, index, **attributes), ABSENT)


def following(partition: str, name: str, number: int, **attributes: Any) -> Put:
    """Return the put of a version that replaces the one before."""
    return Put(item(partition, name, number, **attributes), Version(number - 1))


def walk_of(partition: str, index: int | None = None, limit: int = 100, **narrowed: Any) -> Query:
    """Return a walk over the partition."""
    return Query(pattern="requirements", index=index, pk=partition, limit=limit, **narrowed)


async def one(store: Store, partition: str, name: str) -> Item | None:
    """Return one item; ``None`` when it is missing."""
    (found,) = await store.get([Key(partition, name)])
    return found


async def walked(store: Store, query: Query) -> tuple[Item, ...]:
    """Return all items of a walk, read page by page."""
    (page,) = await store.query([query])
    assert len(page.items) == len(page.cursors) <= query.limit
    if not page.has_next:
        return page.items
    assert len(page.items) == query.limit
    return page.items + await walked(store, msgspec.structs.replace(query, after=page.cursors[-1]))


async def names(store: Store, query: Query) -> list[str]:
    """Return the sort keys that the items of a walk have in the table."""
    return [found.key.sk for found in await walked(store, query)]


async def refusal(store: Store, changes: Sequence[Change]) -> dict[int, Failure]:
    """Write changes that must be refused. Return the failures by position."""
    with pytest.raises(Conflict) as caught:
        await store.write(changes)
    assert caught.value.failed
    return {failure.position: failure for failure in caught.value.failed}


async def eventually(read: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Wait until ``read`` returns what is wanted, because an index may lag behind its table."""
    async with asyncio.timeout(PATIENCE):
        while await read() != wanted:  # noqa: ASYNC110 - a store has no event that could be awaited
            await asyncio.sleep(0.05)


def expecting(expect: Expect, partition: str, name: str, number: int) -> Put:
    """Return a put with that expectation."""
    return Put(item(partition, name, number), expect)
