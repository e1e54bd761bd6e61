"""The finding entity."""

from datetime import datetime
from enum import StrEnum

import msgspec

from integrates.db_model.entity.types import Entity
from integrates.db_model.evidences.types import Evidence
from integrates.db_model.severities.types import Severity


class FindingStatus(StrEnum):
    """The status of a finding, which follows from its vulnerabilities and is never stored."""

    DRAFT = "DRAFT"
    SAFE = "SAFE"
    VULNERABLE = "VULNERABLE"


class FindingStateStatus(StrEnum):
    """Whether the finding exists or was removed."""

    CREATED = "CREATED"
    DELETED = "DELETED"


class RemovalJustification(StrEnum):
    """Why a finding or vulnerability was removed, which decides whether its claim is freed."""

    DUPLICATED = "DUPLICATED"
    EXCLUSION = "EXCLUSION"
    FALSE_POSITIVE = "FALSE_POSITIVE"
    NOT_REQUIRED = "NOT_REQUIRED"
    REPORTING_ERROR = "REPORTING_ERROR"


class ToolRule(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The rule of a tool that the finding stands for."""

    tool: str
    rule_id: str


class FindingDescription(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Texts of the finding; ``min_time_to_remediate`` in minutes."""

    title: str
    description: str
    threat: str = ""
    attack_vector_description: str = ""
    recommendation: str = ""
    cwe_ids: tuple[str, ...] = ()
    min_time_to_remediate: int | None = None


class GivenFinding(FindingDescription, frozen=True, kw_only=True, gc=False):
    """The checked arguments of a new finding: its texts, and the vectors of its severity in canonical form."""

    cvss_v4: str | None = None
    cvss_v3: str | None = None


class FindingRelease(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """When the first vulnerability of the finding was released; set once."""

    released_at: datetime | None = None


class FindingState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Status of the finding. ``keeps_claim`` says of a removed one that imports still ignore what it stands for."""

    status: FindingStateStatus
    at: datetime
    by: str
    justification: RemovalJustification | None = None
    keeps_claim: bool = False


class Finding(Entity, frozen=True, kw_only=True):
    """A kind of weakness in one group. ``scored`` counts the changes of its severity; ``evidences`` are ordered by slot."""

    id: str
    group_name: str
    organization_id: str
    rule: ToolRule | None = None
    description: FindingDescription
    severity: Severity | None = None
    scored: int = 0
    evidences: tuple[Evidence, ...] = ()
    release: FindingRelease = FindingRelease()
    state: FindingState
