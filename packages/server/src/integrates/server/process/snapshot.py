"""Taking the snapshots of all groups: every night in the service, soon after midnight in UTC, and when it starts."""

import asyncio
import logging
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Final

from integrates.db_model import snapshots
from integrates.server.process.background import BETWEEN, repeatedly
from integrates.server.service import Service

AFTER_MIDNIGHT: Final = timedelta(minutes=10)
"""When on a day the snapshots of the day before are taken: clocks of machines differ, and calls of the last minute end."""
_SETTLED: Final = AFTER_MIDNIGHT / 2
"""How long after its end a day is over for the service, also when it starts in the midst of the night."""
_FAILED: Final = "snapshots could not be taken"
_LOG: Final = logging.getLogger(__name__)


def until_next(now: datetime) -> timedelta:
    """Return the time until snapshots are to be taken next, which is never at once."""
    due = datetime.combine(now.astimezone(UTC).date(), time(), UTC) + AFTER_MIDNIGHT
    return (due if due > now else due + timedelta(days=1)) - now


async def _taken(service: Service, stopping: asyncio.Event) -> timedelta:
    """Run once, and return when to run again. What fails is logged and tried again after an hour."""
    made = await snapshots.keep_up_everywhere(service.store, service.now() - _SETTLED, is_stopping=stopping.is_set)
    for name, refused in made.refused.items():
        _LOG.warning("no snapshot of %s could be taken", name, exc_info=refused)
    return BETWEEN if made.refused else until_next(service.now())


async def take_snapshots_until(service: Service, stopping: asyncio.Event) -> None:
    """Take the snapshots that are missing, and again each night, until the service is about to stop.

    Several services on one store may do so: of each day one snapshot is kept, and they would all say the same.
    """
    await repeatedly(partial(_taken, service, stopping), stopping, otherwise=BETWEEN, failed=_FAILED)
