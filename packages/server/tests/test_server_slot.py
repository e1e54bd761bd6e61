"""Bounds on what is done at once."""

import asyncio

import pytest
from starlette.exceptions import HTTPException

from integrates.server.http.routes.slot import refusing, waiting
from integrates.server.process.background import new_background


async def settle() -> None:
    """Let every task go on until it waits for something."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_without_a_free_slot_one_is_told_to_come_again() -> None:
    slot = refusing(1)
    async with slot():
        with pytest.raises(HTTPException) as refused:
            async with slot():
                raise AssertionError("one slot too many")
    assert (refused.value.status_code, refused.value.headers) == (503, {"retry-after": "1"})
    async with slot():
        pass


async def test_a_slot_is_held_until_the_work_begun_in_it_has_ended() -> None:
    slot, background, go = waiting(1), new_background(), asyncio.Event()

    async def work() -> None:
        await go.wait()

    async with slot(background.spawn) as spawn:
        spawn(work())
    order: list[str] = []

    async def next_one() -> None:
        async with slot(background.spawn):
            order.append("next")

    waiting_one = asyncio.create_task(next_one())
    await settle()
    order.append("end of the work")
    go.set()
    await waiting_one
    assert order == ["end of the work", "next"]


async def test_a_failure_frees_the_slot() -> None:
    slot, background = waiting(1), new_background()

    async def failing() -> None:
        raise ValueError("expected")

    async def broken_off() -> None:
        async with slot(background.spawn) as spawn:
            spawn(failing())
            raise ValueError("in the block")

    async def next_one() -> None:
        async with slot(background.spawn):
            pass

    with pytest.raises(ValueError, match="in the block"):
        await broken_off()
    await settle()
    waiting_one = asyncio.create_task(next_one())
    await settle()
    assert waiting_one.done()
