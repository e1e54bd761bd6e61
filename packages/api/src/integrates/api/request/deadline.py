"""One deadline for everything that a request does."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from integrates.db_model.errors import Unavailable
from integrates.db_model.store.port import Store

T = TypeVar("T")
A = TypeVar("A")


def until(deadline: float, call: Callable[[A], Awaitable[T]]) -> Callable[[A], Awaitable[T]]:
    """Return the function with each call ended at a time of the event loop, by ``Unavailable``."""

    async def cut(argument: A) -> T:
        try:
            async with asyncio.timeout_at(deadline):
                return await call(argument)
        except TimeoutError as error:
            raise Unavailable("the deadline of the request has passed") from error

    return cut


def bounded(store: Store, deadline: float) -> Store:
    """Return the store with each call ended at the deadline."""
    return Store(until(deadline, store.get), until(deadline, store.query), until(deadline, store.write), store.max_changes)
