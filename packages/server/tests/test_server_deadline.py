"""An answer that has begun goes on after the deadline of its request, as long as it is taken; what is stalled is broken off."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from integrates.server.http.middleware.body_limit import GRACE
from integrates.server.http.middleware.deadline import timed

SECONDS, RATE, CHUNK = 60, 1_000, 10_000
SCOPE: dict[str, Any] = {"type": "http", "path": "/", "headers": [], "method": "GET"}
Elapse = Callable[[float], None]


async def turns() -> None:
    """Let a deadline that has passed end what it is for."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture(params=["2.0", "2.4"])
def scope(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Servers of which Starlette itself watches for a disconnection, in a task beside, or not."""
    return {**SCOPE, "asgi": {"version": "3.0", "spec_version": request.param}}


async def taken(
    scope: Scope, elapse: Elapse, waits: Sequence[float], *, before: float = 0, reading: Sequence[float] = ()
) -> int:
    """Return how many chunks a client takes, for each of which it needs so many seconds; of none is there one more.

    The answer begins ``before`` so many seconds, and each chunk is read in so many.
    """
    number = 0

    async def chunks() -> AsyncIterator[bytes]:
        for place in range(len(waits)):
            elapse(reading[place] if reading else 0)
            await turns()
            yield b"x" * CHUNK

    async def send(message: Message) -> None:
        nonlocal number
        if message.get("body"):
            elapse(waits[number])
            await turns()
            number += 1

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        elapse(before)
        await turns()
        await StreamingResponse(chunks())(scope, receive, send)

    try:
        await timed(answer, SECONDS, RATE)(scope, receive, send)
    except TimeoutError:
        return number
    assert number == len(waits)
    return number


async def test_what_is_taken_steadily_is_sent_to_its_end(scope: Scope, elapse: Elapse) -> None:
    assert await taken(scope, elapse, [9.9] * 100) == 100


async def test_what_is_read_slowly_from_the_file_store_is_sent_to_its_end(scope: Scope, elapse: Elapse) -> None:
    assert await taken(scope, elapse, [0] * 100, reading=[9] * 100) == 100


async def test_an_answer_that_begins_late_has_the_same_time(scope: Scope, elapse: Elapse) -> None:
    assert await taken(scope, elapse, [9.9] * 100, before=SECONDS - 1) == 100


async def test_what_is_taken_more_slowly_than_the_rate_is_broken_off_after_the_deadline(scope: Scope, elapse: Elapse) -> None:
    """Six chunks would be there after 66 seconds, and 65 are what they may take."""
    assert GRACE == 5
    assert await taken(scope, elapse, [11] * 100) == 5
    assert await taken(scope, elapse, [10.8] * 6 + [10] * 94) == 100


async def test_within_the_deadline_it_may_be_slow(scope: Scope, elapse: Elapse) -> None:
    assert await taken(scope, elapse, [29, 30]) == 2
    assert await taken(scope, elapse, [29, 31]) == 1


async def test_what_was_taken_fast_is_no_licence_to_stall(scope: Scope, elapse: Elapse) -> None:
    """What lies in buffers counts as taken, and would keep the place of a reader who is gone."""
    quick = [9] * 6 + [0] * 50
    assert await taken(scope, elapse, [*quick, SECONDS - 1, *[0] * 10]) == 67
    assert await taken(scope, elapse, [*quick, SECONDS, *[0] * 10]) == 56


async def test_a_file_store_that_stalls_is_cut_as_well(scope: Scope, elapse: Elapse) -> None:
    quick = [9] * 6 + [0] * 50
    assert await taken(scope, elapse, [0] * 60, reading=[*quick, SECONDS - 1, 0, 0, 0]) == 60
    assert await taken(scope, elapse, [0] * 60, reading=[*quick, SECONDS, 0, 0, 0]) == 56
