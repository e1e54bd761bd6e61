"""What an access record gives (domain sections 1 and 2)."""

from typing import overload

from integrates.db_model.access.types import AccessStatus, GroupAccess, GroupRole, OrganizationAccess, OrganizationRole


def is_live(access: OrganizationAccess | GroupAccess) -> bool:
    """Tell whether the access was not removed; an invitation is live, too."""
    return access.state.status is not AccessStatus.REMOVED


def is_member(access: OrganizationAccess | GroupAccess) -> bool:
    """Tell whether the person is a member, not merely invited."""
    return access.state.status is AccessStatus.ACTIVE


@overload
def role_of(access: OrganizationAccess) -> OrganizationRole | None: ...
@overload
def role_of(access: GroupAccess) -> GroupRole | None: ...
def role_of(access: OrganizationAccess | GroupAccess) -> OrganizationRole | GroupRole | None:
    """Return the role that the record gives by itself; ``None`` to those who are not members."""
    return access.access.role if is_member(access) else None
