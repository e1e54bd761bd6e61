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
    place: str, name: str, number: int = 1, index: int | None = None, table: Table = "integrates_vms", **attributes: Any
) -> Item:
    """Return an item of the partition; ``index`` lists it in the partition of the same name there."""
    places = {} if index is None else {index: IndexKey(place, name)}
    return Item(Key(place, name, table), number, attributes, places)


def new(place: str, name: str, index: int | None = None, **attributes: Any) -> Put:
    """Return the first put of an item."""
    return Put(item(place, name, 1, index, **attributes), ABSENT)


def following(place: str, name: str, number: int, **attributes: Any) -> Put:
    """Return the put of a version in place of the one before."""
    return Put(item(place, name, number, **attributes), Version(number - 1))


def walk_of(place: str, index: int | None = None, limit: int = 100, **narrowed: Any) -> Query:
    """Return a walk over the partition."""
    return Query(pattern="requirements", index=index, pk=place, limit=limit, **narrowed)


async def one(store: Store, place: str, name: str) -> Item | None:
    """Read one item."""
    (found,) = await store.get([Key(place, name)])
    return found


async def walked(store: Store, query: Query) -> tuple[Item, ...]:
    """Follow a walk page by page to its end."""
    (page,) = await store.query([query])
    assert len(page.items) == len(page.cursors) <= query.limit
    if not page.has_next:
        return page.items
    assert len(page.items) == query.limit
    return page.items + await walked(store, msgspec.structs.replace(query, after=page.cursors[-1]))


async def names(store: Store, query: Query) -> list[str]:
    """Return the sort keys of a walk's items in the table."""
    return [found.key.sk for found in await walked(store, query)]


async def refusal(store: Store, changes: Sequence[Change]) -> dict[int, Failure]:
    """Write what must be refused; return what failed by position."""
    with pytest.raises(Conflict) as caught:
        await store.write(changes)
    assert caught.value.failed
    return {failure.position: failure for failure in caught.value.failed}


async def eventually(read: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Wait until ``read`` answers what is wanted: an index may lag behind its table."""
    async with asyncio.timeout(PATIENCE):
        while await read() != wanted:  # noqa: ASYNC110 - a store announces nothing that could be awaited
            await asyncio.sleep(0.05)


def expecting(expect: Expect, place: str, name: str, number: int) -> Put:
    """Return a put with that expectation."""
    return Put(item(place, name, number), expect)
