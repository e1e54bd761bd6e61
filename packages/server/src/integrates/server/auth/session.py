"""Sessions of people who logged in with a browser (domain section 10.2)."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from integrates.db_model.entity import claim
from integrates.db_model.entity.facet import design_of, index_key, key_of
from integrates.db_model.errors import Conflict
from integrates.db_model.store.port import ABSENT, ANYTHING, Change, Delete, Item, Key, Put, Store, Value, Version
from integrates.db_model.values.instant import instant_text, is_ahead

IDLE: Final = timedelta(minutes=40)
ABSOLUTE: Final = timedelta(hours=12)
SEEN_EVERY: Final = timedelta(minutes=1)
"""A session's ``last_seen`` is written at most this often."""
ID_BYTES: Final = 32
ATTEMPTS: Final = 3
_FACET: Final = "session"
_KIND: Final = "live_session"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """An open session; ``hash`` is the SHA-256 in hex of the id that only the cookie holds."""

    hash: str
    email: str
    created_at: datetime
    last_seen: datetime
    version: int = 1


def new_session_id() -> str:
    """Return 256 random bits for a cookie."""
    return secrets.token_urlsafe(ID_BYTES)


def hash_session_id(session_id: str) -> str:
    """Return what is stored of a cookie: its SHA-256 in hex."""
    return hashlib.sha256(session_id.encode()).hexdigest()


def is_alive(session: Session, now: datetime) -> bool:
    """Return whether the session is within its idle and absolute life; dates of a clock that was ahead do not count (E15)."""
    return is_ahead(session.last_seen + IDLE, now, IDLE) and is_ahead(session.created_at + ABSOLUTE, now, ABSOLUTE)


async def open_session(store: Store, email: str, session_id: str, now: datetime) -> Session:
    """Store a session of the person and end the one before, in one transaction, and return it.

    Raise ``Conflict`` when others change the person's session at the same time, again and again.
    """
    session = Session(hash=hash_session_id(session_id), email=email, created_at=now, last_seen=now)

    async def attempt() -> None:
        held = await _held(store, email)
        ended = (Delete(_key(held.owner), ANYTHING),) if held and not held.freed else ()
        taken = claim.taken(_claim(email), _KIND, session.hash, held)
        await store.write((Put(_item(session), ABSENT), taken, *ended))

    await _repeated(attempt)
    return session


async def find_session(store: Store, session_id: str, now: datetime) -> Session | None:
    """Return the live session behind a cookie, noting at most every :data:`SEEN_EVERY` that it was seen."""
    key = _key(hash_session_id(session_id))
    item = (await store.get((key,)))[0]
    session = _session(item) if item else None
    if session is None or not is_alive(session, now):
        return None
    return await _seen(store, session, now)


async def close_session(store: Store, session: Session) -> None:
    """End a session; ending it twice is no error. Raise ``Conflict`` as :func:`open_session` does."""

    async def attempt() -> None:
        held = await _held(store, session.email)
        own = held if held and held.owner == session.hash else None
        freed: tuple[Change, ...] = (claim.freed(_claim(session.email), _KIND, own),) if own else ()
        await store.write((Delete(_key(session.hash), ANYTHING), *freed))

    await _repeated(attempt)


async def _seen(store: Store, session: Session, now: datetime) -> Session:
    if now - session.last_seen < SEEN_EVERY:
        return session
    seen = msgspec.structs.replace(session, last_seen=now, version=session.version + 1)
    try:
        await store.write((Put(_item(seen), Version(session.version)),))
    except Conflict:
        return session  # another request noted it or ended the session, which the next request finds out
    return seen


async def _repeated(attempt: Callable[[], Awaitable[None]]) -> None:
    for _ in range(ATTEMPTS - 1):
        try:
            return await attempt()
        except Conflict:
            continue
    return await attempt()


def _claim(email: str) -> Key:
    return claim.claim_key(_KIND, email)


async def _held(store: Store, email: str) -> claim.Held | None:
    (item,) = await store.get((_claim(email),))
    return claim.held_of(item)


def _key(digest: str) -> Key:
    return key_of(_FACET, {"hash": digest})


def _item(session: Session) -> Item:
    variables = {"hash": session.hash, "email": session.email}
    attributes: dict[str, Value] = {
        "email": session.email,
        "created_at": instant_text(session.created_at),
        "last_seen": instant_text(session.last_seen),
        "state": {"status": "ACTIVE"},
    }
    listed = {number: index_key(template, variables) for number, template in design_of(_FACET).indexes.items()}
    return Item(_key(session.hash), session.version, attributes, listed)


def _session(item: Item) -> Session:
    return msgspec.convert({**item.attributes, "hash": item.key.pk.partition("#")[2], "version": item.version}, Session)
