"""The storage behind the rate limit: what is counted ends with its window, and memory is bounded."""

import pytest
from limits import RateLimitItemPerMinute
from limits.aio.strategies import FixedWindowRateLimiter

from integrates.server.http.middleware.window import MAX_WINDOWS, WindowStorage

ITEM = RateLimitItemPerMinute(2)


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.reading = 1000.0

    def __call__(self) -> float:
        return self.reading


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_a_window_begins_with_the_first_request_and_ends_a_minute_later(clock: Clock) -> None:
    limiter = FixedWindowRateLimiter(WindowStorage(clock))
    found = []
    for reading in (1000.0, 1059.9, 1059.9, 1060.0):
        clock.reading = reading
        found.append(await limiter.hit(ITEM, "ada"))
    assert found == [True, True, False, True]
    assert await limiter.get_window_stats(ITEM, "ada") == (1120.0, 1)
    assert await limiter.get_window_stats(ITEM, "olga") == (1060.0, 2)


async def test_what_has_ended_is_forgotten(clock: Clock) -> None:
    storage = WindowStorage(clock)
    for number in range(100):
        await storage.incr(str(number), 60)
    clock.reading += 60
    await storage.incr("ada", 60)
    assert await storage.reset() == 1


async def test_more_callers_than_the_bound_are_not_remembered(clock: Clock) -> None:
    storage = WindowStorage(clock)
    await storage.incr("ada", 60)
    for number in range(MAX_WINDOWS):
        if number == MAX_WINDOWS // 2:
            await storage.incr("ada", 60)
        await storage.incr(str(number), 60)
    assert (await storage.get("ada"), await storage.get("0"), await storage.get("1")) == (2, 0, 1)
    assert await storage.reset() == MAX_WINDOWS


async def test_a_window_can_be_forgotten_alone(clock: Clock) -> None:
    storage = WindowStorage(clock)
    await storage.incr("ada", 60)
    await storage.incr("olga", 60, amount=3)
    await storage.clear("ada")
    await storage.clear("nobody")
    assert (await storage.get("ada"), await storage.get("olga"), await storage.check()) == (0, 3, True)
