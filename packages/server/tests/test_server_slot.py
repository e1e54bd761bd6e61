"""Bounds on what is done at once."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
from starlette.exceptions import HTTPException

from integrates.server.http.exchange import Caller
from integrates.server.http.routes.slot import CALLERS, Slot, refusing, share_of, waiting
from integrates.server.process.background import new_background

PATIENCE = 3600.0
ADA, URI = ("actor", "ada@demo.example"), ("actor", "uri@demo.example")


async def settle() -> None:
    """Let every task go on until it waits for something."""
    for _ in range(10):
        await asyncio.sleep(0)


async def status_of(slot: Slot, caller: Caller) -> int:
    try:
        async with slot(caller):
            return 200
    except HTTPException as error:
        return error.status_code if error.headers == {"retry-after": "1"} else 0


async def test_without_a_free_slot_one_is_told_to_come_again() -> None:
    slot = refusing(1)
    async with slot(ADA):
        assert (await status_of(slot, URI), await status_of(slot, ADA)) == (503, 429)
    assert (await status_of(slot, URI), await status_of(slot, ADA)) == (200, 200)


@pytest.mark.parametrize(("limit", "share"), [(1, 1), (4, 1), (7, 1), (8, 2), (64, 16)])
async def test_nobody_holds_more_than_a_share(limit: int, share: int) -> None:
    slot = refusing(limit)
    assert share_of(limit) == share
    async with AsyncExitStack() as held:
        for _ in range(share):
            await held.enter_async_context(slot(ADA))
        others = {URI: 200 if limit > share else 503, ADA: 429, ("address", ADA[1]): 200 if limit > share else 503}
        assert {caller: await status_of(slot, caller) for caller in others} == others
    assert await status_of(slot, ADA) == 200


async def test_who_waits_for_a_share_keeps_nobody_waiting() -> None:
    slot, background, order = waiting(CALLERS, PATIENCE), new_background(), list[str]()
    go = asyncio.Event()

    async def hold(caller: Caller, name: str) -> None:
        async with slot(caller, background.spawn):
            order.append(name)
            await go.wait()

    tasks = [asyncio.create_task(hold(ADA, f"ada {number}")) for number in range(10)]
    await settle()
    tasks[1].cancel()
    tasks.append(asyncio.create_task(hold(URI, "uri")))
    await settle()
    assert order == ["ada 0", "uri"]
    go.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == ["ada 0", "uri", *(f"ada {number}" for number in range(2, 10))]


async def test_who_waits_too_long_for_a_share_is_told_to_come_again(elapse: Callable[[float], None]) -> None:
    slot, background, go, status = waiting(CALLERS, 15), new_background(), asyncio.Event(), dict[str, int]()

    async def hold(caller: Caller, name: str) -> None:
        try:
            async with slot(caller, background.spawn):
                await go.wait()
            status[name] = 200
        except HTTPException as error:
            status[name] = error.status_code if error.headers == {"retry-after": "1"} else 0

    hog = [asyncio.create_task(hold(ADA, f"ada {number}")) for number in range(3)]
    await settle()
    elapse(14.9)
    late = asyncio.create_task(hold(ADA, "ada late"))
    await settle()
    assert status == {}
    elapse(0.1)
    await settle()
    assert status == {"ada 1": 429, "ada 2": 429}
    other = asyncio.create_task(hold(URI, "uri"))
    go.set()
    await asyncio.gather(*hog, late, other)
    assert status == {"ada 0": 200, "ada 1": 429, "ada 2": 429, "ada late": 200, "uri": 200}


async def test_who_gives_up_waiting_for_a_slot_gives_the_share_back() -> None:
    slot, background, go, held = waiting(1, PATIENCE), new_background(), asyncio.Event(), list[Caller]()

    async def hold(caller: Caller) -> None:
        async with slot(caller, background.spawn):
            held.append(caller)
            await go.wait()

    first, second = asyncio.create_task(hold(ADA)), asyncio.create_task(hold(URI))
    await settle()
    second.cancel()
    third = asyncio.create_task(hold(URI))
    await settle()
    go.set()
    await asyncio.gather(first, third)
    assert held == [ADA, URI]


async def test_a_slot_is_held_until_the_work_begun_in_it_has_ended() -> None:
    slot, background, go = waiting(1, PATIENCE), new_background(), asyncio.Event()

    async def work() -> None:
        await go.wait()

    async with slot(ADA, background.spawn) as spawn:
        spawn(work())
    order: list[str] = []

    async def next_one() -> None:
        async with slot(ADA, background.spawn):
            order.append("next")

    waiting_one = asyncio.create_task(next_one())
    await settle()
    order.append("end of the work")
    go.set()
    await waiting_one
    assert order == ["end of the work", "next"]


async def test_a_failure_frees_the_slot() -> None:
    slot, background = waiting(1, PATIENCE), new_background()

    async def failing() -> None:
        raise ValueError("expected")

    async def broken_off() -> None:
        async with slot(ADA, background.spawn) as spawn:
            spawn(failing())
            raise ValueError("in the block")

    async def next_one() -> None:
        async with slot(ADA, background.spawn):
            pass

    with pytest.raises(ValueError, match="in the block"):
        await broken_off()
    await settle()
    waiting_one = asyncio.create_task(next_one())
    await settle()
    assert waiting_one.done()
