"""What a vulnerability may hold, whole and in any state (domain sections 3 and 4, rule E13)."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from integrates.db_model.entity.rules import ENTITY, MAX_COUNT, by
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.findings.rules import frees_claim
from integrates.db_model.severities.rules import SEVERITY, misscored
from integrates.db_model.values.check import Normaliser, at_most, distinct, number, remembered, whole_of
from integrates.db_model.values.text import (
    category,
    commit,
    digest,
    email,
    fingerprint,
    identifier,
    name,
    reasoning,
    rule_id,
    suppression_kind,
    tags,
    tool_name,
)
from integrates.db_model.values.url import http_url
from integrates.db_model.vulnerabilities.advisory import ADVISORY, misadvised
from integrates.db_model.vulnerabilities.location import excerpted, judged_by_type, location_refusals
from integrates.db_model.vulnerabilities.rules import MAX_CATEGORIES, is_draft
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    Cycle,
    PreviousTreatment,
    RejectionReason,
    Treatment,
    TreatmentStatus,
    Verification,
    VerificationStatus,
    Vulnerability,
    VulnerabilityState,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

MAX_OFFSET: Final = 2**53 - 1

_category: Final = remembered(category)


@lru_cache(maxsize=64)
def _categories(values: tuple[str, ...], path: tuple[str, ...]) -> tuple[str, ...]:
    found = distinct(values, path, _category, MAX_CATEGORIES)
    if not found:
        raise Rejected(Reason.REQUIRED, path)
    return found


_parent: Final = remembered(identifier)
_person: Final = remembered(email)
_TREATMENT: Final[Mapping[str, Normaliser]] = {
    "justification": reasoning,
    "assigned": _person,
    "requested_by": _person,
    "policy_id": _parent,
    "by": by,
}
_FIELDS: Final = whole_of(
    Vulnerability,
    {
        **ENTITY,
        **SEVERITY,
        **ADVISORY,
        "id": identifier,
        "finding_id": _parent,
        "group_name": remembered(name),
        "organization_id": _parent,
        "root_id": _parent,
        "number": number(1, MAX_COUNT),
        "identity": digest,
        "location.where": judged_by_type,
        "location.specific": judged_by_type,
        "location.commit": commit,
        "location.snippet": excerpted,
        "location.detail": excerpted,
        "tool.name": remembered(tool_name),
        "tool.categories": _categories,
        "tool.rule_id": remembered(rule_id),
        "tool.fingerprint": fingerprint,
        "tool.mark.logical": digest,
        "tool.mark.location_message": digest,
        "tool.mark.start_column": number(0, MAX_OFFSET),
        "tool.mark.char_offset": number(0, MAX_OFFSET),
        "tool.mark.byte_offset": number(0, MAX_OFFSET),
        "tool.mark.message": digest,
        "tool.suppressions": at_most(MAX_CATEGORIES),
        "tool.suppressions.category": remembered(category),
        "tool.suppressions.kind": suppression_kind,
        "tool.suppressions.justification": excerpted,
        "match.import_id": _parent,
        "labels.tags": tags,
        "labels.bug_tracking_system_url": http_url,
        "state.by": by,
        "state.other": reasoning,
        "state.comments": reasoning,
        "state.rejection_reasons": lambda values, _: tuple(dict.fromkeys(values)),
        **{f"treatment.{field}": rule for field, rule in _TREATMENT.items()},
        **{f"treatment.previous.{field}": rule for field, rule in _TREATMENT.items()},
        "verification.event_id": identifier,
        "verification.justification": reasoning,
        "verification.by": by,
        "zero_risk.justification": reasoning,
        "zero_risk.requested_by": _person,
        "zero_risk.by": by,
        "cycle.cycles": number(0, MAX_COUNT),
        "cycle.temporary_acceptances": number(0, MAX_COUNT),
    },
)
_REASONS: Final[Mapping[VulnerabilityStatus, str]] = {
    VulnerabilityStatus.DELETED: "justification",
    VulnerabilityStatus.REJECTED: "rejection_reasons",
    VulnerabilityStatus.SAFE: "closing_reason",
    VulnerabilityStatus.SUBMITTED: "",
    VulnerabilityStatus.VULNERABLE: "",
}
"""By state: the member that says why, which the other states must not have."""
_RELEASED: Final = frozenset({VulnerabilityStatus.SAFE, VulnerabilityStatus.VULNERABLE})
_RESTORED: Final = frozenset({None, AcceptanceStatus.REJECTED})
_ACCEPTANCES: Final[Mapping[TreatmentStatus, frozenset[AcceptanceStatus | None]]] = {
    TreatmentStatus.ACCEPTED: _RESTORED,
    TreatmentStatus.ACCEPTED_UNDEFINED: frozenset({AcceptanceStatus.APPROVED, AcceptanceStatus.SUBMITTED}),
    TreatmentStatus.IN_PROGRESS: _RESTORED,
    TreatmentStatus.UNTREATED: _RESTORED,
}
"""By treatment: the states of a request for a permanent acceptance that go with it. A refused one stays, as REJECTED."""
_WAITING: Final = frozenset({VerificationStatus.ON_HOLD, VerificationStatus.REQUESTED})


def whole(vulnerability: Vulnerability) -> Iterator[Rejected]:
    """Yield each refusal of a vulnerability in any state (E13).

    Members that contradict each other are looked for only when each member is valid by itself.
    """
    refused = (*_FIELDS(vulnerability), *location_refusals(vulnerability.type, vulnerability.location))
    yield from refused or _contradictions(vulnerability)


def _contradictions(vulnerability: Vulnerability) -> Iterator[Rejected]:
    if vulnerability.severity is not None:
        yield from misscored(vulnerability.severity, ("severity",))
    yield from misadvised(vulnerability.type, vulnerability.location, vulnerability.tool, vulnerability.advisory)
    yield from _of_state(vulnerability.state)
    yield from _of_cycle(vulnerability.cycle, vulnerability.state.status)
    yield from _of_treatment(vulnerability.treatment)
    if vulnerability.verification is not None:
        yield from _of_verification(vulnerability.verification, vulnerability.state.status)
    if vulnerability.zero_risk is not None:
        yield from _of_zero_risk(vulnerability.zero_risk)
    if is_draft(vulnerability):
        yield from _of_draft(vulnerability)


def _of_state(state: VulnerabilityState) -> Iterator[Rejected]:
    wanted = _REASONS[state.status]
    given = (
        ("rejection_reasons", state.rejection_reasons),
        ("closing_reason", state.closing_reason),
        ("justification", state.justification),
    )
    for member, value in given:
        if bool(value) != (member == wanted):
            yield Rejected(Reason.INCONSISTENT if value else Reason.REQUIRED, ("state", member))
    if (RejectionReason.OTHER in state.rejection_reasons) != (state.other is not None):
        yield Rejected(Reason.REQUIRED if state.other is None else Reason.INCONSISTENT, ("state", "other"))
    if state.keeps_claim and (state.justification is None or frees_claim(state.justification)):
        yield Rejected(Reason.INCONSISTENT, ("state", "keeps_claim"))
    if state.comments is not None and state.status is not VulnerabilityStatus.VULNERABLE:
        yield Rejected(Reason.INCONSISTENT, ("state", "comments"))


def _of_cycle(cycle: Cycle, status: VulnerabilityStatus) -> Iterator[Rejected]:
    """Yield the refusals of the cycle. Drafts have had none; a removed vulnerability keeps the one it had."""
    began = cycle.cycles > 0
    if status is not VulnerabilityStatus.DELETED and began != (status in _RELEASED):
        yield Rejected(Reason.INCONSISTENT, ("cycle", "cycles"))
    if began != (cycle.opened_at is not None):
        yield Rejected(Reason.INCONSISTENT, ("cycle", "opened_at"))
    if status is not VulnerabilityStatus.DELETED and (status is VulnerabilityStatus.SAFE) != (cycle.closed_at is not None):
        yield Rejected(Reason.INCONSISTENT, ("cycle", "closed_at"))
    if cycle.closed_at is not None and (cycle.opened_at is None or cycle.closed_at < cycle.opened_at):
        yield Rejected(Reason.OUT_OF_RANGE, ("cycle", "closed_at"))


def _of_verification(verification: Verification, status: VulnerabilityStatus) -> Iterator[Rejected]:
    if (verification.status is VerificationStatus.ON_HOLD) != (verification.event_id is not None):
        wrong = Reason.REQUIRED if verification.event_id is None else Reason.INCONSISTENT
        yield Rejected(wrong, ("verification", "event_id"))
    if status is VulnerabilityStatus.SAFE and verification.status in _WAITING:
        yield Rejected(Reason.INCONSISTENT, ("verification", "status"))


def _of_zero_risk(claim: ZeroRisk) -> Iterator[Rejected]:
    """Yield a refusal of a claim of nobody: whoever made it may not confirm it."""
    if claim.status is ZeroRiskStatus.REQUESTED and claim.requested_by is None:
        yield Rejected(Reason.REQUIRED, ("zero_risk", "requested_by"))


def _of_draft(vulnerability: Vulnerability) -> Iterator[Rejected]:
    """Yield a refusal of each member that only a released vulnerability may have."""
    if vulnerability.treatment.status is not TreatmentStatus.UNTREATED:
        yield Rejected(Reason.INCONSISTENT, ("treatment", "status"))
    if vulnerability.verification is not None:
        yield Rejected(Reason.INCONSISTENT, ("verification",))
    if vulnerability.zero_risk is not None:
        yield Rejected(Reason.INCONSISTENT, ("zero_risk",))


def _of_treatment(treatment: Treatment) -> Iterator[Rejected]:
    yield from _choice(treatment, ("treatment",))
    requested = treatment.acceptance_status is AcceptanceStatus.SUBMITTED
    previous = treatment.previous
    if requested and previous is None:
        yield Rejected(Reason.REQUIRED, ("treatment", "previous"))
    if previous is None:
        return
    if treatment.status is not TreatmentStatus.ACCEPTED_UNDEFINED:
        yield Rejected(Reason.INCONSISTENT, ("treatment", "previous"))
    if previous.status is TreatmentStatus.ACCEPTED_UNDEFINED:
        yield Rejected(Reason.INCONSISTENT, ("treatment", "previous", "status"))
    yield from _choice(previous, ("treatment", "previous"))


def _choice(treatment: Treatment | PreviousTreatment, path: tuple[str, ...]) -> Iterator[Rejected]:
    """Yield a refusal of each member that contradicts the status of the treatment."""
    status, acceptance = treatment.status, treatment.acceptance_status
    if (status is TreatmentStatus.ACCEPTED) != (treatment.accepted_until is not None):
        wrong = Reason.REQUIRED if treatment.accepted_until is None else Reason.INCONSISTENT
        yield Rejected(wrong, (*path, "accepted_until"))
    if acceptance not in _ACCEPTANCES[status]:
        yield Rejected(Reason.REQUIRED if acceptance is None else Reason.INCONSISTENT, (*path, "acceptance_status"))
    if status is TreatmentStatus.UNTREATED and treatment.assigned is not None:
        yield Rejected(Reason.INCONSISTENT, (*path, "assigned"))
    if status is TreatmentStatus.IN_PROGRESS and treatment.assigned is None:
        yield Rejected(Reason.REQUIRED, (*path, "assigned"))
    if acceptance is AcceptanceStatus.SUBMITTED and treatment.requested_by is None:
        yield Rejected(Reason.REQUIRED, (*path, "requested_by"))
    if acceptance is not AcceptanceStatus.APPROVED and treatment.policy_id is not None:
        yield Rejected(Reason.INCONSISTENT, (*path, "policy_id"))
