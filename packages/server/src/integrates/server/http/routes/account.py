"""How often one account may be logged in to, whoever asks from wherever."""

from collections.abc import Awaitable, Callable
from math import ceil
from typing import TypeAlias

from limits import RateLimitItemPerMinute
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.exceptions import HTTPException

from integrates.server.http.middleware.window import WindowStorage

CountLogin: TypeAlias = Callable[[str], Awaitable[None]]
"""Counts a login to the account of an e-mail."""


def account_limit(limit: int, seconds: Callable[[], float]) -> CountLogin:
    """Return a function that counts a login to the account of an e-mail, known or not.

    It raises the answer 429 for more than ``limit`` a minute. ``seconds`` is a monotonic clock.
    """
    limiter, item = FixedWindowRateLimiter(WindowStorage(seconds)), RateLimitItemPerMinute(limit, namespace="account")

    async def count(email: str) -> None:
        if not await limiter.hit(item, email):
            window = await limiter.get_window_stats(item, email)
            raise HTTPException(429, headers={"retry-after": str(ceil(window.reset_time - seconds()))})

    return count
