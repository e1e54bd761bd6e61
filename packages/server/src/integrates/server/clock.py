"""The clock and the ids of the running service, which everything below takes as arguments."""

import uuid
from datetime import UTC, datetime


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A fresh lower-case UUID of version 4."""
    return str(uuid.uuid4())
