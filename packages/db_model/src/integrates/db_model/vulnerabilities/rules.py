"""The states of a vulnerability, and what imports change (domain sections 1, 4.2, 8 and 9).

``at`` is the effective date of a change. The functions do not look at the root, the finding or the import: callers decide about
these before.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.findings.types import Finding
from integrates.db_model.severities.types import Severity
from integrates.db_model.vulnerabilities.advisory import goes_with
from integrates.db_model.vulnerabilities.types import (
    Advisory,
    ClosingReason,
    SeriesSuppression,
    Source,
    Technique,
    Tool,
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

MAX_CATEGORIES: Final = 20
"""Most series of a tool that are noted at one vulnerability; further ones are not."""


class Sighting(Struct, frozen=True, kw_only=True):
    """What one result of a tool says.

    ``severity`` is set only when it differs from that of the tool's rule. A package always has an ``advisory``, which is about
    the version at the location. ``is_crowded`` tells that others of the rule share the place, ``by_fingerprint`` that the
    vulnerability was recognised by that.
    """

    type: VulnerabilityType
    technique: Technique
    location: VulnerabilityLocation
    tool: Tool
    advisory: Advisory | None = None
    severity: Severity | None = None
    is_crowded: bool = False
    by_fingerprint: bool = False


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


def unreachable(vulnerability: Vulnerability) -> Iterator[Rejected]:
    """Yield why people may not decide about it: ``not_vulnerable``, ``hidden``."""
    if not is_vulnerable(vulnerability):
        yield Rejected(Reason.NOT_VULNERABLE)
    if is_hidden(vulnerability):
        yield Rejected(Reason.HIDDEN)


def unanswerable(vulnerability: Vulnerability, *, is_requested: bool) -> Iterator[Rejected]:
    """Yield why people may not answer a request: ``not_requested``, else ``not_vulnerable``; and ``hidden``."""
    if not is_requested:
        yield Rejected(Reason.NOT_REQUESTED)
    elif not is_vulnerable(vulnerability):
        yield Rejected(Reason.NOT_VULNERABLE)
    if is_hidden(vulnerability):
        yield Rejected(Reason.HIDDEN)


def begins_cycle(old: Vulnerability | None, new: Vulnerability) -> bool:
    """Return whether a change begins a cycle: the vulnerability is released or reopened, by whomever."""
    return is_vulnerable(new) and (old is None or not is_vulnerable(old))


def is_first_release(old: Vulnerability | None, new: Vulnerability, finding: Finding) -> bool:
    """Return whether a change is the first release of anything in the finding."""
    return is_released(new) and (old is None or not is_released(old)) and finding.release.released_at is None


def cycle_begun(vulnerability: Vulnerability, *, by: str, at: datetime, comments: str | None = None) -> Vulnerability:
    """Return the vulnerability VULNERABLE in a new cycle, which is its first one when it is released. All cycles begin here."""
    cycle = vulnerability.cycle
    return replace(
        vulnerability,
        state=VulnerabilityState(status=VulnerabilityStatus.VULNERABLE, at=at, by=by, comments=comments),
        cycle=replace(cycle, reported_at=cycle.reported_at or at, opened_at=at, closed_at=None, cycles=cycle.cycles + 1),
    )


def effective_severity(vulnerability: Vulnerability, finding_severity: Severity | None) -> Severity | None:
    """Return its own severity, else its finding's; ``None`` when neither has one."""
    return vulnerability.severity or finding_severity


def effective_score(vulnerability: Vulnerability, finding_severity: Severity | None) -> Decimal | None:
    """Return the score of its own severity, else of its finding's; ``None`` when neither has one."""
    severity = effective_severity(vulnerability, finding_severity)
    return severity.score if severity else None


def reported(identifier: str, finding: Finding, root_id: str, sighting: Sighting, *, by: str, at: datetime) -> Vulnerability:
    """Return a new vulnerability as an import reports it: VULNERABLE, UNTREATED, in its first cycle. It is not stored yet."""
    new = Vulnerability(
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
        advisory=sighting.advisory,
        severity=sighting.severity,
        state=VulnerabilityState(status=VulnerabilityStatus.SUBMITTED, at=at, by=by),
        treatment=Treatment(status=TreatmentStatus.UNTREATED, at=at, by=by),
        created_at=at,
        created_by=by,
    )
    return cycle_begun(new, by=by, at=at)


def is_at(vulnerability: Vulnerability, location: VulnerabilityLocation) -> bool:
    """Return whether the vulnerability has that ``where`` and ``specific``."""
    own = vulnerability.location
    return (own.where, own.specific) == (location.where, location.specific)


