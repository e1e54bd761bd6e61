"""Changing groups."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from integrates.db_model.entity import command, read
from integrates.db_model.entity.facet import id_of
from integrates.db_model.entity.listing import everywhere, listing
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, Reason, Stale
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.rules import ARGUMENTS, dissolved, regulated, rephrased
from integrates.db_model.groups.types import Group, GroupInfo, GroupState, GroupStatus
from integrates.db_model.organizations.facet import ORGANIZATION
from integrates.db_model.organizations.types import Organization
from integrates.db_model.policies.types import Policies
from integrates.db_model.store.port import Store
from integrates.db_model.values.check import checked


def new_group(info: GroupInfo, stamp: Stamp) -> Group:
    """Return a new group. It is not stored yet."""
    state = GroupState(status=GroupStatus.ACTIVE, at=stamp.at, by=stamp.by)
    return Group(info=info, state=state, created_at=stamp.at, created_by=stamp.by)


async def add(store: Store, new: Group, stamp: Stamp) -> Group:
    """Store a new group of an organization; return it as stored.

    Raise ``AlreadyExists`` when the name is, or ever was, a group's, ``NotFound`` when there is no such organization.
    """
    try:
        return await command.add(store, GROUP, new, stamp)
    except Stale as error:
        raise AlreadyExists(Reason.NAME_TAKEN, ("name",), new.name) from error


async def create(store: Store, organization: Organization, given: Mapping[str, Any], stamp: Stamp) -> Group:
    """Store a new group of an organization, made of the arguments ``given``; return it as stored.

    Raise ``Rejections`` for arguments at fault, and what :func:`add` raises.
    """
    details = checked(ARGUMENTS, given)
    info = GroupInfo(
        organization_id=organization.id, name=details.name, description=details.description, language=details.language
    )
    return await add(store, new_group(info, stamp), stamp)


async def _updated(store: Store, seen: Group, alter: command.Alter[Group], stamp: Stamp, version: int | None) -> Group:
    """Change one group, ``seen`` as just read; see :func:`integrates.db_model.entity.command.update`."""
    return await command.update(store, GROUP, group_key(seen.name), alter, stamp, expected_version=version, seen=seen)


async def describe(
    store: Store, seen: Group, given: Mapping[str, Any], stamp: Stamp, *, expected_version: int | None = None
) -> Group:
    """Change what a group says of itself, see :func:`integrates.db_model.groups.rules.rephrased`; return it as stored.

    Raise ``Rejections`` for arguments at fault, and what :func:`integrates.db_model.entity.command.update` raises.
    """
    return await _updated(store, seen, lambda old, _: rephrased(old, given), stamp, expected_version)


async def regulate(
    store: Store, seen: Group, given: Mapping[str, Any], stamp: Stamp, *, expected_version: int | None = None
) -> Group:
    """Set or clear ``policies`` of a group, see :func:`integrates.db_model.policies.rules.reworked`; return it as stored.

    What it sets overrides the organization, for what is decided later. Raise ``Rejections`` for values at fault, for those that
    contradict each other (``range_inverted``, ``debt_before_grace``) and for what only an organization sets
    (``organization_only``), and what :func:`integrates.db_model.entity.command.update` raises.
    """
    return await _updated(store, seen, lambda old, _: regulated(old, given), stamp, expected_version)


async def reset_policies(store: Store, seen: Group, stamp: Stamp, *, expected_version: int | None = None) -> Group:
    """Clear all policies of a group, so that the organization's count; return it as stored.

    Raise what :func:`integrates.db_model.entity.command.update` raises.
    """
    return await _updated(store, seen, lambda old, _: replace(old, policies=Policies()), stamp, expected_version)


async def remove(
    store: Store, seen: Group, given: Mapping[str, Any], stamp: Stamp, *, expected_version: int | None = None
) -> Group:
    """Remove a group for the ``reason`` and with the ``comments`` that are ``given``; return it as stored.

    Nothing below it is touched, and all of it behaves as if it were not there: nothing is added or counted any more, and
    running imports fail. Its name is never used again. Raise ``Rejections`` for arguments at fault, and what
    :func:`integrates.db_model.entity.command.update` raises.
    """

    def alter(old: Group, at: datetime) -> Group:
        return dissolved(old, given, by=stamp.by, at=at)

    return await _updated(store, seen, alter, stamp, expected_version)


async def names_of_platform(store: Store) -> AsyncIterator[str]:
    """Yield the names of all groups, removed ones too, page by page; what cannot be read keeps no other from being told."""
    for shard in everywhere(ORGANIZATION.name, "organizations_of_platform"):
        async for organizations in read.pages(store, shard):
            for organization in organizations:
                query = listing(GROUP.name, "groups_of_organization", {"organization_id": id_of(organization.key)})
                async for groups in read.pages(store, query):
                    for group in groups:
                        yield id_of(group.key)
