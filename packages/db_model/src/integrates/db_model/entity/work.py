"""Long work: whoever does it holds a lease, which another worker takes over when it has lapsed. Pure."""

from datetime import datetime, timedelta
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.errors import ModelError
from integrates.db_model.values.instant import SKEW, is_ahead

LEASE: Final = timedelta(seconds=60)
"""How long a worker may be silent before another may take up the work."""
MAX_ATTEMPTS: Final = 5
"""How often one chunk of an import of either kind is taken up before the import fails."""


class Overtaken(ModelError):
    """Another worker has moved the progress of the work: this one has to stop."""


class LongWork(Struct, frozen=True, kw_only=True, gc=False):
    """What every progress tells: of the worker and the end of its lease, and how often what is in work was taken up.

    ``worker`` is who holds the lease. ``version`` is that of the item, 0 before it is stored.
    """

    lease_until: datetime
    attempts: int = 0
    worker: str = ""
    version: int = 0


W = TypeVar("W", bound=LongWork)


def is_leased(progress: LongWork, now: datetime) -> bool:
    """Return whether a worker holds unfinished work at that moment.

    A lease that ends later than one given now would, was given by a clock that went wrong, and does not count (E15).
    """
    return is_ahead(progress.lease_until, now, LEASE)


def taken_up(progress: W, at: datetime, worker: str) -> W:
    """Record that a worker takes up the work where it was left."""
    return replace(progress, attempts=progress.attempts + 1, lease_until=at + LEASE, worker=worker)


def given_back(progress: W, at: datetime) -> W:
    """End the lease before its time, also for a worker whose clock is behind."""
    return replace(progress, lease_until=at - SKEW)


def may_be_taken_up(progress: LongWork) -> bool:
    """Return whether another worker may try the chunk in work once more."""
    return progress.attempts < MAX_ATTEMPTS
