"""Uniqueness claims: items that say which entity holds a value that may stand only once."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Literal, TypeAlias

import msgspec

from integrates.db_model.entity.facet import key_of
from integrates.db_model.store.port import ABSENT, Delete, Item, Key, Put, Store, Version

Kind: TypeAlias = Literal[
    "finding_rule",
    "finding_title",
    "group_name",
    "live_session",
    "organization_name",
    "root_location",
    "root_nickname",
    "running_import",
    "token_name",
    "token_slot",
    "vulnerability_identity",
]


class Held(msgspec.Struct, frozen=True):
    """A claim that is held: by which entity, and the version to name when it is taken over or freed."""

    owner: str
    version: int


def claim_key(kind: Kind, *value: str) -> Key:
    """Build the key of the claim of a value, given in parts that together are unique."""
    text = msgspec.json.encode(value)
    return key_of("claim", {"kind": kind, "value_hash": sha256(text).hexdigest()})


def _item(key: Key, kind: Kind, owner: str, version: int) -> Item:
    return Item(key, version, {"kind": kind, "owner": owner})


def taken(kind: Kind, *value: str, owner: str, held: Held | None = None) -> Put:
    """Claim a free value for ``owner``, or take it over from the holder that was read."""
    key = claim_key(kind, *value)
    if held is None:
        return Put(_item(key, kind, owner, 1), ABSENT)
    return Put(_item(key, kind, owner, held.version + 1), Version(held.version))


def freed(kind: Kind, *value: str, held: Held) -> Delete:
    """Free a value that is held."""
    return Delete(claim_key(kind, *value), Version(held.version))


def held_of(item: Item | None) -> Held | None:
    """Read who holds the claim; ``None`` when it is free."""
    return None if item is None else Held(str(item.attributes["owner"]), item.version)


async def holders(store: Store, keys: Sequence[Key]) -> tuple[Held | None, ...]:
    """Read who holds the claims, aligned with the keys."""
    return tuple(held_of(item) for item in await store.get(keys))
