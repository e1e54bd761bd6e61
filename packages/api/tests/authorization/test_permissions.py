"""The permission matrix against a second implementation of domain section 10.1, which asks role by role instead."""

from itertools import product
from typing import get_args

import pytest

from integrates.api.authorization import permissions
from integrates.api.authorization.permissions import (
    GroupPermission,
    OrganizationPermission,
    PlatformPermission,
    Role,
    Roles,
    acting,
    group_permissions,
    may_grant,
    organization_permissions,
    permissions_of,
    platform_permissions,
)
from integrates.db_model.access.types import GroupRole, OrganizationRole
from integrates.db_model.stakeholders.types import PlatformRole

GROUP = sorted(get_args(GroupPermission))
ORGANIZATION = sorted(get_args(OrganizationPermission))
PLATFORM = sorted(get_args(PlatformPermission))
ADMIN, PERSON = PlatformRole.ADMIN, PlatformRole.USER
MANAGER, MEMBER = OrganizationRole.ORGANIZATION_MANAGER, OrganizationRole.USER

READS = ["group:read", "root:read", "finding:read", "vulnerability:read", "forces:read", "import:read", "decision:export"]
TALKING = ["evidence:read", "event:read", "comment:read", "comment:add", "vulnerability:request_verification"]
EVERYBODY = [*READS, *TALKING, "history:read", "chart:read"]
ASKING = [
    "zero_risk:request",
    "event:request_verification",
    "decision:import",
    "vulnerability:label",
    "vulnerability:be_assigned",
]
TREATING = [*ASKING, "vulnerability:treat", "vulnerability:accept_forever"]
UNSEEN = ["draft:read", "observation:read", "observation:add"]
REPORTING = ["finding:add", "finding:update", "evidence:update", "event:add", "event:update", "event:solve"]
TESTING = [*UNSEEN, *REPORTING, "vulnerability:submit", "vulnerability:verify", "vulnerability:hold_verification"]
JUDGING = ["finding:remove", "vulnerability:remove", "vulnerability:score"]
CONFIRMING = ["vulnerability:confirm", "zero_risk:confirm"]
LEADING = ["vulnerability:assign", "vulnerability:handle_acceptance", "root:add", "root:update", "import:run"]
KNOWING = ["zero_risk:read", "member:read"]


NAIVE = {
    GroupRole.GROUP_MANAGER: [one for one in GROUP if one != "forces:execute"],
    GroupRole.VULNERABILITY_MANAGER: EVERYBODY + TREATING + LEADING + KNOWING,
    GroupRole.USER: EVERYBODY + TREATING,
    GroupRole.HACKER: [*EVERYBODY, *TESTING, *JUDGING, "vulnerability:label", "import:run"],
    GroupRole.REATTACKER: EVERYBODY + TESTING,
    GroupRole.REVIEWER: EVERYBODY + UNSEEN + JUDGING + CONFIRMING + KNOWING,
    GroupRole.SERVICE_FORCES: [*READS, "import:run", "forces:execute"],
}


def naive_group(role: GroupRole, permission: str) -> bool:
    return permission in NAIVE[role]


def naive_organization(role: OrganizationRole, permission: str) -> bool:
    return role is MANAGER or permission in {
        "organization:read",
        "organization:chart",
        "finding_policy:read",
        "finding_policy:add",
    }


def naive_platform(role: PlatformRole, permission: str) -> bool:
    return role is ADMIN or permission in {"organization:add", "me:update", "access_token:manage"}


@pytest.mark.parametrize("role", GroupRole)
def test_group_permissions(role: GroupRole) -> None:
    assert group_permissions(role) == {one for one in GROUP if naive_group(role, one)}


@pytest.mark.parametrize("role", OrganizationRole)
def test_organization_permissions(role: OrganizationRole) -> None:
    assert organization_permissions(role) == {one for one in ORGANIZATION if naive_organization(role, one)}


@pytest.mark.parametrize("role", PlatformRole)
def test_platform_permissions(role: PlatformRole) -> None:
    assert platform_permissions(role) == {one for one in PLATFORM if naive_platform(role, one)}


