"""Taking up imports of decisions whose worker is gone, in the name of who began them."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from integrates.api.authorization.actor import Actor, Means
from integrates.api.context import Call
from integrates.api.decision_import.read.registry import read_decisions
from integrates.api.decision_import.work.begin import decisions_key
from integrates.api.decision_import.work.job import OPERATION, DecisionJob, Within, new_decision_job
from integrates.api.decision_import.work.work import run_decisions
from integrates.api.imports.read.error import BadFile, TooLarge
from integrates.api.imports.work.lease import lease
from integrates.api.imports.work.resume import Calling
from integrates.api.unfinished import ABANDONED, look_at_each, resumed
from integrates.db_model.decision_imports import commands
from integrates.db_model.decision_imports.commands import Deciding
from integrates.db_model.entity.types import Stamp
from integrates.db_model.entity.work import LEASE, may_be_taken_up
from integrates.db_model.errors import NotFound, Rejected
from integrates.db_model.files.port import read_all
from integrates.db_model.imports.rules import is_running
from integrates.db_model.store.port import Store

_LOG: Final = logging.getLogger("integrates.api")


def _creator(running: Deciding) -> Actor:
    """Return who began an import, with the token by which they did."""
    return Actor(running.record.created_by, Means.API_TOKEN, running.progress.token_id)


async def _stored_job(call: Call, actor: Actor, running: Deciding, change_id: str) -> DecisionJob | None:
    """Return the job of an import from what is stored of it; ``None`` when the file is gone or cannot be read any more."""
    record = running.record
    try:
        content = await read_all(call.files.get(decisions_key(record)))
        decisions = await asyncio.to_thread(read_decisions, content, record.format, record.suppressions_as)
    except (NotFound, Rejected, BadFile, TooLarge) as error:
        _LOG.warning("the file of an import of decisions cannot be read again", exc_info=error)
        return None
    within = Within(group_name=record.group_name, organization_id=record.organization_id, root_id=record.root_id)
    return new_decision_job(call, actor, decisions, within, change_id)


async def _resume(call: Call, running: Deciding) -> None:
    """Take up an import without a worker and do its work; end it after too many attempts."""
    record, change_id = running.record, call.new_id()

    def stamp() -> Stamp:
        return Stamp(by=record.created_by, at=call.now(), operation=OPERATION, change_id=change_id)

    if not may_be_taken_up(running.progress):
        await commands.end(call.store, running, stamp(), ABANDONED)
        return
    mine = await commands.take_up(call.store, running, stamp())
    async with lease(partial(commands.give_back, call.store, record.id), stamp):
        job = await _stored_job(call, _creator(running), mine, change_id)
        if job is None:
            await commands.end(call.store, mine, stamp(), ABANDONED)
            return
    await run_decisions(job, mine)


async def resume_decisions(
    store: Store, now: Callable[[], datetime], calling: Calling, is_stopping: Callable[[], bool]
) -> timedelta:
    """Resume every import of decisions that nobody works on; return the time after which to look again.

    See :func:`integrates.api.unfinished.look_at_each`.
    """

    async def look(import_id: str) -> timedelta:
        at, found = now(), await commands.find(store, import_id)
        if found is None or not is_running(found.record):
            return LEASE
        return await resumed(found.progress, at, lambda: _resume(calling(_creator(found)), found))

    ids = await commands.unfinished_ids(store)
    return await look_at_each(ids, look, is_stopping, interrupted="an import of decisions was interrupted")
