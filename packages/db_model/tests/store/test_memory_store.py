"""The requirements, on the store in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Store
from integrates.db_model.testing.adapter import Adapter, Excluded
from integrates.db_model.testing.requirements import *  # noqa: F403 # pylint: disable=wildcard-import,unused-wildcard-import # each requirement is a test here


@pytest.fixture
def adapter() -> Adapter:
    shared = memory_store()

    @asynccontextmanager
    async def handle() -> AsyncIterator[Store]:
        yield shared

    return Adapter(
        handle=handle,
        url=Excluded("the memory of a process is its own: no other process can race on it"),
        stumbling=Excluded("the memory is called directly: nothing between caller and store can fail for a moment"),
        lost=Excluded("the memory is called directly: it always answers"),
        forgetful=Excluded("the memory is called directly: an answer cannot get lost on the way"),
    )
