"""Looking at work that an earlier process left unfinished."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from integrates.db_model.entity.work import LEASE, LongWork, Overtaken, is_leased
from integrates.db_model.errors import Gone

ABANDONED: Final = "abandoned"
"""The reason of an import that is given up, because too many workers tried or the next one came."""
_LOG: Final = logging.getLogger("integrates.api")


async def look_at_each(
    ids: Iterable[str], look: Callable[[str], Awaitable[timedelta]], is_stopping: Callable[[], bool], *, interrupted: str
) -> timedelta:
    """Look at one after another until ``is_stopping`` says so; return the least time after which to look at one again.

    What goes wrong with one is logged as ``interrupted`` and keeps no other from being looked at. Raise ``Gone`` when
    the store is: then there is nothing to look at any more.
    """
    after = LEASE
    for each in ids:
        if is_stopping():
            break
        try:
            after = min(after, await look(each))
        except Gone:
            raise
        except Exception as error:  # noqa: BLE001 -- the next one may go well
            _LOG.warning(interrupted, exc_info=error)
    return after


async def resumed(progress: LongWork, now: datetime, resume: Callable[[], Awaitable[None]]) -> timedelta:
    """Resume work that is left unfinished, unless somebody does it; return the time after which to look at it again."""
    if is_leased(progress, now):
        return progress.lease_until - now
    try:
        await resume()
    except Overtaken:
        _LOG.info("another worker was faster")
    return LEASE
