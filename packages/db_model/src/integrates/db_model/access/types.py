"""Access of a person to an organization or a group."""

from datetime import datetime
from enum import StrEnum

import msgspec

from integrates.db_model.entity.types import Entity


class OrganizationRole(StrEnum):
    """Role in an organization."""

    ORGANIZATION_MANAGER = "organization_manager"
    USER = "user"


class GroupRole(StrEnum):
    """Role in a group. ``service_forces`` belongs to the CI identity, never to a person."""

    GROUP_MANAGER = "group_manager"
    VULNERABILITY_MANAGER = "vulnerability_manager"
    USER = "user"
    HACKER = "hacker"
    REATTACKER = "reattacker"
    REVIEWER = "reviewer"
    SERVICE_FORCES = "service_forces"


class AccessStatus(StrEnum):
    """How far the access has come."""

    INVITED = "INVITED"
    ACTIVE = "ACTIVE"
    REMOVED = "REMOVED"


class AccessState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Status of the access."""

    status: AccessStatus
    at: datetime
    by: str


class OrganizationGrant(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the person may do; no role while only invited."""

    role: OrganizationRole | None = None


class GroupGrant(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the person may do and is responsible for; no role while only invited."""

    role: GroupRole | None = None
    responsibility: str | None = None


class Invitation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An open invitation; ``jti_hash`` is the SHA-256 of the link's secret part."""

    role: str
    responsibility: str | None = None
    jti_hash: str
    sent_at: datetime
    expires_at: datetime


class OrganizationAccess(Entity, frozen=True, kw_only=True):
    """The access of a person to an organization; its key is made of both."""

    email: str
    organization_id: str
    access: OrganizationGrant = OrganizationGrant()
    invitation: Invitation | None = None
    state: AccessState


class GroupAccess(Entity, frozen=True, kw_only=True):
    """The access of a person to a group; its key is made of both."""

    email: str
    group_name: str
    access: GroupGrant = GroupGrant()
    invitation: Invitation | None = None
    state: AccessState
