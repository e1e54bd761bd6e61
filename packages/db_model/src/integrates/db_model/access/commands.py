"""Changing who has which role in organizations and groups."""

from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS
from integrates.db_model.access.rules import ci_identity
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
from integrates.db_model.entity import command
from integrates.db_model.entity.types import Stamp
from integrates.db_model.store.port import Store


def organization_member(email: str, organization_id: str, role: OrganizationRole, stamp: Stamp) -> OrganizationAccess:
    """Return the access of a new member of an organization. It is not stored yet."""
    return OrganizationAccess(
        email=email,
        organization_id=organization_id,
        access=OrganizationGrant(role=role),
        state=AccessState(status=AccessStatus.ACTIVE, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


def group_member(email: str, group_name: str, grant: GroupGrant, stamp: Stamp) -> GroupAccess:
    """Return the access of a new member of a group. It is not stored yet."""
    return GroupAccess(
        email=email,
        group_name=group_name,
        access=grant,
        state=AccessState(status=AccessStatus.ACTIVE, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


def ci_member(group_name: str, stamp: Stamp) -> GroupAccess:
    """Return the access of the CI identity of a group. It is not stored yet: :mod:`integrates.db_model.tokens.ci` stores it."""
    return group_member(ci_identity(group_name), group_name, GroupGrant(role=GroupRole.SERVICE_FORCES), stamp)


def organization_guest(email: str, organization_id: str, invitation: Invitation, stamp: Stamp) -> OrganizationAccess:
    """Return the access of a person who is invited to an organization. It is not stored yet."""
    return OrganizationAccess(
        email=email,
        organization_id=organization_id,
        invitation=invitation,
        state=AccessState(status=AccessStatus.INVITED, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


def group_guest(email: str, group_name: str, invitation: Invitation, stamp: Stamp) -> GroupAccess:
    """Return the access of a person who is invited to a group. It is not stored yet."""
    return GroupAccess(
        email=email,
        group_name=group_name,
        invitation=invitation,
        state=AccessState(status=AccessStatus.INVITED, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


async def add_to_organization(store: Store, access: OrganizationAccess, stamp: Stamp) -> OrganizationAccess:
    """Store a new access of a known person to an organization; return it as stored.

    Raise ``NotFound`` for an unknown person or organization, ``Stale`` when the person has or had access to it.
    """
    return await command.add(store, ORGANIZATION_ACCESS, access, stamp)


async def add_to_group(store: Store, access: GroupAccess, stamp: Stamp) -> GroupAccess:
    """Store a new access of a known person to a group, as a member or only invited; return it as stored.

    Raise ``NotFound`` for an unknown person or group, ``Rejected`` (``too_many``) when the group is full, ``Stale`` when the
    person has or had access to it.
    """
    return await command.add(store, GROUP_ACCESS, access, stamp)
