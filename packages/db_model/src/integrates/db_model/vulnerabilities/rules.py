"""The states of a vulnerability, and what imports change (domain sections 1, 4.2, 8 and 9).

``at`` is the effective date of a change. The functions do not look at the root, the finding or the import: callers decide about
these before.
"""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.findings.types import Finding
from integrates.db_model.severities.types import Severity
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Cycle,
    Source,
    Technique,
    ToolMark,
    Treatment,
    TreatmentStatus,
    Verification,
    VerificationStatus,
    Vulnerability,
    VulnerabilityLocation,
    VulnerabilityState,
    VulnerabilityStatus,
    VulnerabilityType,
    ZeroRiskStatus,
)


class Sighting(Struct, frozen=True, kw_only=True):
    """What one result of a tool says. ``severity`` is set only when it differs from that of the tool's rule."""

    type: VulnerabilityType
    technique: Technique
    location: VulnerabilityLocation
    tool: ToolMark
    severity: Severity | None = None


def is_live(vulnerability: Vulnerability) -> bool:
    """Return whether the vulnerability was not removed."""
    return vulnerability.state.status is not VulnerabilityStatus.DELETED


def is_hidden(vulnerability: Vulnerability) -> bool:
    """Return whether the zero risk of the vulnerability is CONFIRMED."""
    return vulnerability.zero_risk is not None and vulnerability.zero_risk.status is ZeroRiskStatus.CONFIRMED


def is_vulnerable(vulnerability: Vulnerability) -> bool:
    """Return whether the state is VULNERABLE, hidden or not."""
    return vulnerability.state.status is VulnerabilityStatus.VULNERABLE


def is_open(vulnerability: Vulnerability) -> bool:
    """Return whether the vulnerability is VULNERABLE and not hidden."""
    return is_vulnerable(vulnerability) and not is_hidden(vulnerability)


def is_draft(vulnerability: Vulnerability) -> bool:
    """Return whether the vulnerability is SUBMITTED or REJECTED."""
    return vulnerability.state.status in {VulnerabilityStatus.SUBMITTED, VulnerabilityStatus.REJECTED}


def is_released(vulnerability: Vulnerability) -> bool:
    """Return whether the vulnerability is VULNERABLE or SAFE."""
    return vulnerability.state.status in {VulnerabilityStatus.VULNERABLE, VulnerabilityStatus.SAFE}


def effective_score(vulnerability: Vulnerability, finding_severity: Severity | None) -> Decimal | None:
    """Return the score of its own severity, else of its finding's; ``None`` when neither has one."""
    severity = vulnerability.severity or finding_severity
    return severity.score if severity else None


def reported(identifier: str, finding: Finding, root_id: str, sighting: Sighting, *, by: str, at: datetime) -> Vulnerability:
    """Return a new vulnerability as an import reports it: VULNERABLE, UNTREATED, in its first cycle. It is not stored yet."""
    return Vulnerability(
        id=identifier,
        finding_id=finding.id,
        group_name=finding.group_name,
        organization_id=finding.organization_id,
        root_id=root_id,
        type=sighting.type,
        technique=sighting.technique,
        source=Source.MACHINE,
        location=sighting.location,
        tool=sighting.tool,
        severity=sighting.severity,
        state=VulnerabilityState(status=VulnerabilityStatus.VULNERABLE, at=at, by=by),
        treatment=Treatment(status=TreatmentStatus.UNTREATED, at=at, by=by),
        cycle=Cycle(reported_at=at, opened_at=at, cycles=1),
        created_at=at,
        created_by=by,
    )


def is_at(vulnerability: Vulnerability, location: VulnerabilityLocation) -> bool:
    """Return whether the vulnerability has that ``where`` and ``specific``."""
    own = vulnerability.location
    return (own.where, own.specific) == (location.where, location.specific)


def marked(vulnerability: Vulnerability, sighting: Sighting) -> Vulnerability:
    """Return the vulnerability with the category, fingerprint and own score of a result at the same location.

    The fingerprint stays when the result has none, and so does a severity with vectors, which a person has set. Return the same
    object when nothing changes, or when the source of the vulnerability is not MACHINE.
    """
    if vulnerability.source is not Source.MACHINE:
        return vulnerability
    changed = replace(vulnerability, tool=_tool(vulnerability, sighting), severity=_severity(vulnerability, sighting))
    return vulnerability if changed == vulnerability else changed


def _tool(vulnerability: Vulnerability, sighting: Sighting) -> ToolMark:
    known = vulnerability.tool.fingerprint if vulnerability.tool else None
    return replace(sighting.tool, fingerprint=sighting.tool.fingerprint or known)


def _severity(vulnerability: Vulnerability, sighting: Sighting) -> Severity | None:
    own = vulnerability.severity
    return own if own and (own.cvss_v4 or own.cvss_v3) else sighting.severity


def moved(vulnerability: Vulnerability, sighting: Sighting) -> Vulnerability:
    """Return the vulnerability :func:`marked`, and at the location of the result. A new snippet alone changes nothing."""
    changed = marked(vulnerability, sighting)
    if vulnerability.source is not Source.MACHINE or is_at(vulnerability, sighting.location):
        return changed
    return replace(changed, location=sighting.location)


def reopened(vulnerability: Vulnerability, sighting: Sighting, *, by: str, at: datetime) -> Vulnerability:
    """Return the vulnerability in a new cycle, at the location of the result. Raise ``Rejected`` (``not_safe``)."""
    if vulnerability.state.status is not VulnerabilityStatus.SAFE:
        raise Rejected(Reason.NOT_SAFE)
    cycle = vulnerability.cycle
    return replace(
        moved(vulnerability, sighting),
        state=VulnerabilityState(status=VulnerabilityStatus.VULNERABLE, at=at, by=by),
        cycle=replace(cycle, opened_at=at, closed_at=None, cycles=cycle.cycles + 1),
    )


def closed(vulnerability: Vulnerability, reason: ClosingReason, *, by: str, at: datetime) -> Vulnerability:
    """Return the vulnerability with its cycle ended and a verification answered. Raise ``Rejected`` (``not_vulnerable``)."""
    if not is_vulnerable(vulnerability):
        raise Rejected(Reason.NOT_VULNERABLE)
    return replace(
        vulnerability,
        state=VulnerabilityState(status=VulnerabilityStatus.SAFE, at=at, by=by, closing_reason=reason),
        verification=_answered(vulnerability.verification, by=by, at=at),
        cycle=replace(vulnerability.cycle, closed_at=at),
    )


def _answered(verification: Verification | None, *, by: str, at: datetime) -> Verification | None:
    if verification is None or verification.status is VerificationStatus.VERIFIED:
        return verification
    return Verification(status=VerificationStatus.VERIFIED, at=at, by=by)
