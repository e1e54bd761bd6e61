"""Fields of groups."""

from functools import partial
from typing import Any, Final

from integrates.api.authorization.permissions import group_permissions
from integrates.api.authorization.sight import found
from integrates.api.chart.fields import Chart, drawn, snapshots_of
from integrates.api.context import Info
from integrates.api.decision_import.page import decision_imports
from integrates.api.finding.page import findings
from integrates.api.group.mutations import MUTATIONS
from integrates.api.imports.page import imports
from integrates.api.member.page import members_of_group
from integrates.api.policies.fields import ShownPolicies, policies_shown
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.connection import Connection
from integrates.api.resolve.walk import whole
from integrates.api.revision import audit
from integrates.api.summary.figure import Summary, summary
from integrates.api.vulnerability.page import by_state
from integrates.db_model.access.types import GroupRole
from integrates.db_model.entity.loader import load_counts
from integrates.db_model.groups.facet import group_counters_keys
from integrates.db_model.groups.types import Group, GroupRemovalReason, Language
from integrates.db_model.organizations.types import Organization
from integrates.db_model.roots.facet import ROOT, roots_of_group
from integrates.db_model.roots.types import Root, RootStatus
from integrates.db_model.snapshots.types import Snapshot
from integrates.db_model.vulnerabilities.lists import of_group_in_state


async def organization(source: Group, info: Info) -> Organization | None:
    """Return the organization of the group."""
    return (await info.context.scopes.groups.load(source.name)).organization


async def user_role(source: Group, info: Info) -> GroupRole | None:
    """Return the role that the caller acts in."""
    return (await info.context.scopes.groups.load(source.name)).roles.group


async def policies(source: Group, info: Info) -> ShownPolicies | None:
    """Return the policies in force in the group."""
    above = (await info.context.scopes.groups.load(source.name)).organization
    return policies_shown(above.policies, source.policies) if above else None


async def roots(source: Group, info: Info, state: RootStatus | None = None) -> tuple[Root, ...]:
    """Return the roots of the group, by id."""
    found = await whole(info.context, ROOT, roots_of_group(source.name))
    return tuple(root for root in found if state in {None, root.state.status})


async def vulnerabilities(source: Group, info: Info, **args: Any) -> Connection:
    """Return the vulnerabilities of the group that the caller may see."""
    scope = await info.context.scopes.groups.load(source.name)
    query = partial(of_group_in_state, source.name)
    keys = group_counters_keys(source.name)
    return await by_state(info, source.name, args, query, permissions=scope.permissions, counters=keys)


async def figures(source: Group, info: Info) -> Summary:
    """Return the figures of the group."""
    scope = await info.context.scopes.groups.load(source.name)
    numbers = await load_counts(info.context.loaders, group_counters_keys(source.name))
    return summary(numbers, scope.permissions, info.context.call.now(), group_name=source.name)


async def charts(source: Group, info: Info, **args: Any) -> list[Chart]:
    """Return charts of the group."""
    return await drawn(info, source.name, (source.name,), args)


async def snapshots(source: Group, info: Info, **args: Any) -> tuple[Snapshot, ...]:
    """Return the snapshots of the group, by day."""
    return await snapshots_of(info, source.name, args)


async def permissions(source: Group, info: Info) -> list[str]:
    """Return what the caller may do in the group."""
    return sorted(group_permissions((await info.context.scopes.groups.load(source.name)).roles.group))


BINDING: Final = Binding(
    shows={"Group": Group},
    fields={
        "Query": {"group": found},
        **MUTATIONS,
        "Group": {
            "id": "name",
            "description": "info.description",
            "language": "info.language",
            "context": "info.context",
            "disambiguation": "info.disambiguation",
            "tags": "info.tags",
            "organization": organization,
            "userRole": user_role,
            "permissions": permissions,
            "policies": policies,
            "roots": roots,
            "findings": findings,
            "vulnerabilities": vulnerabilities,
            "decisionImports": decision_imports,
            "imports": imports,
            "summary": figures,
            "members": members_of_group,
            "audit": audit.of_group,
            "charts": charts,
            "snapshots": snapshots,
        },
    },
    enums={"GroupRemovalReason": GroupRemovalReason, "GroupRole": GroupRole, "Language": Language},
)
