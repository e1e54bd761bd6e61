"""The permission matrix (domain section 10.1): data, and the functions that read it.

A person has at most one role on the platform, in an organization and in a group. The strongest source counts: an admin acts
as organization_manager everywhere, an organization_manager as group_manager in all groups of the organization. Every column
of the group matrix but that of ``service_forces``, which no person may have, is part of group_manager's; so acting as one
never takes a permission away.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, TypeVar, assert_never

from msgspec import Struct

from integrates.db_model.access.types import GroupRole, OrganizationRole
from integrates.db_model.stakeholders.types import PlatformRole

GroupPermission: TypeAlias = Literal[
    "audit:read",
    "chart:read",
    "comment:add",
    "comment:read",
    "decision:export",
    "decision:import",
    "draft:read",
    "event:add",
    "event:read",
    "event:request_verification",
    "event:solve",
    "event:update",
    "evidence:read",
    "evidence:update",
    "finding:add",
    "finding:read",
    "finding:remove",
    "finding:update",
    "forces:execute",
    "forces:read",
    "forces_token:manage",
    "group:read",
    "group:update",
    "group:update_policies",
    "history:read",
    "import:read",
    "import:run",
    "member:grant",
    "member:read",
    "observation:add",
    "observation:read",
    "root:activate",
    "root:add",
    "root:read",
    "root:update",
    "vulnerability:accept_forever",
    "vulnerability:assign",
    "vulnerability:be_assigned",
    "vulnerability:confirm",
    "vulnerability:handle_acceptance",
    "vulnerability:hold_verification",
    "vulnerability:label",
    "vulnerability:read",
    "vulnerability:remove",
    "vulnerability:request_verification",
    "vulnerability:score",
    "vulnerability:submit",
    "vulnerability:treat",
    "vulnerability:verify",
    "zero_risk:confirm",
    "zero_risk:read",
    "zero_risk:request",
]
OrganizationPermission: TypeAlias = Literal[
    "finding_policy:add",
    "finding_policy:handle",
    "finding_policy:read",
    "group:add",
    "group:remove",
    "organization:audit",
    "organization:chart",
    "organization:read",
    "organization:remove",
    "organization:update",
    "organization:update_policies",
    "organization_member:grant",
    "organization_member:read",
]
PlatformPermission: TypeAlias = Literal[
    "access_token:manage",
    "me:update",
    "organization:add",
    "platform_role:grant",
    "stakeholder:read",
    "stakeholder:remove",
]
Permission: TypeAlias = GroupPermission | OrganizationPermission | PlatformPermission
Role: TypeAlias = PlatformRole | OrganizationRole | GroupRole

P = TypeVar("P", bound=str)
R = TypeVar("R", PlatformRole, OrganizationRole, GroupRole)

_GM: Final = GroupRole.GROUP_MANAGER
_VM: Final = GroupRole.VULNERABILITY_MANAGER
_US: Final = GroupRole.USER
_HK: Final = GroupRole.HACKER
_RE: Final = GroupRole.REATTACKER
_RV: Final = GroupRole.REVIEWER
_SF: Final = GroupRole.SERVICE_FORCES
_PEOPLE: Final = frozenset({_GM, _VM, _US, _HK, _RE, _RV})
_TESTERS: Final = frozenset({_GM, _HK, _RE})
_OWNERS: Final = frozenset({_GM, _VM, _US})

_GROUP: Final[Mapping[GroupPermission, frozenset[GroupRole]]] = {
    "group:read": _PEOPLE | {_SF},
    "root:read": _PEOPLE | {_SF},
    "finding:read": _PEOPLE | {_SF},
    "vulnerability:read": _PEOPLE | {_SF},
    "forces:read": _PEOPLE | {_SF},
    "import:read": _PEOPLE | {_SF},
    "decision:export": _PEOPLE | {_SF},
    "history:read": _PEOPLE,
    "chart:read": _PEOPLE,
    "evidence:read": _PEOPLE,
    "event:read": _PEOPLE,
    "comment:read": _PEOPLE,
    "comment:add": _PEOPLE,
    "vulnerability:request_verification": _PEOPLE,
    "draft:read": _TESTERS | {_RV},
    "observation:read": _TESTERS | {_RV},
    "observation:add": _TESTERS | {_RV},
    "finding:add": _TESTERS,
    "finding:update": _TESTERS,
    "evidence:update": _TESTERS,
    "vulnerability:submit": _TESTERS,
    "vulnerability:verify": _TESTERS,
    "vulnerability:hold_verification": _TESTERS,
    "event:add": _TESTERS,
    "event:update": _TESTERS,
    "event:solve": _TESTERS,
    "finding:remove": frozenset({_GM, _HK, _RV}),
    "vulnerability:remove": frozenset({_GM, _HK, _RV}),
    "vulnerability:score": frozenset({_GM, _HK, _RV}),
    "vulnerability:confirm": frozenset({_GM, _RV}),
    "zero_risk:confirm": frozenset({_GM, _RV}),
    "vulnerability:label": _OWNERS | {_HK},
    "vulnerability:treat": _OWNERS,
    "vulnerability:accept_forever": _OWNERS,
    "vulnerability:be_assigned": _OWNERS,
    "zero_risk:request": _OWNERS,
    "event:request_verification": _OWNERS,
    "decision:import": _OWNERS,
    "vulnerability:assign": frozenset({_GM, _VM}),
    "vulnerability:handle_acceptance": frozenset({_GM, _VM}),
    "root:add": frozenset({_GM, _VM}),
    "root:update": frozenset({_GM, _VM}),
    "zero_risk:read": frozenset({_GM, _VM, _RV}),
    "member:read": frozenset({_GM, _VM, _RV}),
    "import:run": frozenset({_GM, _VM, _HK, _SF}),
    "group:update": frozenset({_GM}),
    "group:update_policies": frozenset({_GM}),
    "root:activate": frozenset({_GM}),
    "member:grant": frozenset({_GM}),
    "audit:read": frozenset({_GM}),
    "forces_token:manage": frozenset({_GM}),
    "forces:execute": frozenset({_SF}),
}

_MANAGERS: Final = frozenset({OrganizationRole.ORGANIZATION_MANAGER})
_ORGANIZATION: Final[Mapping[OrganizationPermission, frozenset[OrganizationRole]]] = {
    "organization:read": frozenset(OrganizationRole),
    "finding_policy:read": frozenset(OrganizationRole),
    "organization:chart": frozenset(OrganizationRole),
    "finding_policy:add": frozenset(OrganizationRole),
    "organization:update": _MANAGERS,
    "organization:update_policies": _MANAGERS,
    "organization:remove": _MANAGERS,
    "organization:audit": _MANAGERS,
    "organization_member:read": _MANAGERS,
    "organization_member:grant": _MANAGERS,
    "group:add": _MANAGERS,
    "group:remove": _MANAGERS,
    "finding_policy:handle": _MANAGERS,
}

_ADMINS: Final = frozenset({PlatformRole.ADMIN})
_PLATFORM: Final[Mapping[PlatformPermission, frozenset[PlatformRole]]] = {
    "organization:add": frozenset(PlatformRole),
    "me:update": frozenset(PlatformRole),
    "access_token:manage": frozenset(PlatformRole),
    "stakeholder:read": _ADMINS,
    "stakeholder:remove": _ADMINS,
    "platform_role:grant": _ADMINS,
}


def _columns(matrix: Mapping[P, frozenset[R]], roles: type[R]) -> Mapping[R, frozenset[P]]:
    return {role: frozenset(permission for permission, holders in matrix.items() if role in holders) for role in roles}


_BY_GROUP_ROLE: Final = _columns(_GROUP, GroupRole)
_BY_ORGANIZATION_ROLE: Final = _columns(_ORGANIZATION, OrganizationRole)
_BY_PLATFORM_ROLE: Final = _columns(_PLATFORM, PlatformRole)
PERMISSIONS: Final[frozenset[str]] = frozenset({*_GROUP, *_ORGANIZATION, *_PLATFORM})
"""All permissions there are."""


def group_permissions(role: GroupRole | None) -> frozenset[GroupPermission]:
    """Return what the role that a person acts in allows in the group; without a role nothing."""
    return frozenset() if role is None else _BY_GROUP_ROLE[role]


def organization_permissions(role: OrganizationRole | None) -> frozenset[OrganizationPermission]:
    """Return what the role that a person acts in allows in the organization; without a role nothing."""
    return frozenset() if role is None else _BY_ORGANIZATION_ROLE[role]


def platform_permissions(role: PlatformRole | None) -> frozenset[PlatformPermission]:
    """Return what the role allows on the platform; without a role, as for the CI identity, nothing."""
    return frozenset() if role is None else _BY_PLATFORM_ROLE[role]


def organization_role(platform: PlatformRole | None, own: OrganizationRole | None) -> OrganizationRole | None:
    """Return the role that a person acts in, in an organization."""
    return OrganizationRole.ORGANIZATION_MANAGER if platform is PlatformRole.ADMIN else own


def group_role(platform: PlatformRole | None, organization: OrganizationRole | None, own: GroupRole | None) -> GroupRole | None:
    """Return the role that a person, or the CI identity, acts in, in a group of the organization.

    A person, who has a platform role, never acts as ``service_forces``, whatever is stored: only the CI identity has none.
    """
    if organization_role(platform, organization) is OrganizationRole.ORGANIZATION_MANAGER:
        return GroupRole.GROUP_MANAGER
    return None if platform is not None and own is GroupRole.SERVICE_FORCES else own


class Roles(Struct, frozen=True, kw_only=True):
    """The roles of one person in one scope, from the platform down."""

    platform: PlatformRole | None = None
    organization: OrganizationRole | None = None
    group: GroupRole | None = None


def acting(given: Roles) -> Roles:
    """Return the roles that a person with these granted roles acts in."""
    return Roles(
        platform=given.platform,
        organization=organization_role(given.platform, given.organization),
        group=group_role(given.platform, given.organization, given.group),
    )


def permissions_of(roles: Roles) -> frozenset[Permission]:
    """Return all permissions that the roles acted in give in their scope."""
    return platform_permissions(roles.platform) | organization_permissions(roles.organization) | group_permissions(roles.group)


def may_grant(granter: Roles, role: Role) -> bool:
    """Return whether the roles acted in allow granting that role in their scope, changing it and taking it away.

    That nobody may change their own role is not checked here.
    """
    match role:
        case PlatformRole():
            return granter.platform is PlatformRole.ADMIN
        case OrganizationRole():
            return granter.organization is OrganizationRole.ORGANIZATION_MANAGER
        case GroupRole():
            return granter.group is GroupRole.GROUP_MANAGER and role is not GroupRole.SERVICE_FORCES
    assert_never(role)


def grantable_roles(granter: Roles, kind: type[R]) -> frozenset[R]:
    """Return the roles of a kind that the roles acted in allow granting in their scope."""
    return frozenset(role for role in kind if may_grant(granter, role))
