"""Letting others have a turn: what takes long is done once in a request, and in slices.

A request has one turn at a time, however many of its fields go on at once, so that nobody waits for more than a slice of it.
"""

import asyncio
from asyncio import Lock
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from math import isfinite
from operator import attrgetter
from typing import Any, Final, TypeVar

import msgspec

from integrates.db_model.entity.loader import Loader
from integrates.db_model.errors import Unavailable

A = TypeVar("A")
B = TypeVar("B")

SLICE: Final = 50
"""How many objects are read or computed between two turns of others: a few milliseconds."""


class Computation(msgspec.Struct, frozen=True):
    """Something to compute once in a request. ``key`` names it with all that it depends on."""

    key: Hashable
    compute: Callable[[], Awaitable[Any]]


def new_computations(ends_at: float) -> Loader[Computation, Any]:
    """Return what a request computes once for all of its fields, until it ends at a time of the event loop.

    Each computation goes on by itself, because one may wait for another.
    """

    async def computed(asked: list[Computation]) -> list[Any]:
        try:
            async with asyncio.timeout_at(ends_at if isfinite(ends_at) else None):
                return [await one.compute() for one in asked]
        except TimeoutError as error:
            raise Unavailable("the request has ended") from error

    return Loader(computed, batch=False, get_cache_key=attrgetter("key"))


@asynccontextmanager
async def turn(turns: Lock) -> AsyncIterator[None]:
    """Take a turn of the request for the time of the block, which does not wait for anything; then others have theirs."""
    async with turns:
        yield
        await asyncio.sleep(0)


async def sliced(turns: Lock, work: Callable[[A], B], items: Sequence[A]) -> list[B]:
    """Return the results of some work on each item, done in as many turns as it takes."""
    done: list[B] = []
    for begin in range(0, len(items), SLICE):
        async with turn(turns):
            done.extend(map(work, items[begin : begin + SLICE]))
    return done
