"""Waiting for the work of an import of either kind, which goes on in the background when that takes too long."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from msgspec import Struct

from integrates.api.context import Context
from integrates.db_model.entity import read
from integrates.db_model.entity.facet import E, Facet
from integrates.db_model.errors import StoreError, Unavailable
from integrates.db_model.store.port import Key

R = TypeVar("R")

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


class Begun(Struct, Generic[R], frozen=True):
    """Long work as it is now, and whether the caller is the one to do it."""

    running: R
    mine: bool


class Kind(Struct, Generic[E, R], frozen=True):
    """What is waited for: the facet of its record, the key of one, and what does its work to the end."""

    facet: Facet[E]
    key: Callable[[str], Key]
    record: Callable[[R], E]
    run: Callable[[R], Awaitable[R]]


async def _latest(context: Context, kind: Kind[E, R], record: E) -> E:
    """Read the record as it is now; what is known of it is a good answer, too."""
    try:
        return await read.get(context.store, kind.facet, kind.key(kind.facet.identity(record))) or record
    except StoreError:
        return record


async def finished(context: Context, kind: Kind[E, R], beginning: Awaitable[Begun[R]]) -> E:
    """Begin long work and do it in the background: no end of the request comes between the two.

    Return the record when it has ended or the work is cancelled, after ``PATIENCE``, or well before the request's deadline. An
    error that interrupts the work before that is raised; a later one is only logged.
    """
    loop = asyncio.get_running_loop()
    patient = loop.time() + PATIENCE
    begun: asyncio.Future[Begun[R] | Exception] = loop.create_future()
    done: asyncio.Future[R | Exception | None] = loop.create_future()

    async def work() -> None:
        try:
            found = await beginning
        except Exception as error:  # noqa: BLE001 -- it is raised in the request
            begun.set_result(error)
        else:
            begun.set_result(found)
            outcome = await _outcome(context, kind, found)
            done.set_result(outcome)
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
        return kind.record(found.running)
    try:
        async with asyncio.timeout_at(min(patient, loop.time() + (context.call.ends_at - loop.time()) * _SHARE)):
            outcome = await asyncio.shield(done)
    except TimeoutError:
        return await _latest(context, kind, kind.record(found.running))
    if isinstance(outcome, Exception):
        raise outcome
    return kind.record(outcome) if outcome is not None else await _latest(context, kind, kind.record(found.running))


async def _outcome(context: Context, kind: Kind[E, R], found: Begun[R]) -> R | Exception | None:
    if not found.mine:
        return None
    try:
        return await kind.run(found.running)
    except Exception as error:  # noqa: BLE001 -- it is raised in the request, or logged when that is over
        _LOG.warning("an import was interrupted", exc_info=error, extra={"request_id": context.call.request_id})
        return error
