"""Uniqueness claims: items that say which entity holds a value that only one entity may hold.

The item of a claim that is freed stays, marked as free. Taking the value again expects the item's version, so that one of two
who take it at once is refused.
"""

from functools import lru_cache
from hashlib import sha256
from typing import TypeAlias

import msgspec

from integrates.db_model.errors import Corrupt
from integrates.db_model.store.body import Body, raw_of
from integrates.db_model.store.design import design
from integrates.db_model.store.port import ABSENT, Item, Key, Put, Version
from integrates.db_model.store.template import builder

Kind: TypeAlias = str
"""What must be unique, e.g. ``root_nickname``. Facets name the kinds of their claims."""


class Held(msgspec.Struct, frozen=True):
    """A claim as read: the entity that holds the value, or held it last, and the version that a change of the claim expects."""

    owner: str
    version: int
    freed: bool = False


@lru_cache(maxsize=1_024)
def claim_key(kind: Kind, *value: str) -> Key:
    """Return the key of the claim of a value, which is one text or several that are unique together."""
    text = msgspec.json.encode(value)
    facet = design().facets["claim"]
    pk = builder(facet.key.pk)({"kind": kind, "value_hash": sha256(text).hexdigest()})
    return Key(pk, pk, facet.table)


def taken(key: Key, kind: Kind, owner: str, held: Held | None) -> Put:
    """Return the write that claims a value for ``owner``, in place of the holder that was read, if there is or was one."""
    attributes = Body(raw_of({"kind": kind, "owner": owner}))
    if held is None:
        return Put(Item(key, 1, attributes), ABSENT)
    return Put(Item(key, held.version + 1, attributes), Version(held.version))


def freed(key: Key, kind: Kind, held: Held) -> Put:
    """Return the write that frees a value. The item stays."""
    return Put(Item(key, held.version + 1, {"kind": kind, "owner": held.owner, "freed": True}), Version(held.version))


def held_of(item: Item | None) -> Held | None:
    """Return the claim in an item; ``None`` when the value was never claimed. Raise ``Corrupt`` when it is no claim."""
    if item is None:
        return None
    owner, is_free = item.attributes.get("owner"), item.attributes.get("freed", False)
    if not isinstance(owner, str) or not isinstance(is_free, bool):
        raise Corrupt("claim", item.key.pk)
    return Held(owner, item.version, is_free)


def holder_of(item: Item | None) -> str | None:
    """Return the id of the entity that holds the value; ``None`` when nobody does."""
    held = held_of(item)
    return None if held is None or held.freed else held.owner
