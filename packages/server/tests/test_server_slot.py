"""Bounds on what is done at once."""

import asyncio

import pytest
from starlette.exceptions import HTTPException

from integrates.server.http.slot import refusing, waiting
from integrates.server.process.background import new_background


async def test_who_finds_no_place_is_told_to_come_again() -> None:
    slot = refusing(1)
    async with slot():
        with pytest.raises(HTTPException) as refused:
            async with slot():
                raise AssertionError("one place too many")
    assert (refused.value.status_code, refused.value.headers) == (503, {"retry-after": "1"})
    async with slot():
        pass


async def test_a_place_is_kept_until_the_work_begun_in_it_has_ended() -> None:
    berth, background, go = waiting(1), new_background(), asyncio.Event()

    async def work() -> None:
        await go.wait()

    async with berth(background.spawn) as spawn:
        spawn(work())
    order: list[str] = []

    async def next_one() -> None:
        async with berth(background.spawn):
            order.append("next")

    waiting_one = asyncio.create_task(next_one())
    for _ in range(5):
        await asyncio.sleep(0)
    order.append("end of the work")
    go.set()
    await waiting_one
    assert order == ["end of the work", "next"]


async def test_a_failure_frees_the_place() -> None:
    berth, background = waiting(1), new_background()

    async def failing() -> None:
        raise ValueError("expected")

    async def broken_off() -> None:
        async with berth(background.spawn) as spawn:
            spawn(failing())
            raise ValueError("in the block")

    with pytest.raises(ValueError, match="in the block"):
        await broken_off()
    await background.drain(1)
    async with asyncio.timeout(1), berth(background.spawn):
        pass
