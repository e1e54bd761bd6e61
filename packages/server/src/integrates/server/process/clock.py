"""The clock and the ids of the running service, which everything below takes as arguments."""

import sys
from datetime import UTC, datetime

if sys.version_info >= (3, 14):
    from uuid import uuid7
else:
    from uuid_utils import uuid7


def now() -> datetime:
    """Return the current moment, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """Return a fresh UUID of version 7 in lower case: later ones sort behind earlier ones, also within a millisecond."""
    return str(uuid7())
