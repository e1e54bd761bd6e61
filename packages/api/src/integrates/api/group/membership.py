"""The groups and organizations of a person."""

from collections.abc import Iterable

from integrates.api.request import Request
from integrates.api.walk import whole
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS
from integrates.db_model.access.rules import is_member
from integrates.db_model.access.types import GroupAccess, OrganizationAccess, OrganizationRole
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.groups.types import Group
from integrates.db_model.listing import listing
from integrates.db_model.organizations.types import Organization

_MEMBERSHIPS = "memberships_of_stakeholder"


async def readable(request: Request, names: Iterable[str]) -> tuple[Group, ...]:
    """Return the groups that the caller may read, each once, by name."""
    scopes = await request.scopes.groups.load_many(sorted(set(names)))
    return tuple(scope.group for scope in scopes if scope.group and "group:read" in scope.permissions)


async def _organization_accesses(request: Request) -> tuple[OrganizationAccess, ...]:
    query = listing(ORGANIZATION_ACCESS.name, _MEMBERSHIPS, {"email": request.actor.email})
    found = await whole(request.loaders, ORGANIZATION_ACCESS, query)
    return tuple(access for access in found if is_member(access))


async def _group_accesses(request: Request) -> tuple[GroupAccess, ...]:
    query = listing(GROUP_ACCESS.name, _MEMBERSHIPS, {"email": request.actor.email})
    found = await whole(request.loaders, GROUP_ACCESS, query)
    return tuple(access for access in found if is_member(access))


async def _managed(request: Request) -> list[str]:
    """Name the groups of the organizations that the caller manages by an access of their own."""
    managed = [
        access.organization_id
        for access in await _organization_accesses(request)
        if access.access.role is OrganizationRole.ORGANIZATION_MANAGER
    ]
    lists = [
        await whole(request.loaders, GROUP, listing(GROUP.name, "groups_of_organization", {"organization_id": identity}))
        for identity in managed
    ]
    return [group.name for groups in lists for group in groups]


async def groups(request: Request) -> tuple[Group, ...]:
    """Return the groups of the caller, those of managed organizations included, by name."""
    own = [access.group_name for access in await _group_accesses(request)]
    return await readable(request, (*own, *await _managed(request)))


async def organizations(request: Request) -> tuple[Organization, ...]:
    """Return the organizations of the caller, by id."""
    ids = sorted(access.organization_id for access in await _organization_accesses(request))
    scopes = await request.scopes.organizations.load_many(ids)
    return tuple(scope.organization for scope in scopes if scope.organization)
