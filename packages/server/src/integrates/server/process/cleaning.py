"""Deleting files of evidence that nothing has referred to for 60 days, and sessions that have ended by themselves: every hour,
as long as the service runs.
"""

import asyncio
import logging
from functools import partial
from typing import Final

from integrates.db_model import sessions
from integrates.db_model.evidences.cleaning import clean_up
from integrates.server.process.background import BETWEEN, hourly
from integrates.server.service import Service

_FAILED: Final = "files of evidence or ended sessions could not be looked for"
_LOG: Final = logging.getLogger(__name__)


async def _cleaned(service: Service, stopping: asyncio.Event) -> None:
    """Run once. What fails is logged and left to the next run."""
    made = await clean_up(service.store, service.files, service.now(), is_stopping=stopping.is_set)
    if made.unknown:
        _LOG.warning(
            "%d files of evidence are kept: the store does not know their entities; are they of another?", made.unknown
        )
    for name, refused in made.refused.items():
        _LOG.warning("the files of %s could not be looked at", name, exc_info=refused)
    await sessions.forget_ended(service.store, service.now(), is_stopping=stopping.is_set)


async def clean_until(service: Service, stopping: asyncio.Event) -> None:
    """Clean up every hour until the service is about to stop, for the first time after an hour.

    Several services on one store may do so. Who started one on a wrong store has time to notice.
    """
    await hourly(partial(_cleaned, service, stopping), stopping, failed=_FAILED, after=BETWEEN)
