"""Opening, using and ending sessions: a person has one at a time."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from integrates.db_model.entity import claim
from integrates.db_model.entity.facet import id_of
from integrates.db_model.entity.listing import everywhere
from integrates.db_model.entity.read import pages, pages_of_each
from integrates.db_model.entity.transaction import repeated
from integrates.db_model.errors import Conflict, NotFound, Raced
from integrates.db_model.sessions import rules
from integrates.db_model.sessions.record import session_key, session_of, session_put, sessions_of
from integrates.db_model.sessions.types import Session
from integrates.db_model.store.port import ABSENT, ANYTHING, Change, Delete, Key, Store, Version

_KIND: Final = "live_session"


def session_claim(email: str) -> Key:
    """Return the key of the claim that names the live session of a person."""
    return claim.claim_key(_KIND, email)


async def open_session(store: Store, email: str, digest: str, now: datetime) -> Session:
    """Store a session of the person and end the one before, in one transaction; return it.

    ``digest`` is the SHA-256 of its id. When the one before was alive, the new one tells so until that is
    acknowledged. Raise ``Raced`` when others change the person's session at the same time, again and again.
    """

    async def attempt() -> Session:
        held = await _held(store, email)
        before = session_key(held.owner) if held and not held.freed else None
        ended = () if before is None else (Delete(before, ANYTHING),)
        is_concurrent = before is not None and await _is_alive(store, before, now)
        session = Session(hash=digest, email=email, created_at=now, last_seen=now, is_concurrent=is_concurrent)
        taken = claim.taken(session_claim(email), _KIND, session.hash, held)
        await _write(store, email, session_put(session, ABSENT), taken, *ended)
        return session

    return await repeated(attempt)


async def find_session(store: Store, digest: str, now: datetime) -> Session | None:
    """Return the live session of that hash, noting now and then that it was used."""
    session = await _read(store, session_key(digest))
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


async def look_at_session(store: Store, digest: str, now: datetime) -> Session | None:
    """Return the live session of that hash, without noting that it was used: who only watches does not keep it alive."""
    session = await _read(store, session_key(digest))
    return session if session is not None and rules.is_alive(session, now) else None


async def acknowledge(store: Store, email: str, digest: str) -> Session:
    """Note that the person knows that the session of that hash ended another; return the session as stored.

    Raise ``NotFound`` when it has ended itself, ``Raced`` as :func:`open_session` does.
    """

    async def attempt() -> Session:
        latest = await _read(store, session_key(digest))
        if latest is None or latest.email != email:
            raise NotFound("session", digest)
        told = rules.acknowledged(latest)
        if told is not latest:
            await _write(store, email, session_put(told, Version(latest.version)))
        return told

    return await repeated(attempt)


async def close_everywhere(store: Store, email: str) -> None:
    """End the session of a person, whichever browser holds it, and delete what is left of earlier ones.

    Raise ``Raced`` as :func:`open_session` does.
    """

    async def attempt() -> None:
        held = await _held(store, email)
        live = held if held and not held.freed else None
        (listed,) = await store.query((sessions_of(email),))
        keys = {item.key for item in listed.items} | ({session_key(live.owner)} if live else set())
        ended = [Delete(key, ANYTHING) for key in keys][: store.max_changes - 1]
        freed = (claim.freed(session_claim(email), _KIND, live),) if live else ()
        if ended:
            await _write(store, email, *ended, *freed)

    await repeated(attempt)


async def forget_ended(store: Store, now: datetime, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Delete the sessions that have ended by themselves; return how many. A store with ``purge_at`` does most of it alone.

    Whoever logs in again takes the earlier session away, so there is at most one of each person. Stop between two sessions when
    ``is_stopping`` says so.
    """
    deleted = 0
    for query in everywhere("stakeholder", "stakeholders_of_platform"):
        async for people in pages(store, query):
            for session in await _ended(store, [id_of(item.key) for item in people], now):
                if is_stopping():
                    return deleted
                await close_session(store, session)
                deleted += 1
    return deleted


async def close_session(store: Store, session: Session) -> None:
    """End a session; ending it twice is no error. Raise ``Raced`` as :func:`open_session` does."""

    async def attempt() -> None:
        held = await _held(store, session.email)
        own = held if held and held.owner == session.hash else None
        freed = (claim.freed(session_claim(session.email), _KIND, own),) if own else ()
        await _write(store, session.email, Delete(session_key(session.hash), ANYTHING), *freed)

    await repeated(attempt)


async def _read(store: Store, key: Key) -> Session | None:
    (item,) = await store.get((key,))
    return session_of(item)


async def _is_alive(store: Store, key: Key, now: datetime) -> bool:
    session = await _read(store, key)
    return session is not None and rules.is_alive(session, now)


async def _ended(store: Store, emails: Sequence[str], now: datetime) -> list[Session]:
    """Return the sessions of some people that have ended by themselves."""
    queries = [sessions_of(email) for email in emails]
    items = [item async for _, page in pages_of_each(store.query, queries) for item in page]
    found = [session for item in items if (session := session_of(item))]
    return [session for session in found if not rules.is_alive(session, now)]


async def _write(store: Store, email: str, *changes: Change) -> None:
    try:
        await store.write(changes)
    except Conflict as conflict:
        raise Raced(email) from conflict


async def _held(store: Store, email: str) -> claim.Held | None:
    (item,) = await store.get((session_claim(email),))
    return claim.held_of(item)
