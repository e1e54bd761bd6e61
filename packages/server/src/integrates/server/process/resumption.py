"""Work that an earlier process left unfinished."""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from integrates.api.finding_policy.work import apply_unfinished
from integrates.api.imports.work.resume import resume_unfinished
from integrates.db_model.entity.work import LEASE
from integrates.db_model.errors import Gone, IntegratesError
from integrates.server.process.background import pause
from integrates.server.service import Service, new_call

_LOG: Final = logging.getLogger(__name__)


async def _looked(service: Service, stopping: asyncio.Event) -> timedelta:
    try:
        return min(
            await asyncio.gather(
                resume_unfinished(
                    service.store, service.now, lambda actor: new_call(service, actor, service.new_id()), stopping.is_set
                ),
                apply_unfinished(service.store, service.now, service.new_id, stopping.is_set),
            )
        )
    except Gone:
        raise
    except IntegratesError as error:
        _LOG.warning("unfinished work could not be listed", exc_info=error)
        return LEASE


async def resume_until(service: Service, stopping: asyncio.Event) -> None:
    """Resume what is left unfinished, now and whenever a lease has ended, until the service is about to stop.

    A process that was killed may have been another one than this: so this one goes on looking, as long as there is a store.
    """
    while not stopping.is_set():
        try:
            after = await _looked(service, stopping)
        except Gone:
            return
        await pause(stopping, after)
