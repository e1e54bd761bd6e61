"""Work in a thread, which has ended before its caller goes on, whatever happens."""

import asyncio
from threading import Event

import pytest

from integrates.api.exports.apart import apart


async def test_its_result_and_its_error_are_those_of_the_work() -> None:
    assert await apart(lambda _stop, one, other: one + other, 1, 2) == 3
    with pytest.raises(ZeroDivisionError):
        await apart(lambda _stop, number: number / 0, 1)


async def test_who_is_cancelled_waits_for_the_end_of_the_work() -> None:
    begun, done = asyncio.Event(), []
    loop = asyncio.get_running_loop()

    def work(stop: Event) -> None:
        loop.call_soon_threadsafe(begun.set)
        assert stop.wait(60)
        done.append("told to stop")

    caller = asyncio.create_task(apart(work))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert done == ["told to stop"]


async def test_others_are_served_meanwhile() -> None:
    go_on = Event()

    def work(_stop: Event) -> str:
        assert go_on.wait(60)
        return "done"

    caller = asyncio.create_task(apart(work))
    await asyncio.sleep(0)
    go_on.set()  # which this task could not do if the work were in its way
    assert await caller == "done"
