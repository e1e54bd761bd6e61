"""Which roles include which: one outranks another when it permits all that the other does, and more (domain section 10.1)."""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias, TypeVar

from integrates.db_model.access.types import GroupRole, OrganizationRole
from integrates.db_model.stakeholders.types import PlatformRole

Role: TypeAlias = PlatformRole | OrganizationRole | GroupRole
R = TypeVar("R", bound=Role)

_BELOW: Final[Mapping[type, Mapping[Role, frozenset[Role]]]] = {
    PlatformRole: {
        PlatformRole.ADMIN: frozenset({PlatformRole.USER}),
        PlatformRole.USER: frozenset(),
    },
    OrganizationRole: {
        OrganizationRole.ORGANIZATION_MANAGER: frozenset({OrganizationRole.USER}),
        OrganizationRole.USER: frozenset(),
    },
    GroupRole: {
        GroupRole.GROUP_MANAGER: frozenset(GroupRole) - {GroupRole.GROUP_MANAGER, GroupRole.SERVICE_FORCES},
        GroupRole.VULNERABILITY_MANAGER: frozenset({GroupRole.USER}),
        GroupRole.USER: frozenset(),
        GroupRole.HACKER: frozenset({GroupRole.REATTACKER}),
        GroupRole.REATTACKER: frozenset(),
        GroupRole.REVIEWER: frozenset(),
        GroupRole.SERVICE_FORCES: frozenset(),
    },
}
"""By kind, because roles of different kinds have the same names, and are equal texts."""


def outranks(role: Role, other: Role) -> bool:
    """Return whether a role permits all that another role for the same kind of object does, and more.

    Some pairs, such as hacker and reviewer, permit different things: neither outranks the other.
    """
    return any(below is other for below in _BELOW[type(role)][role])


def highest(roles: Iterable[R]) -> R | None:
    """Return the role that outranks the others; among those that do not compare, the first. ``None`` without any."""
    found: R | None = None
    for role in roles:
        if found is None or outranks(role, found):
            found = role
    return found
