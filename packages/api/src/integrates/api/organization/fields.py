"""Fields of organizations."""

from collections.abc import Set as AbstractSet
from typing import Any, Final

from integrates.api.authorization.permissions import organization_permissions
from integrates.api.authorization.scope import readable_groups
from integrates.api.authorization.sight import found
from integrates.api.chart.fields import READ_CHARTS, Chart, drawn
from integrates.api.context import Info
from integrates.api.member.page import members_of_organization
from integrates.api.organization.mutations import MUTATIONS
from integrates.api.policies.fields import ShownPolicies, policies_shown
from integrates.api.resolve.attribute import Shown
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.connection import Connection
from integrates.api.resolve.walk import whole
from integrates.api.revision import audit
from integrates.api.vulnerability.page import of_groups
from integrates.db_model.access.types import OrganizationRole
from integrates.db_model.entity.listing import listing
from integrates.db_model.finding_policies.facet import FINDING_POLICY
from integrates.db_model.finding_policies.types import FindingPolicy
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.types import Organization


async def user_role(source: Organization, info: Info) -> OrganizationRole | None:
    """Return the role that the caller acts in."""
    return (await info.context.scopes.organizations.load(source.id)).roles.organization


async def permissions(source: Organization, info: Info) -> list[str]:
    """Return what the caller may do in the organization."""
    return sorted(organization_permissions(await user_role(source, info)))


def policies(source: Organization) -> ShownPolicies:
    """Return the policies in force in the organization."""
    return policies_shown(source.policies)


async def groups(source: Organization, info: Info) -> tuple[Group, ...]:
    """Return the groups of the organization that the caller may read, by name."""
    query = listing(GROUP.name, "groups_of_organization", {"organization_id": source.id})
    return await readable_groups(info.context.scopes, [group.name for group in await whole(info.context, GROUP, query)])


async def _permissions_by_group(source: Organization, info: Info) -> dict[str, AbstractSet[str]]:
    """Return what the caller may do in each group that the caller may read."""
    names = [group.name for group in await groups(source, info)]
    scopes = await info.context.scopes.groups.load_many(names)
    return {name: scope.permissions for name, scope in zip(names, scopes, strict=True)}


async def vulnerabilities(source: Organization, info: Info, **args: Any) -> Connection:
    """Return the vulnerabilities of the groups that the caller may read, as far as the caller may see them."""
    return await of_groups(info, source.id, args, await _permissions_by_group(source, info))


async def charts(source: Organization, info: Info, **args: Any) -> list[Chart]:
    """Return charts over the groups of which the caller may read them."""
    readable = [name for name, own in (await _permissions_by_group(source, info)).items() if READ_CHARTS in own]
    return await drawn(info, source.id, readable, args)


async def finding_policies(source: Organization, info: Info) -> tuple[FindingPolicy, ...]:
    """Return the finding policies of the organization by id; who sees the organization sees them."""
    query = listing(FINDING_POLICY.name, "finding_policies_of_organization", {"organization_id": source.id})
    return await whole(info.context, FINDING_POLICY, query)


BINDING: Final = Binding(
    shows={"Organization": Organization},
    fields={
        "Query": {"organization": found},
        **MUTATIONS,
        "Organization": {
            "name": "info.name",
            "country": "info.country",
            "userRole": user_role,
            "permissions": permissions,
            "policies": Shown(policies),
            "groups": groups,
            "findingPolicies": finding_policies,
            "vulnerabilities": vulnerabilities,
            "members": members_of_organization,
            "audit": audit.of_organization,
            "charts": charts,
        },
    },
    enums={"OrganizationRole": OrganizationRole},
)
