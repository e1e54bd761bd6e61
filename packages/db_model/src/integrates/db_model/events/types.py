"""The event entity."""

from datetime import datetime
from enum import StrEnum

import msgspec

from integrates.db_model.entity.types import Entity
from integrates.db_model.evidences.types import Evidence


class EventType(StrEnum):
    """What keeps people from testing."""

    AUTHORIZATION_SPECIAL_ATTACK = "AUTHORIZATION_SPECIAL_ATTACK"
    CLONING_ISSUES = "CLONING_ISSUES"
    CREDENTIAL_ISSUES = "CREDENTIAL_ISSUES"
    DATA_UPDATE_REQUIRED = "DATA_UPDATE_REQUIRED"
    ENVIRONMENT_ISSUES = "ENVIRONMENT_ISSUES"
    INSTALLER_ISSUES = "INSTALLER_ISSUES"
    MILESTONE_CANCELLED = "MILESTONE_CANCELLED"
    MISSING_SUPPLIES = "MISSING_SUPPLIES"
    NETWORK_ACCESS_ISSUES = "NETWORK_ACCESS_ISSUES"
    OTHER = "OTHER"
    REMOTE_ACCESS_ISSUES = "REMOTE_ACCESS_ISSUES"
    TOE_DIFFERS_APPROVED = "TOE_DIFFERS_APPROVED"
    VPN_ISSUES = "VPN_ISSUES"
    WORK_SUSPENDED = "WORK_SUSPENDED"


class EventStatus(StrEnum):
    """Where an event stands: reported, said to be over, or over for good."""

    CREATED = "CREATED"
    SOLVED = "SOLVED"
    VERIFICATION_REQUESTED = "VERIFICATION_REQUESTED"


class SolvingReason(StrEnum):
    """Why an event is over."""

    ACCESS_GRANTED = "ACCESS_GRANTED"
    CLONED_SUCCESSFULLY = "CLONED_SUCCESSFULLY"
    CREDENTIALS_ARE_WORKING_NOW = "CREDENTIALS_ARE_WORKING_NOW"
    DATA_UPDATED = "DATA_UPDATED"
    ENVIRONMENT_IS_WORKING_NOW = "ENVIRONMENT_IS_WORKING_NOW"
    INSTALLER_IS_WORKING_NOW = "INSTALLER_IS_WORKING_NOW"
    IS_OK_TO_RESUME = "IS_OK_TO_RESUME"
    NEW_CREDENTIALS_PROVIDED = "NEW_CREDENTIALS_PROVIDED"
    NEW_ENVIRONMENT_PROVIDED = "NEW_ENVIRONMENT_PROVIDED"
    OTHER = "OTHER"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    PERMISSION_GRANTED = "PERMISSION_GRANTED"
    RESOURCE_REMOVED_FROM_SCOPE = "RESOURCE_REMOVED_FROM_SCOPE"
    SUPPLIES_WERE_GIVEN = "SUPPLIES_WERE_GIVEN"
    TOE_CHANGE_APPROVED = "TOE_CHANGE_APPROVED"
    TOE_WILL_REMAIN_UNCHANGED = "TOE_WILL_REMAIN_UNCHANGED"


class EventInfo(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What people say of the event."""

    type: EventType
    description: str


class EventState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Status of the event.

    ``reason`` says why it is SOLVED, with ``other`` in words. ``comments`` say why its verification was requested, or why a
    solution was rejected.
    """

    status: EventStatus
    at: datetime
    by: str
    reason: SolvingReason | None = None
    other: str | None = None
    comments: str | None = None


class Event(Entity, frozen=True, kw_only=True):
    """Something that keeps people from testing a group, or one of its roots. ``event_date`` is when it happened.

    ``evidences`` are ordered by slot.
    """

    id: str
    group_name: str
    organization_id: str
    root_id: str | None = None
    event_date: datetime
    info: EventInfo
    evidences: tuple[Evidence, ...] = ()
    state: EventState
