"""Changing roots."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from integrates.db_model.entity import command
from integrates.db_model.entity.types import Stamp
from integrates.db_model.groups.types import Group
from integrates.db_model.roots.facet import GIT_ROOT, root_key
from integrates.db_model.roots.rules import git_root, is_active
from integrates.db_model.roots.types import GitLocation, Root, RootInfo, RootKind, RootState, RootStatus
from integrates.db_model.store.port import Store


def new_git_root(identity: str, group: Group, location: GitLocation, info: RootInfo, stamp: Stamp) -> Root:
    """Return a new GIT root of a group. It is not stored yet."""
    return Root(
        id=identity,
        kind=RootKind.GIT,
        group_name=group.name,
        organization_id=group.organization_id,
        location=location,
        info=info,
        state=RootState(status=RootStatus.ACTIVE, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


async def add_git(store: Store, new: Root, stamp: Stamp) -> Root:
    """Store a new GIT root of a group; return it as stored.

    Raise ``AlreadyExists`` when its location or nickname is taken (``Rejections`` when both are), ``Rejected`` (``too_many``)
    when the group is full, ``NotFound`` when there is no such group.
    """
    return await command.add(store, GIT_ROOT, new, stamp)


async def create_git(store: Store, group: Group, given: Mapping[str, Any], stamp: Stamp, identity: str) -> Root:
    """Store a new GIT root of a group, made of the arguments ``given``; return it as stored.

    Raise ``Rejections`` for arguments at fault, and what :func:`add_git` raises.
    """
    details = git_root(given)
    location = GitLocation(url=details.url, branch=details.branch, gitignore=details.gitignore)
    info = RootInfo(nickname=details.nickname, criticality=details.criticality)
    return await add_git(store, new_git_root(identity, group, location, info, stamp), stamp)


async def deactivate(store: Store, root_id: str, reason: str, stamp: Stamp, *, other: str | None = None) -> Root:
    """Make a root INACTIVE; return it as stored. Another root may have its location from now on, but not its nickname."""

    def alter(old: Root, at: datetime) -> Root:
        state = RootState(status=RootStatus.INACTIVE, at=at, by=stamp.by, reason=reason, other=other)
        return replace(old, state=state) if is_active(old) else old

    return await command.update(store, GIT_ROOT, root_key(root_id), alter, stamp)
