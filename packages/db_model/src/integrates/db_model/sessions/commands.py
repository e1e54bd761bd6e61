"""Opening, using and ending sessions: a person has one at a time."""

from datetime import datetime
from typing import Final

from integrates.db_model.entity import claim
from integrates.db_model.entity.transaction import repeated
from integrates.db_model.errors import Conflict, Raced
from integrates.db_model.sessions import rules
from integrates.db_model.sessions.record import session_key, session_of, session_put
from integrates.db_model.sessions.types import Session
from integrates.db_model.store.port import ABSENT, ANYTHING, Change, Delete, Key, Store, Version

_KIND: Final = "live_session"


async def open_session(store: Store, email: str, digest: str, now: datetime) -> Session:
    """Store a session of the person and end the one before, in one transaction; return it.

    ``digest`` is the SHA-256 of its id. Raise ``Raced`` when others change the person's session at the same time, again and
    again.
    """
    session = Session(hash=digest, email=email, created_at=now, last_seen=now)

    async def attempt() -> Session:
        held = await _held(store, email)
        ended = (Delete(session_key(held.owner), ANYTHING),) if held and not held.freed else ()
        taken = claim.taken(_claim(email), _KIND, session.hash, held)
        await _write(store, email, session_put(session, ABSENT), taken, *ended)
        return session

    return await repeated(attempt)


async def find_session(store: Store, digest: str, now: datetime) -> Session | None:
    """Return the live session of that hash, noting now and then that it was used."""
    (item,) = await store.get((session_key(digest),))
    session = session_of(item)
    if session is None or not rules.is_alive(session, now):
        return None
    used = rules.used(session, now)
    if used is session:
        return session
    try:
        await store.write((session_put(used, Version(session.version)),))
    except Conflict:
        return session  # another request noted it or ended the session, which the next request finds out
    return used


async def close_session(store: Store, session: Session) -> None:
    """End a session; ending it twice is no error. Raise ``Raced`` as :func:`open_session` does."""

    async def attempt() -> None:
        held = await _held(store, session.email)
        own = held if held and held.owner == session.hash else None
        freed = (claim.freed(_claim(session.email), _KIND, own),) if own else ()
        await _write(store, session.email, Delete(session_key(session.hash), ANYTHING), *freed)

    await repeated(attempt)


async def _write(store: Store, email: str, *changes: Change) -> None:
    try:
        await store.write(changes)
    except Conflict as conflict:
        raise Raced(email) from conflict


def _claim(email: str) -> Key:
    return claim.claim_key(_KIND, email)


async def _held(store: Store, email: str) -> claim.Held | None:
    (item,) = await store.get((_claim(email),))
    return claim.held_of(item)
