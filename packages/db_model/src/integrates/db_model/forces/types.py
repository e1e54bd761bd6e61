"""The entity of a verdict of the gate."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from integrates.db_model.entity.types import Entity


class ForcesKind(StrEnum):
    """Which vulnerabilities are looked at: all, those in files (lines and packages), or those of what runs."""

    ALL = "ALL"
    DYNAMIC = "DYNAMIC"
    STATIC = "STATIC"


class Strictness(StrEnum):
    """Whether blocking vulnerabilities break the build, or are only told."""

    LAX = "LAX"
    STRICT = "STRICT"


class GateCategory(StrEnum):
    """What the gate makes of one open vulnerability."""

    ACCEPTED = "ACCEPTED"
    BELOW_THRESHOLD = "BELOW_THRESHOLD"
    BLOCKING = "BLOCKING"
    IN_GRACE = "IN_GRACE"
    SUPPRESSED = "SUPPRESSED"
    TECHNICAL_DEBT = "TECHNICAL_DEBT"


class GitFacts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is being built, in the words of the caller."""

    repo: str | None = None
    branch: str | None = None
    commit: str | None = None
    origin: str | None = None


class GateRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the caller asked for, by which a call that is sent again is recognised."""

    root_nickname: str | None = None
    severity_threshold: Decimal | None = None
    grace_period: int | None = None


class GatePolicy(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The values that decide: a score from 0.0 to 10.0, and whole days."""

    severity_threshold: Decimal
    grace_period: int
    days_until_it_breaks: int | None = None
    source_suppressions_pass: bool = False


class GateCounts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The number of open vulnerabilities of each category, and of those that are SAFE, of any kind."""

    accepted: int = 0
    suppressed: int = 0
    below_threshold: int = 0
    in_grace: int = 0
    technical_debt: int = 0
    blocking: int = 0
    closed: int = 0


class ForcesLog(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The log that the caller sent, which is kept in the file store. ``sha256`` in hex, ``size`` in bytes."""

    sha256: str
    size: int


class ForcesExecution(Entity, frozen=True, kw_only=True):
    """A verdict of the gate on a group, or on the root of ``root_id``. It never changes.

    Its id is the caller's, and unique in the group. ``policy`` has the values that were used. ``blocking`` has the ids of the
    first 500 vulnerabilities that block, by score descending. ``exit_code`` is 1 for a build that breaks, else 0.
    """

    id: str
    group_name: str
    organization_id: str
    root_id: str | None = None
    execution_date: datetime
    kind: ForcesKind
    strictness: Strictness
    git: GitFacts = GitFacts()
    asked: GateRequest = GateRequest()
    policy: GatePolicy
    counts: GateCounts
    blocking: tuple[str, ...] = ()
    exit_code: int
    log: ForcesLog | None = None
