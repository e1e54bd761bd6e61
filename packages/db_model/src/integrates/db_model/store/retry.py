"""Retries with capped full-jitter backoff: each pause is uniform between 0 and a ceiling that doubles up to a cap.

Source of the formula: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("full jitter").
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeVar

import msgspec

from integrates.db_model.errors import Unavailable

Result = TypeVar("Result")


class Transient(Exception):
    """An attempt failed, and another one may succeed. This error never leaves an adapter."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How often to try: ``attempts`` attempts, none begun after ``patience`` seconds, with pauses of up to ``cap`` seconds.

    ``sleep`` makes a pause of so many seconds.
    """

    base: float = 0.05
    cap: float = 2.0
    attempts: int = 12
    patience: float = 20.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


DEFAULT: Final = Policy()


def ceilings(policy: Policy) -> Iterator[float]:
    """Return the longest pause, in seconds, before each repeated attempt."""
    return (min(policy.cap, policy.base * 2.0**attempt) for attempt in range(policy.attempts - 1))


async def pause(ceiling: float, policy: Policy = DEFAULT, *, jitter: Callable[[float, float], float] = random.uniform) -> None:
    """Wait for a random time of up to ``ceiling`` seconds, so that callers that collided do not collide again."""
    await policy.sleep(jitter(0.0, ceiling))


async def retried(
    attempt: Callable[[], Awaitable[Result]],
    policy: Policy = DEFAULT,
    *,
    jitter: Callable[[float, float], float] = random.uniform,
    clock: Callable[[], float] = time.monotonic,
) -> Result:
    """Return the result of ``attempt``, repeated while it raises :class:`Transient`. Raise ``Unavailable`` in the end."""
    begun = clock()
    pauses = ceilings(policy)
    while True:
        try:
            return await attempt()
        except Transient as error:
            ceiling = next(pauses, None)
            if ceiling is None or clock() - begun > policy.patience:
                raise Unavailable(*error.args) from error
            await pause(ceiling, policy, jitter=jitter)
