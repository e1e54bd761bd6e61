"""Sessions: no entities, hence without revisions (domain rule E10)."""

from datetime import datetime

import msgspec


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """An open session; ``hash`` is the SHA-256 in hex of the id that only the person's browser holds.

    ``is_concurrent`` tells that it ended another session of the person, who has not acknowledged that yet.
    """

    hash: str
    email: str
    created_at: datetime
    last_seen: datetime
    is_concurrent: bool = False
    version: int = 1
