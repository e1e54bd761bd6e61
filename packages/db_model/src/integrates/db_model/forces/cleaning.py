"""Deleting logs that no verdict refers to (E8): those of calls whose outcome nobody knew, and that were not sent again.

Each call that brings a log has a key of its own, so nothing can begin to refer to a file that is being deleted. A log of a
group that the store does not know belongs to another store: it is kept and counted.
"""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from integrates.db_model.entity import read
from integrates.db_model.errors import ModelError
from integrates.db_model.evidences.cleaning import AT_ONCE, KEPT_FOR, Cleaned
from integrates.db_model.files.port import Files
from integrates.db_model.forces.facet import FORCES_EXECUTION, forces_execution_key
from integrates.db_model.forces.rules import FOLDER, MOMENT, log_key
from integrates.db_model.groups.facet import group_key
from integrates.db_model.store.port import Item, Store

_KEY: Final = re.compile(rf"{FOLDER}([a-z0-9-]+)/([A-Za-z0-9-]{{8,64}})/([0-9]{{8}}T[0-9]{{12}}Z)-[0-9a-f]{{64}}")


class _Log(Struct, frozen=True):
    """What the key of a log tells."""

    key: str
    group_name: str
    execution_id: str


async def clean_up_logs(
    store: Store, files: Files, now: datetime, *, is_stopping: Callable[[], bool] = lambda: False
) -> Cleaned:
    """Delete the logs that are older than ``KEPT_FOR`` and that no verdict refers to; repeating it deletes nothing more.

    Logs are looked at while they are being listed, ``AT_ONCE`` at a time. Stop between two of them when ``is_stopping`` says
    so. Raise the error of a store that does not answer.
    """
    made = Cleaned()
    async for logs in _old(files, now - KEPT_FOR, is_stopping):
        keys = [
            key for one in logs for key in (forces_execution_key(one.group_name, one.execution_id), group_key(one.group_name))
        ]
        found = iter(await store.get(keys))
        for log, execution, group in zip(logs, found, found, strict=True):
            if is_stopping():
                return made
            made = await _cleaned(files, made, log, execution, group)
    return made


async def _cleaned(files: Files, made: Cleaned, log: _Log, execution: Item | None, group: Item | None) -> Cleaned:
    """Delete a log unless the verdict refers to it, and return what has been made by then."""
    if group is None:
        return Cleaned(made.deleted, made.unknown + 1, made.refused)
    known = read.attempted(FORCES_EXECUTION, execution)
    if isinstance(known, ModelError):
        return Cleaned(made.deleted, made.unknown, {**made.refused, log.execution_id: known})
    if known is not None and log_key(known) == log.key:
        return made
    await files.delete(log.key)
    return Cleaned(made.deleted + 1, made.unknown, made.refused)


async def _old(files: Files, before: datetime, is_stopping: Callable[[], bool]) -> AsyncIterator[Sequence[_Log]]:
    """Yield the logs that came before a moment, some at a time, as they are listed."""
    some: tuple[_Log, ...] = ()
    async for key in files.keys(FOLDER):
        if is_stopping():
            return
        log = _logged(key, before)
        some = some if log is None else (*some, log)
        if len(some) == AT_ONCE:
            yield some
            some = ()
    if some:
        yield some


def _logged(key: str, before: datetime) -> _Log | None:
    """Return what the key of a log tells; ``None`` when it is none, or came later."""
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    try:
        at = datetime.strptime(found[3], MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None
    return _Log(key, found[1], found[2]) if at <= before else None
