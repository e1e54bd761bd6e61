"""Deleting files of evidence and logs that nothing has referred to for 60 days, and sessions that have ended by themselves:
every hour, as long as the service runs.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from integrates.db_model import sessions
from integrates.db_model.evidences.cleaning import Cleaned, clean_up
from integrates.db_model.files.port import Files
from integrates.db_model.forces.cleaning import clean_up_logs
from integrates.db_model.store.port import Store
from integrates.server.process.background import BETWEEN, hourly
from integrates.server.service import Service

_FAILED: Final = "unneeded files or ended sessions could not be looked for"
_LOG: Final = logging.getLogger(__name__)


async def unneeded_deleted(
    store: Store, files: Files, now: datetime, *, is_stopping: Callable[[], bool] = lambda: False
) -> Cleaned:
    """Delete the files that nothing has referred to for 60 days, and return what has become of all of them."""
    evidence = await clean_up(store, files, now, is_stopping=is_stopping)
    logs = await clean_up_logs(store, files, now, is_stopping=is_stopping)
    return Cleaned(evidence.deleted + logs.deleted, evidence.unknown + logs.unknown, {**evidence.refused, **logs.refused})


async def _cleaned(service: Service, stopping: asyncio.Event) -> None:
    """Run once. What fails is logged and left to the next run."""
    made = await unneeded_deleted(service.store, service.files, service.now(), is_stopping=stopping.is_set)
    if made.unknown:
        _LOG.warning("%d files are kept: the store does not know whose they are; are they of another?", made.unknown)
    for name, refused in made.refused.items():
        _LOG.warning("the files of %s could not be looked at", name, exc_info=refused)
    await sessions.forget_ended(service.store, service.now(), is_stopping=stopping.is_set)


async def clean_until(service: Service, stopping: asyncio.Event) -> None:
    """Clean up every hour until the service is about to stop, for the first time after an hour.

    Several services on one store may do so. Who started one on a wrong store has time to notice.
    """
    await hourly(partial(_cleaned, service, stopping), stopping, failed=_FAILED, after=BETWEEN)
