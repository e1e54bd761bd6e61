"""Changing groups."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from integrates.db_model.entity import command, read
from integrates.db_model.entity.facet import id_of
from integrates.db_model.entity.listing import everywhere, listing
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, Reason, Stale
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.groups.rules import ARGUMENTS
from integrates.db_model.groups.types import Group, GroupInfo, GroupState, GroupStatus
from integrates.db_model.organizations.facet import ORGANIZATION
from integrates.db_model.organizations.types import Organization
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


async def names_of_platform(store: Store) -> AsyncIterator[str]:
    """Yield the names of all groups, removed ones too, page by page; what cannot be read keeps no other from being told."""
    for shard in everywhere(ORGANIZATION.name, "organizations_of_platform"):
        async for organizations in read.pages(store, shard):
            for organization in organizations:
                query = listing(GROUP.name, "groups_of_organization", {"organization_id": id_of(organization.key)})
                async for groups in read.pages(store, query):
                    for group in groups:
                        yield id_of(group.key)
