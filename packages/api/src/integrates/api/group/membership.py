"""The groups and organizations of a person."""

import asyncio
from collections.abc import Iterable

from integrates.api.request import Request
from integrates.api.walk import whole
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS
from integrates.db_model.access.rules import is_member
from integrates.db_model.access.types import GroupAccess, OrganizationAccess, OrganizationRole
from integrates.db_model.entity.listing import everywhere, listing
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.facet import ORGANIZATION
from integrates.db_model.organizations.types import Organization

_MEMBERSHIPS = "memberships_of_stakeholder"


async def readable(request: Request, names: Iterable[str]) -> tuple[Group, ...]:
    """Return the groups that the caller may read, each once, by name."""
    scopes = await request.scopes.groups.load_many(sorted(set(names)))
    return tuple(scope.group for scope in scopes if scope.group and "group:read" in scope.permissions)


async def organization_accesses(request: Request) -> tuple[OrganizationAccess, ...]:
    """Return the caller's places in organizations, open invitations too."""
    query = listing(ORGANIZATION_ACCESS.name, _MEMBERSHIPS, {"email": request.actor.email})
    return await whole(request.loaders, ORGANIZATION_ACCESS, query)


async def group_accesses(request: Request) -> tuple[GroupAccess, ...]:
    """Return the caller's places in groups, open invitations too."""
    query = listing(GROUP_ACCESS.name, _MEMBERSHIPS, {"email": request.actor.email})
    return await whole(request.loaders, GROUP_ACCESS, query)


async def _organization_ids(request: Request) -> list[str]:
    """Name the organizations of the caller: of an admin all, since an admin acts as manager of each."""
    if "stakeholder:read" in (await request.scopes.platform.load("")).permissions:
        shards = everywhere(ORGANIZATION.name, "organizations_of_platform")
        found = await asyncio.gather(*(whole(request.loaders, ORGANIZATION, shard) for shard in shards))
        return sorted(organization.id for part in found for organization in part)
    return sorted(access.organization_id for access in await organization_accesses(request) if is_member(access))


async def _managed(request: Request) -> list[str]:
    """Name the groups of the organizations in which the caller acts as manager."""
    scopes = await request.scopes.organizations.load_many(await _organization_ids(request))
    managed = [
        scope.organization.id
        for scope in scopes
        if scope.organization and scope.roles.organization is OrganizationRole.ORGANIZATION_MANAGER
    ]
    queries = [listing(GROUP.name, "groups_of_organization", {"organization_id": identity}) for identity in managed]
    lists = await asyncio.gather(*(whole(request.loaders, GROUP, query) for query in queries))
    return [group.name for groups in lists for group in groups]


async def groups(request: Request) -> tuple[Group, ...]:
    """Return the groups of the caller, those of managed organizations included, by name."""
    own = [access.group_name for access in await group_accesses(request) if is_member(access)]
    return await readable(request, (*own, *await _managed(request)))


async def organizations(request: Request) -> tuple[Organization, ...]:
    """Return the organizations of the caller, by id."""
    scopes = await request.scopes.organizations.load_many(await _organization_ids(request))
    return tuple(scope.organization for scope in scopes if scope.organization)
