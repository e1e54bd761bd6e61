"""Waiting for the work of an import, which goes on in the background when that takes too long."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Final

from integrates.api.context import Context
from integrates.api.imports.work.begin import Begun
from integrates.api.imports.work.job import Job
from integrates.api.imports.work.work import run
from integrates.db_model.entity import read
from integrates.db_model.errors import StoreError, Unavailable
from integrates.db_model.imports.commands import Running
from integrates.db_model.imports.facet import IMPORT, import_key
from integrates.db_model.imports.types import Import

PATIENCE: Final = 20.0
"""Seconds after which the answer does not wait any longer for the end of the work."""
BEGINNING: Final = 0.5
"""Seconds of the request's time without which no import begins: what has begun is to be answered."""
_SHARE: Final = 0.5
"""The part of what is left of the request's time that may be waited; the rest is for reading and writing the answer."""

_LOG: Final = logging.getLogger("integrates.api")


def require_time(context: Context) -> None:
    """Raise ``Unavailable`` when the request may end before it could tell of an import that it begins."""
    if context.call.ends_at - asyncio.get_running_loop().time() < BEGINNING:
        raise Unavailable("too little of the request's time is left for beginning an import")


async def _latest(context: Context, record: Import) -> Import:
    """Read the import as it is now; what is known of it is a good answer, too."""
    try:
        return await read.get(context.store, IMPORT, import_key(record.id)) or record
    except StoreError:
        return record


async def finished(context: Context, job: Job, beginning: Awaitable[Begun]) -> Import:
    """Begin an import and do its work in the background: no end of the request comes between the two.

    Return the import when it has ended or the work is cancelled, after ``PATIENCE``, or well before the request's deadline. An
    error that interrupts the work before that is raised; a later one is only logged.
    """
    loop = asyncio.get_running_loop()
    patient = loop.time() + PATIENCE
    begun: asyncio.Future[Begun | Exception] = loop.create_future()
    done: asyncio.Future[Running | Exception | None] = loop.create_future()

    async def work() -> None:
        try:
            found = await beginning
        except Exception as error:  # noqa: BLE001 -- it is raised in the request
            begun.set_result(error)
        else:
            begun.set_result(found)
            done.set_result(await _outcome(context, job, found.running) if found.mine else None)
        finally:  # also when the work is cancelled, because the service stops
            if not begun.done():
                begun.set_result(Unavailable("the service stops"))
            if not done.done():
                done.set_result(None)

    context.call.spawn(work())
    found = await asyncio.shield(begun)
    if isinstance(found, Exception):
        raise found
    if not found.mine:
        return found.running.record
    try:
        async with asyncio.timeout_at(min(patient, loop.time() + (context.call.ends_at - loop.time()) * _SHARE)):
            outcome = await asyncio.shield(done)
    except TimeoutError:
        return await _latest(context, found.running.record)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome.record if outcome else await _latest(context, found.running.record)


async def _outcome(context: Context, job: Job, running: Running) -> Running | Exception:
    try:
        return await run(job, running)
    except Exception as error:  # noqa: BLE001 -- it is raised in the request, or logged when that is over
        _LOG.warning("an import was interrupted", exc_info=error, extra={"request_id": context.call.request_id})
        return error
