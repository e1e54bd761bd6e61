"""The record of an import: pure changes of it as the work goes on."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from integrates.db_model.imports.types import (
    Import,
    ImportCounts,
    ImportPosition,
    ImportState,
    ImportStatus,
)

LEASE: Final = timedelta(seconds=60)
"""How long a worker may be silent before another may take up the work."""
MAX_ATTEMPTS: Final = 5
"""How often one chunk is taken up before the import fails."""


def is_running(record: Import) -> bool:
    """Tell whether the import is not finished."""
    return record.state.status is ImportStatus.RUNNING


def is_leased(record: Import, now: datetime) -> bool:
    """Tell whether a worker holds the import at that moment."""
    return is_running(record) and record.progress.lease_until > now


def _plus(one: ImportCounts, other: ImportCounts) -> ImportCounts:
    return ImportCounts(**{name: getattr(one, name) + getattr(other, name) for name in one.__struct_fields__})


def advanced(record: Import, position: ImportPosition, counts: ImportCounts, at: datetime) -> Import:
    """Record a chunk that is done: the next position, what it counted, and a fresh lease."""
    progress = msgspec.structs.replace(
        record.progress,
        position=position,
        counts=_plus(record.progress.counts, counts),
        attempts=0,
        lease_until=at + LEASE,
    )
    return msgspec.structs.replace(record, progress=progress)


def taken_up(record: Import, at: datetime) -> Import:
    """Record that another worker takes up the work where it was left."""
    progress = msgspec.structs.replace(record.progress, attempts=record.progress.attempts + 1, lease_until=at + LEASE)
    return msgspec.structs.replace(record, progress=progress)


def _ended(record: Import, state: ImportState, at: datetime) -> Import:
    progress = msgspec.structs.replace(record.progress, finished_at=at, lease_until=at)
    return msgspec.structs.replace(record, state=state, progress=progress)


def completed(record: Import, position: ImportPosition, by: str, at: datetime) -> Import:
    """Record that everything is done: the position is the end, also of a file that gave no work."""
    done = msgspec.structs.replace(record, progress=msgspec.structs.replace(record.progress, position=position))
    return _ended(done, ImportState(status=ImportStatus.COMPLETED, at=at, by=by), at)


def failed(record: Import, reason: str, by: str, at: datetime) -> Import:
    """Record that the import ends early; the chunks done so far stay."""
    return _ended(record, ImportState(status=ImportStatus.FAILED, at=at, by=by, reason=reason), at)
