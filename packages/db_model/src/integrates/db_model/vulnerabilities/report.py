"""What people report: the arguments of new vulnerabilities, which begin as drafts (domain sections 4.2 and 11.2)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.access.types import GroupRole
from integrates.db_model.findings.types import Finding
from integrates.db_model.severities.rules import VECTORS, severity
from integrates.db_model.values.check import Arguments, as_given, checked, one_of
from integrates.db_model.values.text import commit, identifier
from integrates.db_model.vulnerabilities.location import normalisers
from integrates.db_model.vulnerabilities.types import (
    Source,
    Technique,
    Treatment,
    TreatmentStatus,
    Vulnerability,
    VulnerabilityLocation,
    VulnerabilityState,
    VulnerabilityStatus,
    VulnerabilityType,
)

_TESTERS: Final = frozenset({GroupRole.HACKER, GroupRole.REATTACKER, GroupRole.REVIEWER})


class Report(Struct, frozen=True, kw_only=True):
    """The checked arguments of one vulnerability that a person reports. ``escaped``: the testers had missed it."""

    root_id: str
    type: VulnerabilityType
    technique: Technique
    where: str
    specific: str
    commit: str | None = None
    escaped: bool = False
    cvss_v4: str | None = None
    cvss_v3: str | None = None


ARGUMENTS: Final[Mapping[VulnerabilityType, Arguments[Report]]] = {
    kind: Arguments(
        Report,
        {
            "root_id": identifier,
            "type": one_of(VulnerabilityType),
            "technique": one_of(Technique),
            "where": where,
            "specific": specific,
            "commit": commit,
            "escaped": as_given,
            **VECTORS,
        },
    )
    for kind in VulnerabilityType
    for where, specific in (normalisers(kind),)
}
"""What a report is given, by the type of the vulnerability, which decides what its place may be."""


def report_of(given: Mapping[str, Any]) -> Report:
    """Return what somebody reports in raw arguments. Raise ``Rejections`` for those at fault."""
    return checked(ARGUMENTS[VulnerabilityType(given["type"])], given)


def source_of(role: GroupRole | None, *, escaped: bool) -> Source:
    """Return who found what a person reports who acts in that role: the testers, or else the organization itself."""
    if escaped:
        return Source.ESCAPE
    return Source.ANALYST if role in _TESTERS else Source.CUSTOMER


def submitted(identity: str, finding: Finding, report: Report, source: Source, *, by: str, at: datetime) -> Vulnerability:
    """Return a new draft as a person reports it: SUBMITTED and UNTREATED. It is not stored yet."""
    return Vulnerability(
        id=identity,
        finding_id=finding.id,
        group_name=finding.group_name,
        organization_id=finding.organization_id,
        root_id=report.root_id,
        type=report.type,
        technique=report.technique,
        source=source,
        location=VulnerabilityLocation(where=report.where, specific=report.specific, commit=report.commit),
        severity=severity(report.cvss_v4, report.cvss_v3),
        state=VulnerabilityState(status=VulnerabilityStatus.SUBMITTED, at=at, by=by),
        treatment=Treatment(status=TreatmentStatus.UNTREATED, at=at, by=by),
        created_at=at,
        created_by=by,
    )


def yielded(removed: Vulnerability) -> Vulnerability:
    """Return a removed vulnerability whose place a person reports again: it no longer keeps its claim."""
    return replace(removed, state=replace(removed.state, keeps_claim=False))
