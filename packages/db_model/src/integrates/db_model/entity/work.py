"""Long work: whoever does it holds a lease, which another worker takes over when it has lapsed. Pure."""

from datetime import datetime, timedelta
from typing import Final, Protocol

from integrates.db_model.errors import ModelError
from integrates.db_model.values.instant import is_ahead

LEASE: Final = timedelta(seconds=60)
"""How long a worker may be silent before another may take up the work."""


class Overtaken(ModelError):
    """Another worker has moved the progress of the work: this one has to stop."""


class Leased(Protocol):
    """How far long work has come."""

    @property
    def lease_until(self) -> datetime:
        """When the lease of the worker ends."""


def is_leased(progress: Leased, now: datetime) -> bool:
    """Return whether a worker holds unfinished work at that moment.

    A lease that ends later than one given now would, was given by a clock that went wrong, and does not count (E15).
    """
    return is_ahead(progress.lease_until, now, LEASE)