def noted(vulnerability: Vulnerability, sighting: Sighting) -> Vulnerability:
    """Return the vulnerability with what a result at the same place says of it.

    The category of the series is added, a suppression is kept or forgotten. The series that noted it first renews commit,
    snippet, detail, advisory and own score, and the fingerprint unless that was what it was recognised by. A severity with
    vectors stays, which a person has set. Return the same object when nothing changes, or when the source of the vulnerability
    is not MACHINE.
    """
    tool = vulnerability.tool
    if vulnerability.source is not Source.MACHINE or tool is None:
        return vulnerability
    changed = replace(vulnerability, tool=_noted(tool, sighting))
    if tool.categories[0] == sighting.tool.categories[0]:
        seen = sighting.location
        location = replace(vulnerability.location, commit=seen.commit, snippet=seen.snippet, detail=seen.detail)
        severity, advisory = _severity(vulnerability, sighting), _advisory(vulnerability, sighting)
        changed = replace(changed, location=location, severity=severity, advisory=advisory)
    return vulnerability if changed == vulnerability else changed


def _noted(tool: Tool, sighting: Sighting) -> Tool:
    seen = sighting.tool
    category = seen.categories[0]
    categories = tuple(dict.fromkeys((*tool.categories, *seen.categories)))[:MAX_CATEGORIES]
    renewed = seen.fingerprint is not None and tool.categories[0] == category and not sighting.by_fingerprint
    return replace(
        tool,
        categories=categories,
        fingerprint=seen.fingerprint if renewed else tool.fingerprint,
        mark=seen.mark if sighting.is_crowded else tool.mark,
        suppressions=tuple(one for one in _suppressed(tool.suppressions, seen) if one.category in categories),
    )


def _suppressed(known: tuple[SeriesSuppression, ...], seen: Tool) -> tuple[SeriesSuppression, ...]:
    """Return the suppressions, those of the categories of a result as that has them, in the order of categories."""
    others = tuple(one for one in known if one.category not in seen.categories)
    return tuple(sorted((*others, *seen.suppressions), key=lambda one: one.category))


def is_suppressed(tool: Tool) -> bool:
    """Return whether every category in which a tool sees a vulnerability says that it does not count."""
    return {one.category for one in tool.suppressions} >= set(tool.categories)


def _severity(vulnerability: Vulnerability, sighting: Sighting) -> Severity | None:
    own = vulnerability.severity
    return own if own and (own.cvss_v4 or own.cvss_v3) else sighting.severity


def _advisory(vulnerability: Vulnerability, sighting: Sighting) -> Advisory | None:
    """Return the advisory of a result, or its own as long as the result has none or is about another version."""
    seen = sighting.advisory
    return seen if seen is not None and goes_with(seen, vulnerability.location) else vulnerability.advisory


def placed(vulnerability: Vulnerability, sighting: Sighting) -> Vulnerability:
    """Return the vulnerability at the place of a result, with the advisory that goes with it, nothing else changed.

    What a person reported stays where it is, and so does a package when the result does not tell which version is at its place.
    """
    if vulnerability.source is not Source.MACHINE or is_at(vulnerability, sighting.location):
        return vulnerability
    seen, advisory = sighting.location, sighting.advisory or vulnerability.advisory
    if advisory is not None and not goes_with(advisory, seen):
        return vulnerability
    location = replace(vulnerability.location, where=seen.where, specific=seen.specific)
    return replace(vulnerability, location=location, advisory=advisory)


def moved(vulnerability: Vulnerability, sighting: Sighting) -> Vulnerability:
    """Return the vulnerability :func:`noted`, and at the place of the result."""
    return placed(noted(vulnerability, sighting), sighting)


def reopened(vulnerability: Vulnerability, sighting: Sighting, *, by: str, at: datetime) -> Vulnerability:
    """Return the vulnerability in a new cycle, at the place of the result, seen by its series alone.

    Raise ``Rejected`` (``not_safe``).
    """
    if vulnerability.state.status is not VulnerabilityStatus.SAFE:
        raise Rejected(Reason.NOT_SAFE)
    tool = vulnerability.tool
    alone = replace(tool, categories=sighting.tool.categories, suppressions=()) if tool else None
    return cycle_begun(moved(replace(vulnerability, tool=alone), sighting), by=by, at=at)


def unseen(vulnerability: Vulnerability, categories: AbstractSet[str], *, by: str, at: datetime) -> Vulnerability:
    """Return the vulnerability without the categories whose scans no longer see it; the last one stays, and closes it."""
    tool = vulnerability.tool
    if tool is None:
        return vulnerability
    left = tuple(each for each in tool.categories if each not in categories)
    if not left:
        return closed(vulnerability, ClosingReason.NOT_REPORTED, by=by, at=at)
    suppressions = tuple(one for one in tool.suppressions if one.category in left)
    return replace(vulnerability, tool=replace(tool, categories=left, suppressions=suppressions))


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
