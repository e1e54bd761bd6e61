"""Waiting for the work of an import, which goes on in the background when that takes too long."""

import asyncio
import logging
from typing import Final

from integrates.api.context import Context
from integrates.api.imports.work.job import Job
from integrates.api.imports.work.work import run
from integrates.db_model.imports import commands
from integrates.db_model.imports.commands import Running
from integrates.db_model.imports.types import Import

_LOG: Final = logging.getLogger("integrates.api")


async def finished(context: Context, job: Job, begun: Running, until: float) -> Import:
    """Run the work in the background; return the import when it ends, or as it is at ``until``, a time of the event loop.

    An error that interrupts the work before that time is raised; a later one is only logged.
    """
    done: asyncio.Future[Running | Exception] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        try:
            outcome: Running | Exception = await run(job, begun)
        except Exception as error:  # noqa: BLE001 -- it is raised in the request, or logged when that is over
            outcome = error
            _LOG.warning("an import was interrupted", exc_info=error, extra={"request_id": context.call.request_id})
        if not done.done():
            done.set_result(outcome)

    context.call.spawn(work())
    try:
        async with asyncio.timeout_at(until):
            outcome = await asyncio.shield(done)
    except TimeoutError:
        return (await commands.find(context.store, begun.record.id) or begun).record
    if isinstance(outcome, Exception):
        raise outcome
    return outcome.record
