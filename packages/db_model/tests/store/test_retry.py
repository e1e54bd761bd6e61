"""Retries: how often, how long between, and what they end in."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from integrates.db_model.errors import Unavailable
from integrates.db_model.store.retry import Policy, Transient, ceilings, retried

POLICY = Policy(base=0.1, cap=1.0, attempts=7)


def failing(times: int) -> tuple[list[int], Callable[[], Awaitable[str]]]:
    """Return an attempt that fails so many times, and the record of its calls."""
    calls: list[int] = []

    async def attempt() -> str:
        calls.append(len(calls))
        if len(calls) <= times:
            raise Transient("not now")
        return "done"

    return calls, attempt


def test_ceilings_double_up_to_the_cap() -> None:
    assert list(ceilings(POLICY)) == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


async def test_each_pause_is_drawn_between_nothing_and_its_ceiling() -> None:
    calls, attempt = failing(4)
    drawn: list[tuple[float, float]] = []
    slept: list[float] = []

    def jitter(low: float, high: float) -> float:
        drawn.append((low, high))
        return high / 2

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    assert await retried(attempt, msgspec.structs.replace(POLICY, sleep=sleep), jitter=jitter) == "done"
    assert len(calls) == 5
    assert drawn == [(0.0, 0.1), (0.0, 0.2), (0.0, 0.4), (0.0, 0.8)]
    assert slept == [0.05, 0.1, 0.2, 0.4]


async def test_it_ends_unavailable_when_the_attempts_are_used_up() -> None:
    calls, attempt = failing(100)
    with pytest.raises(Unavailable, match="not now"):
        await retried(attempt, POLICY, jitter=lambda _low, _high: 0.0)
    assert len(calls) == 7


async def test_it_ends_unavailable_when_patience_is_over() -> None:
    calls, attempt = failing(100)
    now = iter(range(0, 1000, 8))
    with pytest.raises(Unavailable):
        await retried(attempt, POLICY, jitter=lambda _low, _high: 0.0, clock=lambda: next(now))
    assert len(calls) == 3


async def test_any_other_error_is_not_tried_again() -> None:
    calls: list[int] = []

    async def attempt() -> None:
        calls.append(1)
        raise KeyError("bug")

    with pytest.raises(KeyError):
        await retried(attempt, POLICY)
    assert calls == [1]
