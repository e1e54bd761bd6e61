"""What others are told about a vulnerability, and how each format says it (domain section 21)."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from msgspec.structs import replace

from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.vulnerabilities import review, rules, vex
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    ClosingReason,
    Cycle,
    Fix,
    Treatment,
    TreatmentStatus,
    VexJustification,
    Vulnerability,
    VulnerabilityState,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)
from integrates.db_model.vulnerabilities.word import Word, decided_at, reason_of, word_of

FIRST = datetime(2024, 5, 1, tzinfo=UTC)
NOW = datetime(2024, 6, 1, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
BY = "vera@demo.example"
TEXT = "Nobody outside can reach it."
OPEN, SAFE, DELETED = VulnerabilityStatus.VULNERABLE, VulnerabilityStatus.SAFE, VulnerabilityStatus.DELETED
REQUESTED, CONFIRMED, REJECTED = ZeroRiskStatus.REQUESTED, ZeroRiskStatus.CONFIRMED, ZeroRiskStatus.REJECTED
UNTREATED = Treatment(status=TreatmentStatus.UNTREATED, at=FIRST, by=BY)
IN_PROGRESS = Treatment(status=TreatmentStatus.IN_PROGRESS, justification=TEXT, at=FIRST, by=BY)


def accepted(until: datetime) -> Treatment:
    return Treatment(status=TreatmentStatus.ACCEPTED, accepted_until=until, justification=TEXT, at=FIRST, by=BY)


def forever(acceptance: AcceptanceStatus) -> Treatment:
    return Treatment(
        status=TreatmentStatus.ACCEPTED_UNDEFINED, acceptance_status=acceptance, justification=TEXT, at=FIRST, by=BY
    )


APPROVED, SUBMITTED = forever(AcceptanceStatus.APPROVED), forever(AcceptanceStatus.SUBMITTED)
IN_FORCE, LAPSED = accepted(NOW + MOMENT), accepted(NOW)
REFUSED = replace(IN_PROGRESS, acceptance_status=AcceptanceStatus.REJECTED)


def such(
    one: Vulnerability,
    status: VulnerabilityStatus,
    claim: ZeroRiskStatus | None = None,
    treatment: Treatment = UNTREATED,
    why: VexJustification | None = None,
) -> Vulnerability:
    claimed = claim and ZeroRisk(status=claim, justification=TEXT, vex_justification=why, at=FIRST, by=BY)
    state = VulnerabilityState(status=status, at=FIRST, by=BY)
    return replace(one, state=state, zero_risk=claimed, treatment=treatment)


ROWS = {
    "hidden": (OPEN, CONFIRMED, UNTREATED, Word.ZERO_RISK),
    "hidden, whatever its treatment": (OPEN, CONFIRMED, APPROVED, Word.ZERO_RISK),
    "hidden and safe": (SAFE, CONFIRMED, IN_PROGRESS, Word.ZERO_RISK),
    "safe": (SAFE, None, UNTREATED, Word.FIXED),
    "safe, though its zero risk is requested": (SAFE, REQUESTED, UNTREATED, Word.FIXED),
    "safe, though accepted": (SAFE, None, APPROVED, Word.FIXED),
    "zero risk requested": (OPEN, REQUESTED, UNTREATED, Word.ZERO_RISK_REQUESTED),
    "zero risk requested, though accepted": (OPEN, REQUESTED, APPROVED, Word.ZERO_RISK_REQUESTED),
    "zero risk rejected": (OPEN, REJECTED, UNTREATED, Word.UNDECIDED),
    "zero risk rejected, accepted": (OPEN, REJECTED, IN_FORCE, Word.ACCEPTED),
    "accepted for good": (OPEN, None, APPROVED, Word.ACCEPTED_FOREVER),
    "accepted": (OPEN, None, IN_FORCE, Word.ACCEPTED),
    "accepted until now": (OPEN, None, LAPSED, Word.UNDECIDED),
    "acceptance asked for": (OPEN, None, SUBMITTED, Word.ACCEPTANCE_REQUESTED),
    "acceptance refused": (OPEN, None, REFUSED, Word.IN_PROGRESS),
    "in progress": (OPEN, None, IN_PROGRESS, Word.IN_PROGRESS),
    "untreated": (OPEN, None, UNTREATED, Word.UNDECIDED),
    "submitted": (VulnerabilityStatus.SUBMITTED, None, UNTREATED, None),
    "rejected": (VulnerabilityStatus.REJECTED, None, UNTREATED, None),
}


@pytest.mark.parametrize(("status", "claim", "treatment", "word"), ROWS.values(), ids=ROWS)
def test_the_first_row_that_fits(
    vulnerability: Vulnerability,
    status: VulnerabilityStatus,
    claim: ZeroRiskStatus | None,
    treatment: Treatment,
    word: Word | None,
) -> None:
    assert word_of(such(vulnerability, status, claim, treatment), NOW) is word


@pytest.mark.parametrize("why", RemovalJustification)
def test_of_what_was_removed_only_false_positives_are_told(vulnerability: Vulnerability, why: RemovalJustification) -> None:
    removed = review.removed(vulnerability, why, by=BY, at=NOW)
    expected = Word.FALSE_POSITIVE if why is RemovalJustification.FALSE_POSITIVE else None
    assert word_of(removed, NOW) is expected
    hidden = such(vulnerability, OPEN, CONFIRMED)
    assert word_of(review.removed(hidden, why, by=BY, at=NOW), NOW) is expected
    draft = replace(such(vulnerability, VulnerabilityStatus.SUBMITTED), cycle=Cycle())
    assert word_of(review.removed(draft, why, by=BY, at=NOW), NOW) is None


def test_the_date_is_that_of_the_newest_decision(vulnerability: Vulnerability) -> None:
    later = FIRST + timedelta(days=3)
    treated = such(vulnerability, OPEN, treatment=replace(IN_PROGRESS, at=later))
    claimed = replace(treated, zero_risk=ZeroRisk(status=REQUESTED, at=later + MOMENT, by=BY))
    closed = rules.closed(vulnerability, ClosingReason.VERIFIED, by=BY, at=later)
    found = [
        decided_at(one, NOW) for one in (vulnerability, treated, claimed, closed, rules.cycle_begun(closed, by=BY, at=NOW))
    ]
    assert found == [FIRST, later, later + MOMENT, later, NOW]


def test_the_end_of_an_acceptance_is_a_date_once_it_has_come(vulnerability: Vulnerability) -> None:
    one = such(vulnerability, OPEN, treatment=LAPSED)
    assert [(word_of(one, now), decided_at(one, now)) for now in (NOW - MOMENT, NOW)] == [
        (Word.ACCEPTED, FIRST),
        (Word.UNDECIDED, NOW),
    ]
    requested = such(vulnerability, OPEN, treatment=replace(SUBMITTED, accepted_until=NOW - MOMENT))
    assert decided_at(requested, NOW) == FIRST


def test_whose_words_are_told(vulnerability: Vulnerability) -> None:
    one = such(vulnerability, OPEN, REQUESTED, replace(APPROVED, justification="It is behind the wall."))
    told = {word: reason_of(one, word) for word in Word}
    assert {word for word, text in told.items() if text == TEXT} == {Word.ZERO_RISK, Word.ZERO_RISK_REQUESTED}
    assert {word for word, text in told.items() if text is None} == {Word.FALSE_POSITIVE, Word.FIXED, Word.UNDECIDED}
    assert set(told.values()) == {TEXT, "It is behind the wall.", None}
    assert reason_of(replace(one, zero_risk=None), Word.ZERO_RISK) is None


TABLE = {
    Word.FALSE_POSITIVE: ("false_positive", None, "not_affected", "known_not_affected", None, "accepted"),
    Word.ZERO_RISK: ("not_affected", None, "not_affected", "known_not_affected", None, "accepted"),
    Word.FIXED: ("resolved", None, "fixed", "fixed", None, None),
    Word.ZERO_RISK_REQUESTED: ("in_triage", None, "under_investigation", "under_investigation", None, "underReview"),
    Word.ACCEPTED_FOREVER: ("exploitable", "will_not_fix", "affected", "known_affected", "no_fix_planned", "accepted"),
    Word.ACCEPTED: ("exploitable", "will_not_fix", "affected", "known_affected", "none_available", "accepted"),
    Word.ACCEPTANCE_REQUESTED: ("in_triage", None, "under_investigation", "under_investigation", None, "underReview"),
    Word.IN_PROGRESS: ("exploitable", None, "affected", "known_affected", "none_available", None),
    Word.UNDECIDED: ("in_triage", None, "under_investigation", "under_investigation", None, None),
}


@pytest.mark.parametrize("fix", Fix)
@pytest.mark.parametrize("word", Word)
def test_how_formats_say_it(word: Word, fix: Fix) -> None:
    row = vex.EXPRESSIONS[word]
    said = (row.cyclonedx, vex.response_of(word, fix), row.openvex, row.csaf, vex.remediation_of(word, fix), row.sarif)
    expected = TABLE[word]
    if (word, fix) == (Word.IN_PROGRESS, Fix.AVAILABLE):
        expected = ("exploitable", "update", "affected", "known_affected", "vendor_fix", None)
    assert said == expected
    assert row.is_result is (word is not Word.FIXED)


def test_the_strongest_word_stands_for_all() -> None:
    order = [
        *(Word.ACCEPTED_FOREVER, Word.ACCEPTED, Word.IN_PROGRESS),
        *(Word.ZERO_RISK_REQUESTED, Word.ACCEPTANCE_REQUESTED, Word.UNDECIDED),
        *(Word.FALSE_POSITIVE, Word.ZERO_RISK, Word.FIXED),
    ]
    for one, other in permutations(Word, 2):
        assert vex.strongest((one, other)) is min(one, other, key=order.index)
    assert vex.strongest(Word) is Word.ACCEPTED_FOREVER


JUSTIFICATIONS = {
    "COMPONENT_NOT_PRESENT": ("requires_dependency", {"requires_dependency"}),
    "VULNERABLE_CODE_NOT_PRESENT": ("code_not_present", {"code_not_present"}),
    "VULNERABLE_CODE_NOT_IN_EXECUTE_PATH": ("code_not_reachable", {"code_not_reachable"}),
    "VULNERABLE_CODE_CANNOT_BE_CONTROLLED_BY_ADVERSARY": (
        "requires_environment",
        {"requires_environment", "requires_configuration"},
    ),
    "INLINE_MITIGATIONS_ALREADY_EXIST": (
        "protected_by_mitigating_control",
        {"protected_by_compiler", "protected_at_runtime", "protected_at_perimeter", "protected_by_mitigating_control"},
    ),
}


@pytest.mark.parametrize("why", VexJustification)
def test_justifications(why: VexJustification) -> None:
    written, read = JUSTIFICATIONS[why.value]
    assert vex.WRITTEN_JUSTIFICATIONS[why] == written
    assert {word for word, one in vex.READ_JUSTIFICATIONS.items() if one is why} == read


def test_what_is_not_affected_has_a_justification_or_an_impact(vulnerability: Vulnerability) -> None:
    why = VexJustification.COMPONENT_NOT_PRESENT
    explained, free = such(vulnerability, OPEN, CONFIRMED, why=why), such(vulnerability, OPEN, CONFIRMED)
    silent = replace(free, zero_risk=ZeroRisk(status=CONFIRMED, at=FIRST, by=BY))
    said = [
        (vex.justification_of(one, Word.ZERO_RISK), vex.impact_of(one, Word.ZERO_RISK)) for one in (explained, free, silent)
    ]
    assert said == [(why, None), (None, TEXT), (None, vex.UNEXPLAINED)]
    others = [word for word in Word if word is not Word.ZERO_RISK]
    assert {vex.justification_of(explained, word) for word in others} == {None}
    assert [word for word in others if vex.impact_of(explained, word)] == [Word.FALSE_POSITIVE]


def test_what_is_affected_tells_what_is_done(vulnerability: Vulnerability) -> None:
    one = such(vulnerability, OPEN, treatment=IN_FORCE)
    told = {word: vex.action_of(one, word) for word in Word}
    assert {word: text for word, text in told.items() if text is not None} == {
        Word.ACCEPTED_FOREVER: f"Accepted permanently: {TEXT}",
        Word.ACCEPTED: f"Accepted until 2024-06-01T00:00:00Z: {TEXT}",
        Word.IN_PROGRESS: "Being fixed.",
    }
    assert {word for word, row in vex.EXPRESSIONS.items() if row.openvex == "affected"} == set(filter(told.get, told))
    bare = such(vulnerability, OPEN, treatment=replace(APPROVED, justification=None))
    assert vex.action_of(bare, Word.ACCEPTED_FOREVER) == f"Accepted permanently: {vex.UNEXPLAINED}"
