"""What a statement of somebody else becomes: a request, a treatment, or nothing (domain section 21).

================  ===============================================  =====================================================
what is said      what it becomes, of what is VULNERABLE           permission
================  ===============================================  =====================================================
NOT_AFFECTED      a claim that there is no risk                    ``zero_risk:request``
ACCEPTED_FOREVER  a request for a permanent acceptance             ``vulnerability:accept_forever``
ACCEPTED          a temporary acceptance until its date            ``vulnerability:treat``
AFFECTED          the treatment IN_PROGRESS, if it is UNTREATED    ``vulnerability:treat``
FIXED             a request to check again                         ``vulnerability:request_verification``
UNDECIDED         nothing
================  ===============================================  =====================================================

Nothing is done where others are told the same already, where the same request waits for an answer, and where the vulnerability
is SAFE. Whoever imports asks; nothing is ever confirmed or approved here.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.findings.types import Finding
from integrates.db_model.policies.types import EffectivePolicies
from integrates.db_model.vulnerabilities.justification import Justification
from integrates.db_model.vulnerabilities.rules import effective_score
from integrates.db_model.vulnerabilities.treatment import Requester, TreatmentRequest, treat
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    TreatmentStatus,
    VerificationStatus,
    VexJustification,
    Vulnerability,
    VulnerabilityStatus,
    ZeroRiskStatus,
)
from integrates.db_model.vulnerabilities.verification import verification_requested
from integrates.db_model.vulnerabilities.word import Word, word_of
from integrates.db_model.vulnerabilities.zero_risk import zero_risk_requested


class Saying(StrEnum):
    """What a statement says of a vulnerability."""

    ACCEPTED = "ACCEPTED"
    ACCEPTED_FOREVER = "ACCEPTED_FOREVER"
    AFFECTED = "AFFECTED"
    FIXED = "FIXED"
    NOT_AFFECTED = "NOT_AFFECTED"
    UNDECIDED = "UNDECIDED"


class Effect(StrEnum):
    """What came of it; the values are the names of the counts."""

    APPLIED = "applied"
    REQUESTED = "requested"
    UNCHANGED = "unchanged"


class Ruling(Struct, frozen=True, kw_only=True):
    """What somebody else says of a vulnerability, in the form in which it is stored.

    ``words`` are those with which others are told the same in the format of the file. ``accepted_until`` is the end of a
    temporary acceptance.
    """

    says: Saying
    words: frozenset[Word]
    justification: str
    vex_justification: VexJustification | None = None
    accepted_until: datetime | None = None


class Decider(Struct, frozen=True, kw_only=True):
    """In whose name it is decided, what the permissions in the group allow, and under which policies."""

    requester: Requester
    permissions: frozenset[str]
    policies: EffectivePolicies


NEEDED: Final[Mapping[Saying, str | None]] = {
    Saying.ACCEPTED: "vulnerability:treat",
    Saying.ACCEPTED_FOREVER: "vulnerability:accept_forever",
    Saying.AFFECTED: "vulnerability:treat",
    Saying.FIXED: "vulnerability:request_verification",
    Saying.NOT_AFFECTED: "zero_risk:request",
    Saying.UNDECIDED: None,
}
"""The permission that each asks for."""
EFFECTS: Final[Mapping[Saying, Effect]] = {
    Saying.ACCEPTED: Effect.APPLIED,
    Saying.ACCEPTED_FOREVER: Effect.REQUESTED,
    Saying.AFFECTED: Effect.APPLIED,
    Saying.FIXED: Effect.REQUESTED,
    Saying.NOT_AFFECTED: Effect.REQUESTED,
    Saying.UNDECIDED: Effect.UNCHANGED,
}
"""What comes of each where it is not so already."""
_TREATMENTS: Final[Mapping[Saying, TreatmentStatus]] = {
    Saying.ACCEPTED: TreatmentStatus.ACCEPTED,
    Saying.ACCEPTED_FOREVER: TreatmentStatus.ACCEPTED_UNDEFINED,
    Saying.AFFECTED: TreatmentStatus.IN_PROGRESS,
}
_PENDING: Final = frozenset({VerificationStatus.REQUESTED, VerificationStatus.ON_HOLD})


def is_so(vulnerability: Vulnerability, ruling: Ruling, at: datetime) -> bool:
    """Return whether there is nothing to do about a vulnerability that was not removed and is no draft."""
    if word_of(vulnerability, at) in ruling.words:
        return True
    if vulnerability.state.status is VulnerabilityStatus.SAFE:
        return True
    return _is_pending(vulnerability, ruling.says)


def _is_pending(one: Vulnerability, says: Saying) -> bool:
    """Return whether the request waits for an answer already, or is none."""
    match says:
        case Saying.NOT_AFFECTED:
            return one.zero_risk is not None and one.zero_risk.status is ZeroRiskStatus.REQUESTED
        case Saying.ACCEPTED_FOREVER:
            return one.treatment.acceptance_status is AcceptanceStatus.SUBMITTED
        case Saying.AFFECTED:
            return one.treatment.status is not TreatmentStatus.UNTREATED
        case Saying.FIXED:
            return one.verification is not None and one.verification.status in _PENDING
        case _:
            return says is Saying.UNDECIDED


def ruled(vulnerability: Vulnerability, ruling: Ruling, decider: Decider, finding: Finding, at: datetime) -> Vulnerability:
    """Return the vulnerability with what the ruling becomes; the same object where it is so already.

    Raise ``Rejections``: ``missing_permission``, else what refuses the mutation that does the same.
    """
    if is_so(vulnerability, ruling, at):
        return vulnerability
    needed = NEEDED[ruling.says]
    if needed not in decider.permissions:
        raise Rejected(Reason.MISSING_PERMISSION)
    why, person = Justification(justification=ruling.justification), decider.requester.email
    match ruling.says:
        case Saying.NOT_AFFECTED:
            return zero_risk_requested(vulnerability, why, by=person, at=at, vex_justification=ruling.vex_justification)
        case Saying.FIXED:
            return verification_requested(vulnerability, why, by=person, at=at)
        case _:
            return treat(
                vulnerability,
                _request(ruling),
                decider.requester,
                policies=decider.policies,
                score=effective_score(vulnerability, finding.severity),
                at=at,
            )


def _request(ruling: Ruling) -> TreatmentRequest:
    return TreatmentRequest(
        treatment=_TREATMENTS[ruling.says], justification=ruling.justification, accepted_until=ruling.accepted_until
    )
