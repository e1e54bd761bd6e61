"""Whether the store does what it should: what its latest calls say, and what a probe of those that failed says."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from integrates.db_model.errors import Gone, StoreError, Unavailable, Unfit
from integrates.db_model.store.design import Design, design
from integrates.db_model.store.port import ANYTHING, Add, Delete, Key, Query, Store, Table

T = TypeVar("T")
A = TypeVar("A")

PATIENCE: Final = 2.0
"""Seconds within which a store answers that does what it should."""
HOLD: Final = 5.0
"""Seconds for which a failed call counts, unless the next of its kind succeeds."""
_PROBE: Final = "READYZ"
"""Partition and sort key of the item that probes read and write. It is there for a moment only."""

logger = logging.getLogger(__name__)


class Condition(msgspec.Struct, frozen=True):
    """A ``store`` whose calls are noted, and ``is_well``, which returns whether it does what it should."""

    store: Store
    is_well: Callable[[], Awaitable[bool]]


def _probe_queries(known: Design) -> tuple[Query, ...]:
    """Return a query on each table and index of the design, which finds nothing."""
    patterns = {(facet.table, each.index): each.name for facet in known.facets.values() for each in facet.patterns}
    return tuple(Query(pattern=name, table=table, index=index, pk=_PROBE, limit=1) for (table, index), name in patterns.items())


def _probes(store: Store, known: Design) -> Mapping[str, Callable[[], Awaitable[object]]]:
    """Return, by the function of the store, a call of it that shows whether it works."""
    tables: Sequence[Table] = [table.name for table in known.tables.values()]
    keys = [Key(_PROBE, _PROBE, table) for table in tables]

    async def write() -> None:
        await store.write([Add(key, {"probes": 1}, {}, ANYTHING) for key in keys])
        await store.write([Delete(key, ANYTHING) for key in keys])

    return {"get": lambda: store.get(keys), "query": lambda: store.query(_probe_queries(known)), "write": write}


class _Notes(msgspec.Struct, frozen=True):
    """When the latest call of a function failed, if it did; why the store is gone, if it is; and the monotonic clock."""

    failed: dict[str, float]
    gone: list[Gone]
    seconds: Callable[[], float]


def _note_gone(notes: _Notes, error: Gone) -> None:
    if not notes.gone:
        notes.gone.append(error)
        logger.error(
            "The store is gone: %s. Nothing is read or written any more. "
            "Stop the service, put the store back or restore it from a backup, then start the service again.",
            error.reason,
        )


def _noted(notes: _Notes, name: str, call: Callable[[A], Awaitable[T]], patience: float) -> Callable[[A], Awaitable[T]]:
    async def note(argument: A) -> T:
        begun = notes.seconds()
        try:
            answer = await call(argument)
        except Gone as error:
            _note_gone(notes, error)
            raise
        except (Unavailable, Unfit):
            notes.failed[name] = notes.seconds()
            raise
        except StoreError:  # a refusal, such as a conflict, is an answer
            notes.failed.pop(name, None)
            raise
        except asyncio.CancelledError:
            if notes.seconds() - begun >= patience:
                notes.failed[name] = notes.seconds()
            raise
        notes.failed.pop(name, None)
        return answer

    return note


async def _answers(notes: _Notes, probes: Sequence[Callable[[], Awaitable[object]]], patience: float) -> bool:
    try:
        async with asyncio.timeout(patience):
            for probe in probes:
                await probe()
    except Gone as error:
        _note_gone(notes, error)
        return False
    except (StoreError, TimeoutError):
        return False
    return True


def observed(store: Store, seconds: Callable[[], float], *, patience: float = PATIENCE, hold: float = HOLD) -> Condition:
    """Return the condition of a store. ``seconds`` is a monotonic clock.

    The store is well when it answers a read within ``patience`` seconds, and the latest call of each of its functions did not
    fail. A failed call counts for ``hold`` seconds; after that the function is tried by a probe, because a service that is not
    ready gets no calls which could succeed. A refusal, such as a conflict, is an answer; a call that is cancelled after it was
    waited for ``patience`` seconds has failed. A store that is ``Gone`` is never well again, and is not asked any more; that
    is logged once.
    """
    notes = _Notes({}, [], seconds)
    probes = _probes(store, design())

    async def is_well() -> bool:
        now, failed = seconds(), notes.failed
        if notes.gone or any(now - at < hold for at in failed.values()):
            return False
        tried = dict.fromkeys(failed, now)
        failed.update(tried)  # others who ask meanwhile need not try, too
        if not await _answers(notes, [probes[name] for name in {"get": now, **tried}], patience):
            return False
        for name in tried:
            if failed.get(name) == now:
                del failed[name]
        return not (notes.gone or failed)

    get, query, write = (
        _noted(notes, "get", store.get, patience),
        _noted(notes, "query", store.query, patience),
        _noted(notes, "write", store.write, patience),
    )
    return Condition(replace(store, get=get, query=query, write=write), is_well)
