"""The root entity."""

from datetime import datetime
from enum import StrEnum

import msgspec

from integrates.db_model.entity.types import Entity


class RootKind(StrEnum):
    """The kind of a root."""

    GIT = "GIT"
    IMAGE = "IMAGE"
    IP = "IP"
    URL = "URL"


class Criticality(StrEnum):
    """How much the root matters to its owner."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class RootStatus(StrEnum):
    """Whether new vulnerabilities may be reported on the root."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class GitLocation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a GIT root is. ``url`` is normalised, ``gitignore`` holds at most 50 patterns."""

    url: str
    branch: str
    gitignore: tuple[str, ...] = ()


class RootInfo(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How people call the root and how much it matters."""

    nickname: str
    criticality: Criticality = Criticality.MEDIUM


class RootState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Status of the root; ``reason`` and ``other`` belong to its deactivation."""

    status: RootStatus
    at: datetime
    by: str
    reason: str | None = None
    other: str | None = None


class Root(Entity, frozen=True, kw_only=True):
    """What is tested: so far a branch of a git repository."""

    id: str
    kind: RootKind
    group_name: str
    organization_id: str
    location: GitLocation
    info: RootInfo
    state: RootState
