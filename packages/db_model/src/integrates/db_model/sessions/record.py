"""Sessions as items of the store, listed by person (facet ``session``)."""

import math
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from integrates.db_model.entity.facet import design_of, id_of, index_key, key_of
from integrates.db_model.entity.listing import listing
from integrates.db_model.errors import Corrupt
from integrates.db_model.sessions.rules import expiry_of
from integrates.db_model.sessions.types import Session
from integrates.db_model.store.port import Expect, Item, Key, Put, Query, Value
from integrates.db_model.values.instant import SKEW, instant_text

_FACET: Final = "session"


class _State(Struct, frozen=True):
    is_concurrent: bool = False


class _Record(Struct, frozen=True, kw_only=True):
    email: str
    created_at: datetime
    last_seen: datetime
    state: _State


def session_key(digest: str) -> Key:
    """Return the key of a session, by the hash of its id."""
    return key_of(_FACET, {"hash": digest})


def session_put(session: Session, expect: Expect) -> Put:
    """Return the write that stores a session at its version.

    ``purge_at`` is when a store that can do so may delete the item by itself, in seconds since 1970: no clock of ours takes the
    session for alive then.
    """
    purge_at = expiry_of(session) + SKEW
    attributes: dict[str, Value] = {
        "email": session.email,
        "created_at": instant_text(session.created_at),
        "last_seen": instant_text(session.last_seen),
        "state": {"status": "ACTIVE", "is_concurrent": session.is_concurrent},
        "purge_at": math.ceil(purge_at.timestamp()),
    }
    variables = {"hash": session.hash, "email": session.email}
    listed = {number: index_key(template, variables) for number, template in design_of(_FACET).indexes.items()}
    return Put(Item(session_key(session.hash), session.version, attributes, listed), expect)


def session_of(item: Item | None) -> Session | None:
    """Return the session in an item. Raise ``Corrupt`` when the item is none."""
    if item is None:
        return None
    try:
        read = msgspec.convert(item.attributes, _Record)
    except msgspec.ValidationError as error:
        raise Corrupt(_FACET, item.key.pk, str(error)) from error
    return Session(
        hash=id_of(item.key),
        email=read.email,
        created_at=read.created_at,
        last_seen=read.last_seen,
        is_concurrent=read.state.is_concurrent,
        version=item.version,
    )


def sessions_of(email: str) -> Query:
    """Return the query of the sessions of a person, ended ones too: at most one is alive."""
    return listing(_FACET, "sessions_of_stakeholder", {"email": email})
