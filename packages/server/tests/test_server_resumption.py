"""The service looks for what an earlier process left unfinished, until it stops."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

import msgspec
import pytest
from packages.server.tests.conftest import World, unanswered

from integrates.db_model.errors import Gone, Unavailable
from integrates.server.process.resumption import apply_policies_until, resume_decisions_until, resume_imports_until
from integrates.server.service import Service

Looking: TypeAlias = Callable[[Service, asyncio.Event], Coroutine[Any, Any, None]]

pytestmark = pytest.mark.parametrize("looking", [resume_imports_until, resume_decisions_until, apply_policies_until])


async def test_it_looks_at_the_start_and_ends_at_once_when_the_service_stops(world: World, looking: Looking) -> None:
    looked, stopping = asyncio.Event(), asyncio.Event()

    async def query(queries: Any) -> Any:
        looked.set()
        return await world.store.query(queries)

    service = msgspec.structs.replace(world.service, store=msgspec.structs.replace(world.store, query=query))
    task = asyncio.create_task(looking(service, stopping))
    await looked.wait()
    assert not task.done()
    stopping.set()
    await asyncio.wait_for(task, 60)


@pytest.mark.parametrize(
    ("error", "text"), [(Unavailable("away"), "could not be listed"), (RuntimeError("unforeseen"), "repeated work failed")]
)
async def test_a_store_that_is_away_is_asked_again(
    world: World, caplog: pytest.LogCaptureFixture, elapse: Any, looking: Looking, error: Exception, text: str
) -> None:
    asked, away, stopping = 0, asyncio.Event(), asyncio.Event()

    async def query(queries: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == 1:
            away.set()
            raise error
        stopping.set()
        return await world.store.query(queries)

    service = msgspec.structs.replace(world.service, store=msgspec.structs.replace(world.store, query=query))
    caplog.set_level(logging.WARNING)
    task = asyncio.create_task(looking(service, stopping))
    await away.wait()
    for _turn in range(10):  # until it sleeps
        await asyncio.sleep(0)
    elapse(61)
    await asyncio.wait_for(task, 60)
    assert (asked, text in caplog.text) == (2, True)


async def test_nobody_looks_into_a_store_that_is_gone(world: World, caplog: pytest.LogCaptureFixture, looking: Looking) -> None:
    async def query(_queries: Any) -> Any:
        raise Gone("removed")

    service = msgspec.structs.replace(world.service, store=msgspec.structs.replace(world.store, query=query))
    await asyncio.wait_for(looking(service, asyncio.Event()), 60)
    assert caplog.records == []


async def test_one_kind_of_work_keeps_no_other_waiting(world: World, looking: Looking) -> None:
    """Each is spawned by itself, so while one waits the other has looked, and what fails in one leaves the other running."""
    held, asked, stopping = asyncio.Event(), list[str](), asyncio.Event()

    async def query(queries: Any) -> Any:
        asked.extend({one.pattern for one in queries})
        if held.is_set():
            return await world.store.query(queries)
        held.set()
        return await unanswered()

    service = msgspec.structs.replace(world.service, store=msgspec.structs.replace(world.store, query=query))
    other = next(one for one in (resume_imports_until, apply_policies_until) if one is not looking)
    first = asyncio.create_task(looking(service, stopping))
    await held.wait()
    second = asyncio.create_task(other(service, stopping))
    for _turn in range(10):
        await asyncio.sleep(0)
    assert len(set(asked)) == 2
    stopping.set()
    await asyncio.wait_for(second, 60)
    assert not first.done()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
