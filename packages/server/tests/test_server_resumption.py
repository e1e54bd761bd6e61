"""The service looks for what an earlier process left unfinished, until it stops."""

import asyncio
import logging
from typing import Any

import msgspec
import pytest
from packages.server.tests.conftest import World

from integrates.db_model.errors import Gone, Unavailable
from integrates.server.process.resumption import resume_until


async def test_it_looks_at_the_start_and_ends_at_once_when_the_service_stops(world: World) -> None:
    looked, stopping = asyncio.Event(), asyncio.Event()

    async def query(queries: Any) -> Any:
        looked.set()
        return await world.store.query(queries)

    service = msgspec.structs.replace(world.service, store=msgspec.structs.replace(world.store, query=query))
    task = asyncio.create_task(resume_until(service, stopping))
    await looked.wait()
    assert not task.done()
    stopping.set()
    await asyncio.wait_for(task, 60)


async def test_a_store_that_is_away_is_asked_again(world: World, caplog: pytest.LogCaptureFixture, elapse: Any) -> None:
    asked, away, stopping = 0, asyncio.Event(), asyncio.Event()

    async def query(queries: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == 1:
            away.set()
            raise Unavailable("away")
        stopping.set()
        return await world.store.query(queries)

    service = msgspec.structs.replace(world.service, store=msgspec.structs.replace(world.store, query=query))
    caplog.set_level(logging.WARNING)
    task = asyncio.create_task(resume_until(service, stopping))
    await away.wait()
    for _turn in range(10):  # until it sleeps
        await asyncio.sleep(0)
    elapse(61)
    await asyncio.wait_for(task, 60)
    assert (asked, "could not be listed" in caplog.text) == (2, True)


async def test_nobody_looks_into_a_store_that_is_gone(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async def query(_queries: Any) -> Any:
        raise Gone("removed")

    service = msgspec.structs.replace(world.service, store=msgspec.structs.replace(world.store, query=query))
    await asyncio.wait_for(resume_until(service, asyncio.Event()), 60)
    assert caplog.records == []
