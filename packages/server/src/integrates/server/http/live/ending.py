"""Why a stream ends that its client has not ended, and on which terms it goes on."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Final, TypeAlias

import msgspec
from starlette.types import Scope

from integrates.api.live.feed import Overrun
from integrates.api.subscribe import Terms, Unproven, Unseen
from integrates.db_model.errors import StoreError

PER_PERSON: Final = 5
"""How many connections with streams one person may have at once."""
PING: Final = 25.0
"""Seconds after which a sign of life is sent on a stream, so that nothing between client and service takes it for dead."""
FAREWELL: Final = 5.0
"""Seconds for a sign of life and for the last words of a stream; a client that does not take them is cut off."""
logger = logging.getLogger(__name__)


class Ending(msgspec.Struct, frozen=True):
    """Why a stream ends: the code with which a WebSocket is closed, and the error that server-sent events tell last."""

    close: int
    code: str
    text: str


UNPROVEN: Final = Ending(4401, "UNAUTHENTICATED", "Authenticate first.")
UNSEEN: Final = Ending(4403, "FORBIDDEN", "What is followed is not visible any more.")
OVERRUN: Final = Ending(4429, "RATE_LIMITED", "Too many events wait. Read again, then subscribe again.")
CROWDED: Final = Ending(4429, "RATE_LIMITED", f"At most {PER_PERSON} connections of one person are open at once.")
STOPPING: Final = Ending(1001, "UNAVAILABLE", "The service stops. Connect again.")
FAILED: Final = Ending(1011, "UNAVAILABLE", "The stream cannot go on now. Connect again later.")


def ending_of(error: BaseException | None) -> Ending | None:
    """Return why a stream ends that raised an error; ``None`` for one that ended by itself. Log a fault of the program."""
    match error:
        case None:
            return None
        case Unproven():
            return UNPROVEN
        case Unseen():
            return UNSEEN
        case Overrun():
            return OVERRUN
        case StoreError():
            return FAILED
        case _:
            logger.error("a stream failed", exc_info=error)
            return FAILED


class Crowded(Exception):
    """A person has as many connections as one may have, or the service has."""


Seat: TypeAlias = Callable[[str], AbstractContextManager[None]]
"""Hold one of a person's connections for the time of the block. Raise :class:`Crowded` when there is none."""


def new_seats(limit: int) -> Seat:
    """Return what counts connections with streams, of which ``limit`` may be open at once."""
    held = Counter[str]()

    @contextmanager
    def seat(email: str) -> Iterator[None]:
        if held[email] >= PER_PERSON or held.total() >= limit:
            raise Crowded
        held[email] += 1
        try:
            yield
        finally:
            held[email] -= 1
            if not held[email]:
                del held[email]

    return seat


def terms_of(still_holds: Callable[[], Awaitable[bool]], seconds: float, ended: asyncio.Future[Ending]) -> Terms:
    """Return the terms of a stream; too much that waits ends the connection at once, also while a message is on its way."""

    def overrun() -> None:
        if not ended.done():
            ended.set_result(OVERRUN)

    return Terms(still_holds=still_holds, seconds=seconds, overrun=overrun)


@asynccontextmanager
async def taken_or_cut_off(scope: Scope) -> AsyncIterator[None]:
    """Break the connection off when its client does not take in time what the block sends.

    Without a server of ours the block is only given up.
    """
    try:
        async with asyncio.timeout(FAREWELL):
            yield
    except TimeoutError:
        abort: Callable[[], None] | None = scope.get("state", {}).get("abort")
        if abort is not None:
            abort()