def test_no_role_no_permission() -> None:
    assert not platform_permissions(None)
    assert not organization_permissions(None)
    assert not group_permissions(None)
    assert not permissions_of(acting(Roles()))


def test_the_types_name_exactly_the_permissions_of_the_matrix() -> None:
    assert sorted(permissions.PERMISSIONS) == sorted([*GROUP, *ORGANIZATION, *PLATFORM])
    assert (len(GROUP), len(ORGANIZATION), len(PLATFORM)) == (52, 13, 6)


EVERY_PLACE = [
    Roles(platform=platform, organization=organization, group=group)
    for platform, organization, group in product([None, *PlatformRole], [None, *OrganizationRole], [None, *GroupRole])
]


def naive_allows(given: Roles, permission: str) -> bool:
    """Ask each source of a role whether it allows the permission; one is enough."""
    admin = given.platform is ADMIN
    manager = admin or given.organization is MANAGER
    mine = given.group if given.platform is None or given.group is not GroupRole.SERVICE_FORCES else None
    if manager and mine is GroupRole.SERVICE_FORCES:
        mine = None
    return any(
        [
            permission in PLATFORM and given.platform is not None and naive_platform(given.platform, permission),
            permission in ORGANIZATION and admin,
            permission in ORGANIZATION
            and given.organization is not None
            and naive_organization(given.organization, permission),
            permission in GROUP and manager and naive_group(GroupRole.GROUP_MANAGER, permission),
            permission in GROUP and mine is not None and naive_group(mine, permission),
        ]
    )


@pytest.mark.parametrize("given", EVERY_PLACE, ids=str)
def test_the_strongest_source_counts(given: Roles) -> None:
    expected = {one for one in permissions.PERMISSIONS if naive_allows(given, one)}
    assert permissions_of(acting(given)) == expected


@pytest.mark.parametrize("given", EVERY_PLACE, ids=str)
def test_acting_is_idempotent(given: Roles) -> None:
    assert acting(acting(given)) == acting(given)


@pytest.mark.parametrize(
    "given,organization,group",
    [
        (Roles(platform=PERSON), None, None),
        (Roles(platform=PERSON, organization=MEMBER), MEMBER, None),
        (Roles(platform=PERSON, organization=MEMBER, group=GroupRole.HACKER), MEMBER, GroupRole.HACKER),
        (Roles(platform=PERSON, organization=MANAGER), MANAGER, GroupRole.GROUP_MANAGER),
        (Roles(platform=PERSON, organization=MANAGER, group=GroupRole.HACKER), MANAGER, GroupRole.GROUP_MANAGER),
        (Roles(platform=ADMIN), MANAGER, GroupRole.GROUP_MANAGER),
        (Roles(platform=ADMIN, organization=MEMBER, group=GroupRole.USER), MANAGER, GroupRole.GROUP_MANAGER),
        (Roles(platform=PERSON, group=GroupRole.SERVICE_FORCES), None, None),
        (Roles(group=GroupRole.SERVICE_FORCES), None, GroupRole.SERVICE_FORCES),
    ],
)
def test_the_role_acted_in(given: Roles, organization: OrganizationRole | None, group: GroupRole | None) -> None:
    found = acting(given)
    assert found.organization is organization
    assert found.group is group


PEOPLE = [role for role in GroupRole if role is not GroupRole.SERVICE_FORCES]


@pytest.mark.parametrize(
    "given,grantable",
    [
        (Roles(platform=ADMIN), [*PlatformRole, *OrganizationRole, *PEOPLE]),
        (Roles(platform=PERSON, organization=MANAGER), [*OrganizationRole, *PEOPLE]),
        (Roles(platform=PERSON, organization=MEMBER, group=GroupRole.GROUP_MANAGER), PEOPLE),
        *((Roles(platform=PERSON, organization=MEMBER, group=role), []) for role in PEOPLE[1:]),
        (Roles(group=GroupRole.SERVICE_FORCES), []),
        (Roles(), []),
    ],
    ids=str,
)
def test_who_may_grant_what(given: Roles, grantable: list[Role]) -> None:
    granter = acting(given)
    for role in (*PlatformRole, *OrganizationRole, *GroupRole):
        assert may_grant(granter, role) is any(role is one for one in grantable), role
