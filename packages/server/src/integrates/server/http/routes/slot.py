"""Bounds on what is done at once: a number of slots, one of which each request holds for a while, and of which each caller has
a share, so that nobody holds them all.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, TypeAlias
from weakref import WeakValueDictionary

from starlette.exceptions import HTTPException

from integrates.server.http.exchange import Caller
from integrates.server.process.background import Spawn

Slot: TypeAlias = Callable[[Caller], AbstractAsyncContextManager[None]]
"""Hold a slot until the block has ended."""
TaskSlot: TypeAlias = Callable[[Caller, Spawn], AbstractAsyncContextManager[Spawn]]
"""Hold a slot until the block and every task started through the yielded function have ended."""

CALLERS: Final = 4
"""So many callers can hold all slots together, and fewer cannot."""


def share_of(limit: int) -> int:
    """Return how many of ``limit`` slots one caller may hold."""
    return max(1, limit // CALLERS)


def _used_up(share: int) -> HTTPException:
    text = f"{share} of your requests are being handled, and no more than {share} are at once. Try again."
    return HTTPException(429, text, headers={"retry-after": "1"})


def refusing(limit: int) -> Slot:
    """Return what holds one of ``limit`` slots.

    A caller whose share is used up is answered 429, and without a free slot anybody 503, both with ``Retry-After``.
    """
    free, held, share = asyncio.Semaphore(limit), Counter[Caller](), share_of(limit)

    @asynccontextmanager
    async def slot(caller: Caller) -> AsyncIterator[None]:
        if held[caller] >= share:
            raise _used_up(share)
        if free.locked():
            raise HTTPException(503, headers={"retry-after": "1"})
        held[caller] += 1
        try:
            async with free:
                yield
        finally:
            held[caller] -= 1
            if not held[caller]:
                del held[caller]

    return slot


def waiting(limit: int, patience: float) -> TaskSlot:
    """Return what holds one of ``limit`` slots.

    Without a free one the request waits, first come, first served. A caller whose share is used up waits for it, which keeps
    nobody else waiting, and is answered 429 with ``Retry-After`` after ``patience`` seconds.
    """
    free, shares = asyncio.Semaphore(limit), WeakValueDictionary[Caller, asyncio.Semaphore]()

    @asynccontextmanager
    async def slot(caller: Caller, spawn: Spawn) -> AsyncIterator[Spawn]:
        own = shares.setdefault(caller, asyncio.Semaphore(share_of(limit)))
        try:
            async with asyncio.timeout(patience):
                await own.acquire()
        except TimeoutError as error:
            raise _used_up(share_of(limit)) from error
        try:
            await free.acquire()
        except asyncio.CancelledError:
            own.release()
            raise

        def leave() -> None:
            free.release()
            own.release()

        async with _together(spawn, leave) as spawn_inside:
            yield spawn_inside

    return slot


@asynccontextmanager
async def _together(spawn: Spawn, leave: Callable[[], None]) -> AsyncIterator[Spawn]:
    """Yield what starts tasks, and leave when the block and all of them have ended."""
    users = 1

    def end() -> None:
        nonlocal users
        users -= 1
        if not users:
            leave()

    async def used(work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        finally:
            end()

    def spawn_inside(work: Coroutine[Any, Any, None]) -> None:
        nonlocal users
        users += 1
        spawn(used(work))

    try:
        yield spawn_inside
    finally:
        end()
