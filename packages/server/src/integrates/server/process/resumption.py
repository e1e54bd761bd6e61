"""Work that an earlier process left unfinished.

A process that was killed may have been another one than this: so this one looks now and whenever a lease has ended, until the
service is about to stop or its store is gone. Imports and policies are looked for apart, so that a long import keeps no policy
waiting and what fails in one is nothing to the other.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from integrates.api.finding_policy.work import apply_unfinished
from integrates.api.imports.work.resume import resume_unfinished
from integrates.db_model.entity.work import LEASE
from integrates.db_model.errors import Gone, IntegratesError
from integrates.server.process.background import repeatedly
from integrates.server.service import Service, new_call

_LOG: Final = logging.getLogger(__name__)


async def _looking(look: Callable[[], Awaitable[timedelta]], stopping: asyncio.Event) -> None:
    """Look for unfinished work of one kind again and again; ``look`` returns the time after which to look again."""

    async def looked() -> timedelta:
        try:
            return await look()
        except Gone:
            raise
        except IntegratesError as error:
            _LOG.warning("unfinished work could not be listed", exc_info=error)
            return LEASE

    await repeatedly(looked, stopping, otherwise=LEASE)


async def resume_imports_until(service: Service, stopping: asyncio.Event) -> None:
    """Resume imports that are left unfinished, one after another, until the service is about to stop."""

    async def look() -> timedelta:
        return await resume_unfinished(
            service.store, service.now, lambda actor: new_call(service, actor, service.new_id()), stopping.is_set
        )

    await _looking(look, stopping)


async def apply_policies_until(service: Service, stopping: asyncio.Event) -> None:
    """Apply policies that are left unfinished, one after another, until the service is about to stop."""

    async def look() -> timedelta:
        return await apply_unfinished(service.store, service.now, service.new_id, stopping.is_set)

    await _looking(look, stopping)
