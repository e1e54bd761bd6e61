"""The organization entity."""

from datetime import datetime
from enum import StrEnum

import msgspec

from integrates.db_model.entity.types import Entity
from integrates.db_model.policies.types import Policies


class OrganizationStatus(StrEnum):
    """Whether the organization exists or was removed."""

    ACTIVE = "ACTIVE"
    DELETED = "DELETED"


class OrganizationInfo(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``country`` is an ISO 3166-1 alpha-2 code."""

    name: str
    country: str | None = None


class OrganizationState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Status of the organization."""

    status: OrganizationStatus
    at: datetime
    by: str


class Organization(Entity, frozen=True, kw_only=True):
    """A tenant: the owner of groups."""

    id: str
    info: OrganizationInfo
    policies: Policies = Policies()
    state: OrganizationState
