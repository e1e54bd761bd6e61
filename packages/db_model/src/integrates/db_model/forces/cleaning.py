"""Deleting logs that no verdict refers to (E8): those of calls whose outcome nobody knew, and that were not sent again.

Each call that brings a log has a key of its own, so nothing can begin to refer to a file that is being deleted. A log of a
group that the store does not know belongs to another store: it is kept and counted.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.entity import read
from integrates.db_model.errors import ModelError
from integrates.db_model.evidences.cleaning import KEPT_FOR, Cleaned, old_files
from integrates.db_model.files.moment import MOMENT, moment_in
from integrates.db_model.files.port import Files
from integrates.db_model.forces.facet import FORCES_EXECUTION, forces_execution_key
from integrates.db_model.forces.rules import FOLDER, log_key
from integrates.db_model.groups.facet import group_key
from integrates.db_model.store.port import Item, Store

_KEY: Final = re.compile(rf"{FOLDER}([a-z0-9-]+)/([A-Za-z0-9-]{{8,64}})/({MOMENT})-[0-9a-f]{{64}}")


class _Log(Struct, frozen=True):
    """What the key of a log tells."""

    key: str
    group_name: str
    execution_id: str
    at: datetime


async def clean_up_logs(
    store: Store, files: Files, now: datetime, *, is_stopping: Callable[[], bool] = lambda: False
) -> Cleaned:
    """Delete the logs that are older than ``KEPT_FOR`` and that no verdict refers to; repeating it deletes nothing more.

    Logs are looked at while they are being listed, ``AT_ONCE`` at a time. Stop between two of them when ``is_stopping`` says
    so. Raise the error of a store that does not answer.
    """
    made = Cleaned()
    async for logs in old_files(files, FOLDER, _logged, now - KEPT_FOR, is_stopping):
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
        return replace(made, unknown=made.unknown + 1)
    known = read.attempted(FORCES_EXECUTION, execution)
    if isinstance(known, ModelError):
        return replace(made, refused={**made.refused, log.execution_id: known})
    if known is not None and log_key(known) == log.key:
        return made
    await files.delete(log.key)
    return replace(made, deleted=made.deleted + 1)


def _logged(key: str) -> _Log | None:
    """Return what the key of a log tells; ``None`` when it is none."""
    found = _KEY.fullmatch(key)
    at = moment_in(found[3]) if found else None
    return _Log(key, found[1], found[2], at) if found and at else None
