"""Bounds on what is done at once: a number of slots, one of which each request holds for a while."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

from starlette.exceptions import HTTPException

from integrates.server.process.background import Spawn

Slot: TypeAlias = Callable[[], AbstractAsyncContextManager[None]]
"""Hold a slot until the block has ended."""
TaskSlot: TypeAlias = Callable[[Spawn], AbstractAsyncContextManager[Spawn]]
"""Hold a slot until the block and every task started through the yielded function have ended."""


def refusing(limit: int) -> Slot:
    """Return what holds one of ``limit`` slots. Without a free one the request is answered 503 with ``Retry-After``."""
    free = asyncio.Semaphore(limit)

    @asynccontextmanager
    async def slot() -> AsyncIterator[None]:
        if free.locked():
            raise HTTPException(503, headers={"retry-after": "1"})
        async with free:
            yield

    return slot


def waiting(limit: int) -> TaskSlot:
    """Return what holds one of ``limit`` slots. Without a free one the request waits, first come, first served."""
    free = asyncio.Semaphore(limit)

    @asynccontextmanager
    async def slot(spawn: Spawn) -> AsyncIterator[Spawn]:
        await free.acquire()
        users = 1

        def leave() -> None:
            nonlocal users
            users -= 1
            if not users:
                free.release()

        async def used(work: Coroutine[Any, Any, None]) -> None:
            try:
                await work
            finally:
                leave()

        def spawn_inside(work: Coroutine[Any, Any, None]) -> None:
            nonlocal users
            users += 1
            spawn(used(work))

        try:
            yield spawn_inside
        finally:
            leave()

    return slot
