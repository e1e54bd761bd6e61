"""The lease of a worker, which one that has to stop gives back."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

from integrates.db_model.entity.types import Stamp

GiveBack: TypeAlias = Callable[[Stamp], Awaitable[None]]

_PATIENCE: Final = 5.0
"""Seconds for giving a lease back: who is cancelled has to end soon."""
_LOG: Final = logging.getLogger("integrates.api")


async def _given_back(give_back: GiveBack, stamp: Callable[[], Stamp]) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            await give_back(stamp())
    except Exception as error:  # noqa: BLE001 -- what ended the work is to be raised; the lease ends by itself
        _LOG.info("the lease of an import could not be given back", exc_info=error)


@asynccontextmanager
async def lease(give_back: GiveBack, stamp: Callable[[], Stamp]) -> AsyncIterator[None]:
    """Give the worker's lease back when the block is cancelled or ends by an error, so that another one may go on at once.

    ``give_back`` is the command that does it, as of a stamp.
    """
    try:
        yield
    except BaseException:
        await asyncio.shield(_given_back(give_back, stamp))
        raise
