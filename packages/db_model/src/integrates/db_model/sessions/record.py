"""Sessions as items of the store, listed by person (facet ``session``)."""

from typing import Final

import msgspec

from integrates.db_model.entity.facet import design_of, id_of, index_key, key_of
from integrates.db_model.errors import Corrupt
from integrates.db_model.sessions.types import Session
from integrates.db_model.store.port import Expect, Item, Key, Put, Value
from integrates.db_model.values.instant import instant_text

_FACET: Final = "session"


def session_key(digest: str) -> Key:
    """Return the key of a session, by the hash of its id."""
    return key_of(_FACET, {"hash": digest})


def session_put(session: Session, expect: Expect) -> Put:
    """Return the write that stores a session at its version."""
    attributes: dict[str, Value] = {
        "email": session.email,
        "created_at": instant_text(session.created_at),
        "last_seen": instant_text(session.last_seen),
        "state": {"status": "ACTIVE"},
    }
    variables = {"hash": session.hash, "email": session.email}
    listed = {number: index_key(template, variables) for number, template in design_of(_FACET).indexes.items()}
    return Put(Item(session_key(session.hash), session.version, attributes, listed), expect)


def session_of(item: Item | None) -> Session | None:
    """Return the session in an item. Raise ``Corrupt`` when the item is none."""
    if item is None:
        return None
    try:
        return msgspec.convert({**item.attributes, "hash": id_of(item.key), "version": item.version}, Session)
    except msgspec.ValidationError as error:
        raise Corrupt(_FACET, item.key.pk, str(error)) from error
