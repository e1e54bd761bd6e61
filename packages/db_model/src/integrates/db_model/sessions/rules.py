"""How long a session lives (domain section 10.2)."""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from integrates.db_model.sessions.types import Session
from integrates.db_model.values.instant import is_ahead

IDLE: Final = timedelta(minutes=40)
"""A session that is not used for this long has ended."""
ABSOLUTE: Final = timedelta(hours=12)
"""A session ends after this time, used or not."""
SEEN_EVERY: Final = timedelta(minutes=1)
"""That a session was used is written at most this often."""


def is_alive(session: Session, now: datetime) -> bool:
    """Return whether the session is within its idle and absolute life; dates of a clock that was ahead do not count (E15)."""
    return is_ahead(session.last_seen + IDLE, now, IDLE) and is_ahead(session.created_at + ABSOLUTE, now, ABSOLUTE)


def expiry_of(session: Session) -> datetime:
    """Return when the session ends unless it is used in the meantime."""
    return min(session.last_seen + IDLE, session.created_at + ABSOLUTE)


def acknowledged(session: Session) -> Session:
    """Return the session of a person who knows that it ended another; the same object when there is nothing to know."""
    if not session.is_concurrent:
        return session
    return replace(session, is_concurrent=False, version=session.version + 1)


def used(session: Session, now: datetime) -> Session:
    """Return the session as seen ``now``, or the same object when it was seen less than :data:`SEEN_EVERY` ago."""
    if now - session.last_seen < SEEN_EVERY:
        return session
    return replace(session, last_seen=now, version=session.version + 1)
