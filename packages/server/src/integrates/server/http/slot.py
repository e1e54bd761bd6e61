"""Bounds on what is done at once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

from starlette.exceptions import HTTPException

from integrates.server.process.background import Spawn

Slot: TypeAlias = Callable[[], AbstractAsyncContextManager[None]]
"""Gives a place for the time of a block."""
Berth: TypeAlias = Callable[[Spawn], AbstractAsyncContextManager[Spawn]]
"""Gives a place for the time of a block and of all that is started in the background by the function that it yields."""


def refusing(limit: int) -> Slot:
    """As many places as ``limit``; who finds none free is answered 503 with ``Retry-After``."""
    free = asyncio.Semaphore(limit)

    @asynccontextmanager
    async def slot() -> AsyncIterator[None]:
        if free.locked():
            raise HTTPException(503, headers={"retry-after": "1"})
        async with free:
            yield

    return slot


def waiting(limit: int) -> Berth:
    """As many places as ``limit``; who finds none free waits, in turn."""
    free = asyncio.Semaphore(limit)

    @asynccontextmanager
    async def berth(spawn: Spawn) -> AsyncIterator[Spawn]:
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

    return berth
