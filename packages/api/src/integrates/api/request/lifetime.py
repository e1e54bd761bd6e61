"""What a request reads and writes ends with it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from msgspec.structs import replace

from integrates.db_model.errors import Unavailable
from integrates.db_model.store.port import Store

T = TypeVar("T")
A = TypeVar("A")


@contextmanager
def lasting(store: Store) -> Iterator[Store]:
    """Yield the store for the time of one request: when the block ends, calls that still wait raise ``Unavailable``.

    Loaders read in tasks of their own, and what fails leaves its neighbours at work: nothing else would end these.
    """
    running, ended = set[asyncio.Timeout](), False

    def within(call: Callable[[A], Awaitable[T]]) -> Callable[[A], Awaitable[T]]:
        async def made(argument: A) -> T:
            if ended:
                raise Unavailable("the request has ended")
            try:
                async with asyncio.timeout(None) as time:
                    running.add(time)
                    try:
                        return await call(argument)
                    finally:
                        running.discard(time)
            except TimeoutError as error:
                raise Unavailable("the request has ended") from error

        return made

    try:
        yield replace(store, get=within(store.get), query=within(store.query), write=within(store.write))
    finally:
        ended = True
        for time in running:
            time.reschedule(0)  # at once
