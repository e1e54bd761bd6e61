"""Changing roots."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from integrates.db_model.entity import command
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, Reason, Rejected
from integrates.db_model.groups.types import Group
from integrates.db_model.roots.argument import arguments_of, described
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.roots.rules import activated, deactivated
from integrates.db_model.roots.types import ROOTS, Location, Root, RootInfo, RootKind, RootState, RootStatus
from integrates.db_model.roots.vacancy import established
from integrates.db_model.store.port import Store


def new_root(identity: str, group: Group, location: Location, info: RootInfo, stamp: Stamp) -> Root:
    """Return a new root of a group, of the kind that its location says. It is not stored yet."""
    new: Root = ROOTS[type(location)](
        id=identity,
        group_name=group.name,
        organization_id=group.organization_id,
        location=location,
        info=info,
        state=RootState(status=RootStatus.ACTIVE, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )
    return new


async def add(store: Store, new: Root, stamp: Stamp) -> Root:
    """Store a new root of a group; return it as stored.

    It takes the location of a root in a removed group. Raise ``AlreadyExists`` when its location or nickname is taken
    (``Rejections`` when both are), ``Rejected`` (``too_many``) when the group is full, ``NotFound`` when there is none.
    """
    return await command.add(store, ROOT, new, stamp, storing=established)


async def create(store: Store, group: Group, kind: RootKind, given: Mapping[str, Any], stamp: Stamp, identity: str) -> Root:
    """Store a new root of a group, made of the arguments ``given``; return it as stored.

    Raise ``Rejections`` for arguments at fault, and what :func:`add` raises.
    """
    location, info = described(kind, given)
    return await add(store, new_root(identity, group, location, info, stamp), stamp)


async def describe(
    store: Store,
    seen: Root,
    kind: RootKind,
    given: Mapping[str, Any],
    stamp: Stamp,
    *,
    expected_version: int | None = None,
) -> Root:
    """Change where a root is, what it is called and how much it matters; return it as stored.

    What is not ``given``, or ``None``, stays. Raise ``Rejected`` (``wrong_root_kind``) when the root is of another kind than
    the caller means, ``Rejections`` for arguments at fault, ``Rejected`` (``has_vulnerabilities``) when a root that ever had
    one would be elsewhere, ``AlreadyExists`` as :func:`add` does, and what
    :func:`integrates.db_model.entity.command.update` raises.
    """
    wanted = {name: value for name, value in given.items() if value is not None}

    def alter(old: Root, _: datetime) -> Root:
        if old.kind is not kind:
            raise Rejected(Reason.WRONG_ROOT_KIND, ("id",))
        location, info = described(kind, {**arguments_of(old), **wanted})
        return replace(old, location=location, info=info)

    key = root_key(seen.id)
    return await command.update(
        store, ROOT, key, alter, stamp, expected_version=expected_version, seen=seen, storing=established
    )


async def deactivate(
    store: Store, seen: Root, given: Mapping[str, Any], stamp: Stamp, *, expected_version: int | None = None
) -> Root:
    """Make a root INACTIVE, or say another reason for that; return it as stored.

    Another root may have its location from now on, but not its nickname. ``given`` are ``reason`` and ``other``. Raise what
    :func:`integrates.db_model.roots.rules.deactivated` and :func:`integrates.db_model.entity.command.update` raise.
    """

    def alter(old: Root, at: datetime) -> Root:
        return deactivated(old, given, by=stamp.by, at=at)

    return await command.update(store, ROOT, root_key(seen.id), alter, stamp, expected_version=expected_version, seen=seen)


async def activate(store: Store, seen: Root, stamp: Stamp, *, expected_version: int | None = None) -> Root:
    """Make a root ACTIVE again, at its location; return it as stored.

    Raise ``AlreadyExists`` (``location_taken``) when another ACTIVE root is there, unless its group was removed, and what
    :func:`integrates.db_model.entity.command.update` raises.
    """

    def alter(old: Root, at: datetime) -> Root:
        return activated(old, by=stamp.by, at=at)

    try:
        key = root_key(seen.id)
        return await command.update(
            store, ROOT, key, alter, stamp, expected_version=expected_version, seen=seen, storing=established
        )
    except AlreadyExists as taken:  # by the argument that says where a root is, which is not given here
        raise AlreadyExists(taken.reason, ("id",), taken.owner) from taken
