"""The memberships of the caller, and the organizations and groups that follow from them."""

import asyncio

from integrates.api.authorization.scope import readable_groups
from integrates.api.context import Context, Info
from integrates.api.resolve.walk import whole
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, memberships_of
from integrates.db_model.access.rules import is_member
from integrates.db_model.access.types import GroupAccess, OrganizationAccess, OrganizationRole
from integrates.db_model.entity.listing import everywhere, listing
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.facet import ORGANIZATION
from integrates.db_model.organizations.types import Organization
from integrates.db_model.stakeholders.types import Stakeholder


async def organization_accesses(context: Context) -> tuple[OrganizationAccess, ...]:
    """Return the caller's memberships of organizations, open invitations too."""
    return await whole(context, ORGANIZATION_ACCESS, memberships_of(ORGANIZATION_ACCESS, context.actor.email))


async def group_accesses(context: Context) -> tuple[GroupAccess, ...]:
    """Return the caller's memberships of groups, open invitations too."""
    return await whole(context, GROUP_ACCESS, memberships_of(GROUP_ACCESS, context.actor.email))


async def _organization_ids(context: Context) -> list[str]:
    """Return the ids of the caller's organizations; an admin, who acts as manager of each, gets all."""
    if "stakeholder:read" in (await context.scopes.platform.load("")).permissions:
        shards = everywhere(ORGANIZATION.name, "organizations_of_platform")
        found = await asyncio.gather(*(whole(context, ORGANIZATION, shard) for shard in shards))
        return sorted(organization.id for part in found for organization in part)
    return sorted(access.organization_id for access in await organization_accesses(context) if is_member(access))


async def _managed(context: Context) -> list[str]:
    """Return the names of the groups in organizations where the caller acts as manager."""
    scopes = await context.scopes.organizations.load_many(await _organization_ids(context))
    managed = [
        scope.organization.id
        for scope in scopes
        if scope.organization and scope.roles.organization is OrganizationRole.ORGANIZATION_MANAGER
    ]
    queries = [listing(GROUP.name, "groups_of_organization", {"organization_id": identity}) for identity in managed]
    lists = await asyncio.gather(*(whole(context, GROUP, query) for query in queries))
    return [group.name for groups in lists for group in groups]


async def groups(_source: Stakeholder, info: Info) -> tuple[Group, ...]:
    """Return the groups of the caller, those of managed organizations included, by name."""
    context = info.context
    own = [access.group_name for access in await group_accesses(context) if is_member(access)]
    return await readable_groups(context.scopes, (*own, *await _managed(context)))


async def organizations(_source: Stakeholder, info: Info) -> tuple[Organization, ...]:
    """Return the organizations of the caller, by id."""
    context = info.context
    scopes = await context.scopes.organizations.load_many(await _organization_ids(context))
    return tuple(scope.organization for scope in scopes if scope.organization)
