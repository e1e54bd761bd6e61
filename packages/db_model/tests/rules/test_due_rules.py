"""Until when a vulnerability has to be repaired (domain section 6), and when an acceptance is in force (4.3)."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from integrates.db_model.policies.rules import effective
from integrates.db_model.policies.types import Policies
from integrates.db_model.testing.scene import scored
from integrates.db_model.vulnerabilities import due, rules
from integrates.db_model.vulnerabilities.treatment import is_in_force
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    ClosingReason,
    Cycle,
    Treatment,
    TreatmentStatus,
    Vulnerability,
    VulnerabilityState,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

FIRST = datetime(2024, 5, 1, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
BY = "ada@demo.example"
POLICIES = effective(
    Policies(remediation_days_critical=1, remediation_days_high=7, remediation_days_medium=30, remediation_days_low=999)
)
DAYS = {"10.0": 1, "9.0": 1, "8.9": 7, "7.0": 7, "6.9": 30, "4.0": 30, "3.9": 999, "0.0": 999}


def treated(status: TreatmentStatus, until: datetime | None = None, acceptance: AcceptanceStatus | None = None) -> Treatment:
    return Treatment(status=status, accepted_until=until, acceptance_status=acceptance, at=FIRST, by=BY)


@pytest.mark.parametrize(("score", "days"), DAYS.items())
def test_the_level_decides(vulnerability: Vulnerability, score: str, days: int) -> None:
    for own, inherited in ((None, scored(score)), (scored(score), scored("5.0"))):
        one = replace(vulnerability, severity=own)
        due_at = FIRST + timedelta(days=days)
        assert due.due_at(one, inherited, POLICIES) == due_at
        assert [due.is_overdue(one, inherited, POLICIES, now) for now in (due_at - MOMENT, due_at, due_at + MOMENT)] == [
            False,
            True,
            True,
        ]


@pytest.mark.parametrize("level", ["critical", "high", "medium", "low"])
def test_without_a_policy_nothing_is_due(vulnerability: Vulnerability, level: str) -> None:
    scores = {"critical": "9.8", "high": "7.5", "medium": "5.0", "low": "1.0"}
    lax = replace(POLICIES, **{f"remediation_days_{level}": None})
    one = replace(vulnerability, severity=None)
    found = {each: due.due_at(one, scored(score), lax) for each, score in scores.items()}
    assert [each for each, due_at in found.items() if due_at is None] == [level]
    assert not due.is_overdue(one, scored(scores[level]), lax, FIRST + timedelta(days=5_000))


def test_without_a_score_nothing_is_due(vulnerability: Vulnerability) -> None:
    assert due.due_at(replace(vulnerability, severity=None), None, POLICIES) is None


LATE = FIRST + timedelta(days=100)
EXCUSES = {
    "UNTREATED": (treated(TreatmentStatus.UNTREATED), True),
    "IN_PROGRESS": (treated(TreatmentStatus.IN_PROGRESS), True),
    "ACCEPTED": (treated(TreatmentStatus.ACCEPTED, LATE + MOMENT), False),
    "no longer ACCEPTED": (treated(TreatmentStatus.ACCEPTED, LATE), True),
    "requested": (treated(TreatmentStatus.ACCEPTED_UNDEFINED, None, AcceptanceStatus.SUBMITTED), True),
    "approved": (treated(TreatmentStatus.ACCEPTED_UNDEFINED, None, AcceptanceStatus.APPROVED), False),
    "refused": (treated(TreatmentStatus.UNTREATED, None, AcceptanceStatus.REJECTED), True),
}


@pytest.mark.parametrize(("treatment", "overdue"), EXCUSES.values(), ids=EXCUSES)
def test_an_acceptance_in_force_excuses(vulnerability: Vulnerability, treatment: Treatment, overdue: bool) -> None:
    one = replace(vulnerability, treatment=treatment)
    assert is_in_force(treatment, LATE) is not overdue
    assert due.is_overdue(one, scored("9.8"), POLICIES, LATE) is overdue


def test_only_what_is_open_is_overdue(vulnerability: Vulnerability) -> None:
    later = FIRST + timedelta(days=1)
    safe = rules.closed(vulnerability, ClosingReason.VERIFIED, by=BY, at=later)
    hidden = replace(vulnerability, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=FIRST, by=BY))
    claimed = replace(vulnerability, zero_risk=ZeroRisk(status=ZeroRiskStatus.REQUESTED, at=FIRST, by=BY))
    state = VulnerabilityState(status=VulnerabilityStatus.SUBMITTED, at=FIRST, by=BY)
    draft = replace(vulnerability, state=state, cycle=Cycle())
    found = [due.is_overdue(one, scored("9.8"), POLICIES, LATE) for one in (vulnerability, claimed, safe, hidden, draft)]
    assert found == [True, True, False, False, False]
    assert due.due_at(draft, scored("9.8"), POLICIES) is None


def test_the_days_are_counted_from_the_last_opening(vulnerability: Vulnerability) -> None:
    safe = rules.closed(vulnerability, ClosingReason.VERIFIED, by=BY, at=FIRST + timedelta(days=1))
    again = rules.cycle_begun(safe, by=BY, at=LATE)
    assert due.due_at(again, scored("7.5"), POLICIES) == LATE + timedelta(days=7)


def test_the_policy_of_a_group_comes_before_that_of_its_organization() -> None:
    found = effective(Policies(remediation_days_high=7, remediation_days_low=30), Policies(remediation_days_high=3))
    assert (found.remediation_days_high, found.remediation_days_low, found.remediation_days_medium) == (3, 30, None)
