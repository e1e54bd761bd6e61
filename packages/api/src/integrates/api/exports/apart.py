"""Work that takes long and waits for nothing, done in a thread so that others are served meanwhile."""

import asyncio
from collections.abc import Callable
from threading import Event
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def apart(work: Callable[Concatenate[Event, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the result of work in a thread. Its first argument is set when the caller is cancelled: then it should end soon.

    It has ended before the caller goes on, whatever happens, because it uses files that end with the caller.
    """
    stop = Event()
    running = asyncio.ensure_future(asyncio.to_thread(work, stop, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait((running,))
        raise
