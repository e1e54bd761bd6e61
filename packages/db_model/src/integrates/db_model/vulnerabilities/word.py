"""What others are told about a vulnerability: one word, that of the first row that fits (domain section 21).

=====================  ==============================================================================================
word                   what is so
=====================  ==============================================================================================
FALSE_POSITIVE         it was released, and removed as a false positive
ZERO_RISK              its zero risk is CONFIRMED: it is hidden
FIXED                  it is SAFE
ZERO_RISK_REQUESTED    its zero risk is REQUESTED
ACCEPTED_FOREVER       its permanent acceptance is APPROVED
ACCEPTED               it is ACCEPTED until a date that has not come
ACCEPTANCE_REQUESTED   its permanent acceptance is SUBMITTED
IN_PROGRESS            somebody repairs it
UNDECIDED              none of these
=====================  ==============================================================================================

Drafts, also removed ones, and what was removed for another reason have no word: they are never told.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.vulnerabilities.rules import is_hidden, is_live, is_released
from integrates.db_model.vulnerabilities.treatment import is_in_force
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    TreatmentStatus,
    Vulnerability,
    VulnerabilityStatus,
    ZeroRiskStatus,
)


class Word(StrEnum):
    """What others are told about a vulnerability."""

    FALSE_POSITIVE = "FALSE_POSITIVE"
    ZERO_RISK = "ZERO_RISK"
    FIXED = "FIXED"
    ZERO_RISK_REQUESTED = "ZERO_RISK_REQUESTED"
    ACCEPTED_FOREVER = "ACCEPTED_FOREVER"
    ACCEPTED = "ACCEPTED"
    ACCEPTANCE_REQUESTED = "ACCEPTANCE_REQUESTED"
    IN_PROGRESS = "IN_PROGRESS"
    UNDECIDED = "UNDECIDED"


def word_of(vulnerability: Vulnerability, now: datetime) -> Word | None:
    """Return what others are told about a vulnerability at that moment; ``None`` when nothing is."""
    if not is_live(vulnerability):
        return Word.FALSE_POSITIVE if _is_false_positive(vulnerability) else None
    if not is_released(vulnerability):
        return None
    return next(_fitting(vulnerability, now), Word.UNDECIDED)


def _is_false_positive(removed: Vulnerability) -> bool:
    was_released = removed.cycle.reported_at is not None
    return was_released and removed.state.justification is RemovalJustification.FALSE_POSITIVE


def _fitting(vulnerability: Vulnerability, now: datetime) -> Iterator[Word]:
    treatment, claim = vulnerability.treatment, vulnerability.zero_risk
    if is_hidden(vulnerability):
        yield Word.ZERO_RISK
    if vulnerability.state.status is VulnerabilityStatus.SAFE:
        yield Word.FIXED
    if claim is not None and claim.status is ZeroRiskStatus.REQUESTED:
        yield Word.ZERO_RISK_REQUESTED
    if is_in_force(treatment, now):
        yield Word.ACCEPTED if treatment.status is TreatmentStatus.ACCEPTED else Word.ACCEPTED_FOREVER
    if treatment.acceptance_status is AcceptanceStatus.SUBMITTED:
        yield Word.ACCEPTANCE_REQUESTED
    if treatment.status is TreatmentStatus.IN_PROGRESS:
        yield Word.IN_PROGRESS


def decided_at(vulnerability: Vulnerability, now: datetime) -> datetime:
    """Return when what others are told at that moment became so: the newest date of state, treatment and zero risk.

    The end of an acceptance counts as well, once it has come. So the date moves whenever the word does.
    """
    treatment, claim, cycle = vulnerability.treatment, vulnerability.zero_risk, vulnerability.cycle
    until = treatment.accepted_until
    dates = (vulnerability.state.at, treatment.at, claim.at if claim else None, cycle.opened_at, cycle.closed_at)
    ended = until if treatment.status is TreatmentStatus.ACCEPTED and until is not None and until <= now else None
    return max(each for each in (*dates, ended) if each is not None)


def reason_of(vulnerability: Vulnerability, word: Word) -> str | None:
    """Return the words of the person who decided what others are told; ``None`` where nobody gave any."""
    match word:
        case Word.ZERO_RISK | Word.ZERO_RISK_REQUESTED:
            return vulnerability.zero_risk.justification if vulnerability.zero_risk else None
        case Word.ACCEPTED_FOREVER | Word.ACCEPTED | Word.ACCEPTANCE_REQUESTED | Word.IN_PROGRESS:
            return vulnerability.treatment.justification
        case Word.FALSE_POSITIVE | Word.FIXED | Word.UNDECIDED:
            return None
