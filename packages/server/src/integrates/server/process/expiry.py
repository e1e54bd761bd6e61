"""Ending temporary acceptances whose date has come: every hour in the service, or once from the command line."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from integrates.db_model import Stamp, vulnerabilities
from integrates.db_model.store.port import Store
from integrates.db_model.vulnerabilities.expiry import Expired
from integrates.server.process.admins import SYSTEM
from integrates.server.process.background import hourly
from integrates.server.service import Service

_OPERATION: Final = "expire_acceptances"
_FAILED: Final = "acceptances could not be looked for"
_LOG: Final = logging.getLogger(__name__)


async def expired_now(store: Store, now: datetime, change_id: str, is_stopping: Callable[[], bool] = lambda: False) -> Expired:
    """End the acceptances of all groups whose date has come, in the name of the system; all in one change."""
    stamp = Stamp(by=SYSTEM, at=now, operation=_OPERATION, change_id=change_id)
    return await vulnerabilities.expire_everywhere(store, now, stamp, is_stopping=is_stopping)


async def _looked(service: Service, stopping: asyncio.Event) -> None:
    """Run once. What fails is logged and left to the next run."""
    made = await expired_now(service.store, service.now(), service.new_id(), stopping.is_set)
    for name, refused in made.refused.items():
        _LOG.warning("the acceptance of %s could not be ended", name, exc_info=refused)


async def expire_until(service: Service, stopping: asyncio.Event, *, after: timedelta = timedelta(0)) -> None:
    """End acceptances ``after`` a while and then every hour, until the service is about to stop.

    Several services on one store may do so: each acceptance ends once.
    """
    await hourly(partial(_looked, service, stopping), stopping, failed=_FAILED, after=after)
