"""Taking up imports whose worker is gone, without anybody sending the file again."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeAlias

from integrates.api.authorization.actor import Actor, Means
from integrates.api.context import Call
from integrates.api.imports.read.error import BadFile, TooLarge
from integrates.api.imports.work.begin import file_key
from integrates.api.imports.work.job import OPERATION, Job, new_job, scanned
from integrates.api.imports.work.lease import lease
from integrates.api.imports.work.work import run
from integrates.api.unfinished import ABANDONED, look_at_each, resumed
from integrates.db_model.access.rules import is_ci
from integrates.db_model.entity import read
from integrates.db_model.entity.types import Stamp
from integrates.db_model.entity.work import LEASE, may_be_taken_up
from integrates.db_model.errors import NotFound, Rejected
from integrates.db_model.files.port import read_all
from integrates.db_model.imports import commands
from integrates.db_model.imports.commands import Running
from integrates.db_model.imports.rules import is_running
from integrates.db_model.imports.types import Import
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.store.port import Store

Calling: TypeAlias = Callable[[Actor], Call]
"""Return the call in which work is done in somebody's name."""

_LOG: Final = logging.getLogger("integrates.api")


def _creator(running: Running) -> Actor:
    """Return who began an import, with the token by which they did."""
    by = running.record.created_by
    return Actor(by, Means.CI_TOKEN if is_ci(by) else Means.API_TOKEN, running.progress.token_id)


async def _stored_job(call: Call, actor: Actor, record: Import, stamp: Stamp) -> Job | None:
    """Return the job of an import, in somebody's name, from what is stored of it.

    Return ``None`` when root or file are gone or cannot be read.
    """
    root = await read.get(call.store, ROOT, root_key(record.root_id))
    if root is None:
        return None
    try:
        scan = await scanned(await read_all(call.files.get(file_key(record))), record.options, record.format, root)
    except (NotFound, Rejected, BadFile, TooLarge) as error:
        _LOG.warning("the file of an import cannot be read again", exc_info=error)
        return None
    return await new_job(call, actor, root, scan, stamp)


async def taken_up(call: Call, actor: Actor, running: Running, stamp: Callable[[], Stamp]) -> tuple[Job, Running] | Running:
    """Take up an import without a worker in somebody's name, and read its file again; then its work is to be done.

    One that was begun too often, or of which root or file are gone, ends instead, and is returned as it is then. Raise
    ``Overtaken`` when another worker was faster: only the one that has the lease reads the file.
    """
    if not may_be_taken_up(running.progress):
        return await commands.fail(call.store, running, ABANDONED, stamp())
    mine = await commands.take_up(call.store, running, stamp())
    async with lease(partial(commands.give_back, call.store, mine.record.id), stamp):
        job = await _stored_job(call, actor, mine.record, stamp())
        return await commands.fail(call.store, mine, ABANDONED, stamp()) if job is None else (job, mine)


async def _resume(call: Call, running: Running) -> None:
    """Take up an import without a worker and do its work, in the name of who began it; end it after too many attempts."""
    record, change_id = running.record, call.new_id()

    def stamp() -> Stamp:
        return Stamp(by=record.created_by, at=call.now(), operation=OPERATION, change_id=change_id)

    found = await taken_up(call, _creator(running), running, stamp)
    if not isinstance(found, Running):
        await run(*found)


async def resume_unfinished(
    store: Store, now: Callable[[], datetime], calling: Calling, is_stopping: Callable[[], bool]
) -> timedelta:
    """Resume every import that nobody works on, one after another; return the time after which to look again.

    One with which something goes wrong is tried again, and fails after several attempts. See
    :func:`integrates.api.unfinished.look_at_each`.
    """

    async def look(import_id: str) -> timedelta:
        at, found = now(), await commands.find(store, import_id)
        if found is None or not is_running(found.record):
            return LEASE
        return await resumed(found.progress, at, lambda: _resume(calling(_creator(found)), found))

    return await look_at_each(await commands.unfinished_ids(store), look, is_stopping, interrupted="an import was interrupted")
