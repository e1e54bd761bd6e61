"""Changes of access records with the counters that guard them."""

from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS
from integrates.db_model.access.types import (
    AccessState,
    AccessStatus,
    GroupAccess,
    GroupGrant,
    GroupRole,
    Invitation,
    OrganizationAccess,
    OrganizationGrant,
    OrganizationRole,
)
from integrates.db_model.entity import counter
from integrates.db_model.entity import plan as planning
from integrates.db_model.entity.plan import Plan
from integrates.db_model.entity.types import Stamp


def granted_organization(email: str, organization_id: str, role: OrganizationRole, stamp: Stamp) -> Plan[OrganizationAccess]:
    """Plan to give a person a role in an organization; a manager is counted as one."""
    access = OrganizationAccess(
        email=email,
        organization_id=organization_id,
        access=OrganizationGrant(role=role),
        state=AccessState(status=AccessStatus.ACTIVE, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )
    return added_organization(access, stamp)


def added_organization(access: OrganizationAccess, stamp: Stamp) -> Plan[OrganizationAccess]:
    """Plan to store a new access to an organization."""
    manager = access.access.role is OrganizationRole.ORGANIZATION_MANAGER
    guard = counter.guarded(counter.organization_counters_key(access.organization_id), "managers")
    return planning.together(planning.added(ORGANIZATION_ACCESS, access, stamp), *((guard,) if manager else ()))


def granted_group(
    email: str,
    group_name: str,
    grant: GroupGrant,
    stamp: Stamp,
    invitation: Invitation | None = None,
) -> Plan[GroupAccess]:
    """Plan to give a person a role in a group, or to invite them to one."""
    access = GroupAccess(
        email=email,
        group_name=group_name,
        access=grant,
        invitation=invitation,
        state=AccessState(status=AccessStatus.INVITED if invitation else AccessStatus.ACTIVE, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )
    return added_group(access, stamp)


def is_member(access: GroupAccess) -> bool:
    """Tell whether the access is counted among the members of its group: the CI identity is not."""
    return access.access.role is not GroupRole.SERVICE_FORCES


def added_group(access: GroupAccess, stamp: Stamp) -> Plan[GroupAccess]:
    """Plan to store a new access to a group; refused with ``too_many`` when the group has no room for another member."""
    guard = counter.group_guard(access.group_name, "members", counter.MAX_MEMBERS)
    return planning.together(planning.added(GROUP_ACCESS, access, stamp), *((guard,) if is_member(access) else ()))
