"""The requirements, on the store in memory."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from integrates.db_model.store.body import Body
from integrates.db_model.store.memory import insert, memory_store, new_state
from integrates.db_model.store.port import Item, Key, Store
from integrates.db_model.testing.adapter import Adapter, Excluded
from integrates.db_model.testing.requirements import *  # noqa: F403 # pylint: disable=wildcard-import,unused-wildcard-import # each requirement is a test here


@pytest.fixture
def adapter() -> Adapter:
    state = new_state()
    shared = memory_store(state=state)

    @asynccontextmanager
    async def handle() -> AsyncIterator[Store]:
        yield shared

    async def raw(key: Key) -> Item | None:
        return state.items.get(key)

    async def plant(item: Item) -> None:
        insert(state, Item(item.key, item.version, Body(json.dumps(item.attributes).encode()), dict(item.index_keys)))

    return Adapter(
        handle=handle,
        url=Excluded("the memory of a process is its own: no other process can race on it"),
        stumbling=Excluded("the memory is called directly: nothing between caller and store can fail for a moment"),
        lost=Excluded("the memory is called directly: it always answers"),
        forgetful=Excluded("the memory is called directly: an answer cannot get lost on the way"),
        raw=raw,
        plant=plant,
        unfit=Excluded("the memory is made with the program that uses it: it is never another store than one thinks"),
        vanishing=Excluded("the memory ends with the program that uses it, and not before"),
    )
