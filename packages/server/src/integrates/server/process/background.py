"""Work that goes on after its request was answered."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, TypeAlias

import msgspec

from integrates.db_model.errors import Gone, IntegratesError

BETWEEN: Final = timedelta(hours=1)
"""How long after one run of hourly work the next one begins."""
logger = logging.getLogger(__name__)

Spawn: TypeAlias = Callable[[Coroutine[Any, Any, None]], None]
"""Start a coroutine in the background."""


class Background(msgspec.Struct, frozen=True):
    """``spawn`` starts a coroutine that outlives its request; ``drain`` waits so many seconds, then cancels what still runs."""

    spawn: Spawn
    drain: Callable[[float], Awaitable[None]]


def new_background() -> Background:
    """Return background work that is empty yet. Failures of what it runs are logged, never raised."""
    running: set[asyncio.Task[None]] = set()

    def spawn(work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        running.add(task)
        task.add_done_callback(running.discard)
        task.add_done_callback(_report)

    async def drain(seconds: float) -> None:
        if running:
            await asyncio.wait(running, timeout=seconds)
        for task in tuple(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    return Background(spawn=spawn, drain=drain)


async def pause(stopping: asyncio.Event, length: timedelta) -> None:
    """Wait so long, whatever becomes of the clock on the wall, or until the service is about to stop."""
    with suppress(TimeoutError):
        async with asyncio.timeout(length.total_seconds()):
            await stopping.wait()


async def repeatedly(
    work: Callable[[], Awaitable[timedelta]], stopping: asyncio.Event, *, otherwise: timedelta, failed: str
) -> None:
    """Do some work again and again, until the service is about to stop or its store is gone.

    The work tells the time after which it is to be done again. What it raises is logged, with the text ``failed`` where it is
    foreseen, and keeps it from nothing: it is done again after the time ``otherwise``.
    """
    while not stopping.is_set():
        try:
            after = await work()
        except Gone:
            return
        except IntegratesError as error:
            logger.warning(failed, exc_info=error)
            after = otherwise
        except Exception:
            logger.exception("repeated work failed")
            after = otherwise
        await pause(stopping, after)


async def hourly(
    work: Callable[[], Awaitable[None]], stopping: asyncio.Event, *, failed: str, after: timedelta = timedelta(0)
) -> None:
    """Do some work ``after`` a while and then every hour, as :func:`repeatedly` does."""

    async def done() -> timedelta:
        await work()
        return BETWEEN

    await pause(stopping, after)
    await repeatedly(done, stopping, otherwise=BETWEEN, failed=failed)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("background work failed", exc_info=error)
