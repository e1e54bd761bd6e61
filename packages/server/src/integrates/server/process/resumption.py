"""Work that an earlier process left unfinished.

A process that was killed may have been another one than this: so this one looks now and whenever a lease has ended, until the
service is about to stop or its store is gone. Imports, imports of decisions and policies are looked for apart, so that a long
import keeps no policy waiting and what fails in one is nothing to the others.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Final

from integrates.api.decision_import.work.resume import resume_decisions
from integrates.api.finding_policy.work import apply_unfinished
from integrates.api.imports.work.resume import Calling, resume_unfinished
from integrates.db_model.entity.work import LEASE
from integrates.server.process.background import repeatedly
from integrates.server.service import Service, new_call

_FAILED: Final = "unfinished work could not be listed"


async def resume_imports_until(service: Service, stopping: asyncio.Event) -> None:
    """Resume imports that are left unfinished, one after another, until the service is about to stop."""
    await _until(partial(resume_unfinished, service.store, service.now, _calling(service), stopping.is_set), stopping)


async def resume_decisions_until(service: Service, stopping: asyncio.Event) -> None:
    """Resume imports of decisions that are left unfinished, one after another, until the service is about to stop."""
    await _until(partial(resume_decisions, service.store, service.now, _calling(service), stopping.is_set), stopping)


async def apply_policies_until(service: Service, stopping: asyncio.Event) -> None:
    """Apply policies that are left unfinished, one after another, until the service is about to stop."""
    await _until(partial(apply_unfinished, service.store, service.now, service.new_id, stopping.is_set), stopping)


async def _until(look: Callable[[], Awaitable[timedelta]], stopping: asyncio.Event) -> None:
    await repeatedly(look, stopping, otherwise=LEASE, failed=_FAILED)


def _calling(service: Service) -> Calling:
    return lambda actor: new_call(service, actor, service.new_id())
