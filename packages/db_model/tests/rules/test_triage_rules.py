"""Requests and answers: the rows of domain sections 4.3 and 4.4, from every state and by everybody."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from integrates.db_model.errors import Rejections
from integrates.db_model.findings.types import Finding, RemovalJustification
from integrates.db_model.vulnerabilities.acceptance import acceptance_answer, acceptance_answered
from integrates.db_model.vulnerabilities.check import whole
from integrates.db_model.vulnerabilities.justification import Justification, justified
from integrates.db_model.vulnerabilities.rules import Sighting, reported
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    ClosingReason,
    Cycle,
    PreviousTreatment,
    RejectionReason,
    Treatment,
    TreatmentStatus,
    Verification,
    VerificationStatus,
    VexJustification,
    Vulnerability,
    VulnerabilityState,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)
from integrates.db_model.vulnerabilities.verification import (
    is_verification_pending,
    verification_answered,
    verification_requested,
)
from integrates.db_model.vulnerabilities.zero_risk import (
    zero_risk_claim,
    zero_risk_confirmed,
    zero_risk_rejected,
    zero_risk_requested,
)

BEFORE, NOW = datetime(2024, 6, 1, 12, tzinfo=UTC), datetime(2024, 6, 2, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
VERA, GUS = "vera@demo.example", "gus@demo.example"
WHY, EARLIER = "because of good reasons", "because of earlier reasons"
BECAUSE = Justification(justification=WHY)
EVENT = "11111111-1111-4111-8111-111111111111"
Change = Callable[..., Vulnerability]

REQUEST_VERIFICATION = partial(verification_requested, why=BECAUSE)
ANSWER_OPEN = partial(verification_answered, why=BECAUSE, is_closed=False)
ANSWER_CLOSED = partial(verification_answered, why=BECAUSE, is_closed=True)
REQUEST_ZERO_RISK = partial(zero_risk_requested, why=BECAUSE)
CONFIRM_ZERO_RISK = partial(zero_risk_confirmed, why=BECAUSE)
REJECT_ZERO_RISK = partial(zero_risk_rejected, why=BECAUSE)
APPROVE = partial(acceptance_answered, answer=acceptance_answer({"approve": True, "justification": WHY}))
REFUSE = partial(acceptance_answered, answer=acceptance_answer({"approve": False, "justification": WHY}))
ALL = {
    "request_verification": REQUEST_VERIFICATION,
    "answer_open": ANSWER_OPEN,
    "answer_closed": ANSWER_CLOSED,
    "request_zero_risk": REQUEST_ZERO_RISK,
    "confirm_zero_risk": CONFIRM_ZERO_RISK,
    "reject_zero_risk": REJECT_ZERO_RISK,
    "approve": APPROVE,
    "refuse": REFUSE,
}


@pytest.fixture
def vulnerability(finding: Finding, sighting: Sighting) -> Vulnerability:
    """A vulnerability that can be stored."""
    made = reported(EVENT, finding, EVENT, sighting, by=GUS, at=BEFORE)
    return replace(made, finding_id=EVENT, organization_id=EVENT, identity="0" * 64, updated_at=BEFORE, version=1)


def in_state(vulnerability: Vulnerability, status: VulnerabilityStatus) -> Vulnerability:
    """The vulnerability in a state, and with the cycle that goes with it."""
    why: dict[VulnerabilityStatus, dict[str, Any]] = {
        VulnerabilityStatus.REJECTED: {"rejection_reasons": (RejectionReason.NAMING,)},
        VulnerabilityStatus.SAFE: {"closing_reason": ClosingReason.NOT_REPORTED},
        VulnerabilityStatus.DELETED: {"justification": RemovalJustification.DUPLICATED},
    }
    state = VulnerabilityState(status=status, at=BEFORE, by=GUS, **why.get(status, {}))
    released = status in {VulnerabilityStatus.SAFE, VulnerabilityStatus.VULNERABLE}
    cycle = Cycle(reported_at=BEFORE, opened_at=BEFORE, cycles=1) if released else Cycle()
    closed_at = BEFORE if status is VulnerabilityStatus.SAFE else None
    return replace(vulnerability, state=state, cycle=replace(cycle, closed_at=closed_at))


def checked(vulnerability: Vulnerability, status: VerificationStatus | None) -> Vulnerability:
    event = EVENT if status is VerificationStatus.ON_HOLD else None
    made = status and Verification(status=status, event_id=event, justification=EARLIER, at=BEFORE, by=VERA)
    return replace(vulnerability, verification=made)


def claimed(vulnerability: Vulnerability, status: ZeroRiskStatus | None) -> Vulnerability:
    made = status and ZeroRisk(status=status, justification=EARLIER, requested_by=VERA, at=BEFORE, by=VERA)
    return replace(vulnerability, zero_risk=made)


UNTREATED = PreviousTreatment(status=TreatmentStatus.UNTREATED, at=BEFORE, by=GUS)
IN_PROGRESS = replace(UNTREATED, status=TreatmentStatus.IN_PROGRESS, justification=EARLIER, assigned=GUS)
ACCEPTED = replace(UNTREATED, status=TreatmentStatus.ACCEPTED, accepted_until=NOW + TICK, justification=EARLIER, assigned=GUS)
ONCE_REFUSED = replace(IN_PROGRESS, acceptance_status=AcceptanceStatus.REJECTED)


def accepting(
    vulnerability: Vulnerability, status: AcceptanceStatus | None, previous: PreviousTreatment = UNTREATED
) -> Vulnerability:
    """The vulnerability with a request for a permanent acceptance by vera, pending or answered; without one for ``None``."""
    is_pending = status is AcceptanceStatus.SUBMITTED
    is_refused = status in {None, AcceptanceStatus.REJECTED}
    made = Treatment(
        status=TreatmentStatus.UNTREATED if is_refused else TreatmentStatus.ACCEPTED_UNDEFINED,
        acceptance_status=status,
        justification=EARLIER,
        requested_by=VERA if is_pending else None,
        previous=previous if is_pending else None,
        at=BEFORE,
        by=VERA,
    )
    return replace(vulnerability, treatment=made)


def refusals(change: Change, vulnerability: Vulnerability, by: str) -> list[tuple[str, tuple[str, ...]]]:
    with pytest.raises(Rejections) as caught:
        change(vulnerability, by=by, at=NOW)
    return [(one.reason, one.path) for one in caught.value.refusals]


def reasons(change: Change, vulnerability: Vulnerability, by: str = GUS) -> list[str]:
    """The reasons why a change is refused, which are about the vulnerability itself."""
    found = refusals(change, vulnerability, by)
    assert {path for _, path in found} == {()}
    return [reason for reason, _ in found]


def outcome(change: Change, vulnerability: Vulnerability, by: str = GUS) -> str | list[str]:
    """What becomes of the aspect that a change is about, or why it is refused; what comes out of it is whole."""
    try:
        made = change(vulnerability, by=by, at=NOW)
    except Rejections as error:
        return [one.reason.value for one in error.refusals]
    assert list(whole(made)) == []
    changed = {name for name in made.__struct_fields__ if getattr(made, name) != getattr(vulnerability, name)}
    (aspect,) = changed - {"state", "cycle"}
    value = getattr(made, aspect)
    assert (value.justification, value.at, value.by) == (WHY, NOW, by)
    return f"{getattr(value, 'acceptance_status', None) or value.status}/{made.state.status}"


N, V, R, H = None, VerificationStatus.VERIFIED, VerificationStatus.REQUESTED, VerificationStatus.ON_HOLD


@pytest.mark.parametrize(
    ("change", "status", "expected"),
    [
        (REQUEST_VERIFICATION, N, "REQUESTED/VULNERABLE"),
        (REQUEST_VERIFICATION, V, "REQUESTED/VULNERABLE"),
        (REQUEST_VERIFICATION, R, ["already_requested"]),
        (REQUEST_VERIFICATION, H, ["already_requested"]),
        (ANSWER_OPEN, N, ["not_requested"]),
        (ANSWER_OPEN, V, ["not_requested"]),
        (ANSWER_OPEN, R, "VERIFIED/VULNERABLE"),
        (ANSWER_OPEN, H, "VERIFIED/VULNERABLE"),
        (ANSWER_CLOSED, N, ["not_requested"]),
        (ANSWER_CLOSED, V, ["not_requested"]),
        (ANSWER_CLOSED, R, "VERIFIED/SAFE"),
        (ANSWER_CLOSED, H, "VERIFIED/SAFE"),
    ],
)
def test_rows_of_verification(
    vulnerability: Vulnerability, change: Change, status: VerificationStatus | None, expected: str | list[str]
) -> None:
    one = in_state(vulnerability, VulnerabilityStatus.VULNERABLE)
    assert outcome(change, checked(one, status)) == expected
    assert outcome(change, checked(one, status), VERA) == expected, "whoever asked may answer"


REQUESTED, CONFIRMED, REJECTED = ZeroRiskStatus.REQUESTED, ZeroRiskStatus.CONFIRMED, ZeroRiskStatus.REJECTED


@pytest.mark.parametrize(
    ("change", "by", "status", "expected"),
    [
        (REQUEST_ZERO_RISK, VERA, N, "REQUESTED/VULNERABLE"),
        (REQUEST_ZERO_RISK, VERA, REJECTED, "REQUESTED/VULNERABLE"),
        (REQUEST_ZERO_RISK, GUS, REQUESTED, ["already_requested"]),
        (REQUEST_ZERO_RISK, GUS, CONFIRMED, ["already_confirmed"]),
        (CONFIRM_ZERO_RISK, GUS, N, ["not_requested"]),
        (CONFIRM_ZERO_RISK, GUS, REJECTED, ["not_requested"]),
        (CONFIRM_ZERO_RISK, GUS, CONFIRMED, ["not_requested"]),
        (CONFIRM_ZERO_RISK, GUS, REQUESTED, "CONFIRMED/VULNERABLE"),
        (CONFIRM_ZERO_RISK, VERA, REQUESTED, ["own_request"]),
        (REJECT_ZERO_RISK, GUS, N, ["not_requested"]),
        (REJECT_ZERO_RISK, GUS, REJECTED, ["not_requested"]),
        (REJECT_ZERO_RISK, GUS, REQUESTED, "REJECTED/VULNERABLE"),
        (REJECT_ZERO_RISK, GUS, CONFIRMED, "REJECTED/VULNERABLE"),
        (REJECT_ZERO_RISK, VERA, REQUESTED, "REJECTED/VULNERABLE"),
        (REJECT_ZERO_RISK, VERA, CONFIRMED, "REJECTED/VULNERABLE"),
    ],
)
def test_rows_of_zero_risk(
    vulnerability: Vulnerability, change: Change, by: str, status: ZeroRiskStatus | None, expected: str | list[str]
) -> None:
    one = in_state(vulnerability, VulnerabilityStatus.VULNERABLE)
    assert outcome(change, claimed(one, status), by) == expected


def test_it_stays_known_who_claimed_that_there_is_no_risk(vulnerability: Vulnerability) -> None:
    one = in_state(vulnerability, VulnerabilityStatus.VULNERABLE)
    made = zero_risk_confirmed(zero_risk_requested(one, BECAUSE, by=VERA, at=BEFORE), BECAUSE, by=GUS, at=NOW)
    assert made.zero_risk == ZeroRisk(status=CONFIRMED, justification=WHY, requested_by=VERA, at=NOW, by=GUS)
    again = zero_risk_requested(zero_risk_rejected(made, BECAUSE, by=VERA, at=NOW), BECAUSE, by=GUS, at=NOW)
    assert reasons(CONFIRM_ZERO_RISK, again, GUS) == ["own_request"]
    assert outcome(CONFIRM_ZERO_RISK, again, VERA) == "CONFIRMED/VULNERABLE"


@pytest.mark.parametrize("word", [None, *VexJustification])
@pytest.mark.parametrize("answer", [CONFIRM_ZERO_RISK, REJECT_ZERO_RISK])
def test_the_word_of_a_claim_outlives_its_answer_but_not_the_next_claim(
    vulnerability: Vulnerability, word: VexJustification | None, answer: Change
) -> None:
    one = in_state(vulnerability, VulnerabilityStatus.VULNERABLE)
    claim = zero_risk_requested(one, BECAUSE, by=VERA, at=BEFORE, vex_justification=word)
    assert claim.zero_risk == ZeroRisk(
        status=REQUESTED, justification=WHY, vex_justification=word, requested_by=VERA, at=BEFORE, by=VERA
    )
    answered: Vulnerability = answer(claim, by=GUS, at=NOW)
    assert answered.zero_risk is not None
    assert answered.zero_risk.vex_justification is word
    rejected = zero_risk_rejected(answered, BECAUSE, by=GUS, at=NOW) if answer is CONFIRM_ZERO_RISK else answered
    assert zero_risk_requested(rejected, BECAUSE, by=VERA, at=NOW).zero_risk == ZeroRisk(
        status=REQUESTED, justification=WHY, requested_by=VERA, at=NOW, by=VERA
    )


@pytest.mark.parametrize(
    ("given", "flaws"),
    [
        ({"justification": WHY}, []),
        ({"justification": WHY, "vex_justification": None}, []),
        ({"justification": WHY, "vex_justification": "COMPONENT_NOT_PRESENT"}, []),
        ({"justification": WHY, "vex_justification": "component_not_present"}, [("bad_format", ("vex_justification",))]),
        (
            {"justification": "short", "vex_justification": "NO"},
            [("too_short", ("justification",)), ("bad_format", ("vex_justification",))],
        ),
    ],
)
def test_a_claim_is_given_a_reason_and_perhaps_a_word(given: dict[str, Any], flaws: list[tuple[str, tuple[str, ...]]]) -> None:
    made = zero_risk_claim(given)
    assert [(one.reason.value, one.path) for one in made.flaws] == flaws
    assert made.vex_justification == given.get("vex_justification")


PENDING = AcceptanceStatus.SUBMITTED


@pytest.mark.parametrize(
    ("change", "by", "status", "expected"),
    [
        (APPROVE, GUS, N, ["not_requested"]),
        (APPROVE, GUS, AcceptanceStatus.REJECTED, ["not_requested"]),
        (APPROVE, GUS, AcceptanceStatus.APPROVED, ["not_requested"]),
        (APPROVE, GUS, PENDING, "APPROVED/VULNERABLE"),
        (APPROVE, VERA, PENDING, ["own_request"]),
        (REFUSE, GUS, N, ["not_requested"]),
        (REFUSE, GUS, AcceptanceStatus.REJECTED, ["not_requested"]),
        (REFUSE, GUS, AcceptanceStatus.APPROVED, ["not_requested"]),
        (REFUSE, GUS, PENDING, "REJECTED/VULNERABLE"),
        (REFUSE, VERA, PENDING, "REJECTED/VULNERABLE"),
    ],
)
def test_rows_of_a_permanent_acceptance(
    vulnerability: Vulnerability, change: Change, by: str, status: AcceptanceStatus | None, expected: str | list[str]
) -> None:
    one = in_state(vulnerability, VulnerabilityStatus.VULNERABLE)
    assert outcome(change, accepting(one, status), by) == expected


def test_an_approved_request_forgets_what_was_before_and_keeps_whose_it_was(vulnerability: Vulnerability) -> None:
    one = accepting(in_state(vulnerability, VulnerabilityStatus.VULNERABLE), PENDING, IN_PROGRESS)
    one = replace(one, treatment=replace(one.treatment, assigned=VERA))
    assert APPROVE(one, by=GUS, at=NOW).treatment == Treatment(
        status=TreatmentStatus.ACCEPTED_UNDEFINED,
        acceptance_status=AcceptanceStatus.APPROVED,
        justification=WHY,
        assigned=VERA,
        requested_by=VERA,
        at=NOW,
        by=GUS,
    )


ENDED = replace(ACCEPTED, accepted_until=NOW)
BACK = Treatment(
    status=TreatmentStatus.UNTREATED, acceptance_status=AcceptanceStatus.REJECTED, justification=WHY, at=NOW, by=GUS
)


@pytest.mark.parametrize(
    ("previous", "expected"),
    [
        (UNTREATED, BACK),
        (IN_PROGRESS, replace(BACK, status=TreatmentStatus.IN_PROGRESS, assigned=GUS)),
        (ONCE_REFUSED, replace(BACK, status=TreatmentStatus.IN_PROGRESS, assigned=GUS)),
        (ACCEPTED, replace(BACK, status=TreatmentStatus.ACCEPTED, accepted_until=NOW + TICK, assigned=GUS)),
        (ENDED, BACK),
    ],
)
def test_a_refused_request_restores_what_was_before(
    vulnerability: Vulnerability, previous: PreviousTreatment, expected: Treatment
) -> None:
    one = accepting(in_state(vulnerability, VulnerabilityStatus.VULNERABLE), PENDING, previous)
    made = REFUSE(one, by=GUS, at=NOW)
    assert made.treatment == expected
    assert made.cycle == one.cycle, "not counted as another acceptance"
    assert list(whole(made)) == []


def pending(vulnerability: Vulnerability) -> Vulnerability:
    """The vulnerability with every request that there is."""
    one = in_state(vulnerability, VulnerabilityStatus.VULNERABLE)
    return accepting(claimed(checked(one, R), REQUESTED), PENDING)


HIDDEN = {
    "request_verification": ["hidden", "already_requested"],
    "answer_open": ["hidden"],
    "answer_closed": ["hidden"],
    "request_zero_risk": ["already_confirmed"],
    "confirm_zero_risk": ["not_requested"],
    "reject_zero_risk": [],
    "approve": ["hidden"],
    "refuse": ["hidden"],
}


@pytest.mark.parametrize("name", ALL)
def test_a_hidden_one_takes_only_what_is_about_its_zero_risk(vulnerability: Vulnerability, name: str) -> None:
    one = claimed(pending(vulnerability), CONFIRMED)
    assert (reasons(ALL[name], one) if HIDDEN[name] else []) == HIDDEN[name]
    if not HIDDEN[name]:
        assert outcome(ALL[name], one) == "REJECTED/VULNERABLE"


def test_a_hidden_one_without_requests_is_told_both(vulnerability: Vulnerability) -> None:
    one = claimed(in_state(vulnerability, VulnerabilityStatus.VULNERABLE), CONFIRMED)
    assert reasons(REQUEST_VERIFICATION, one) == ["hidden"]
    for change in (ANSWER_OPEN, ANSWER_CLOSED, APPROVE, REFUSE):
        assert reasons(change, one) == ["not_requested", "hidden"]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("status", [one for one in VulnerabilityStatus if one is not VulnerabilityStatus.VULNERABLE])
def test_nothing_is_asked_or_answered_unless_it_is_vulnerable(
    vulnerability: Vulnerability, name: str, status: VulnerabilityStatus
) -> None:
    bare = in_state(vulnerability, status)
    expected = ["not_vulnerable"] if name.startswith("request") else ["not_requested"]
    assert reasons(ALL[name], bare) == expected
    left = accepting(claimed(bare, REQUESTED), PENDING)
    found = {
        "request_verification": ["not_vulnerable"],
        "request_zero_risk": ["not_vulnerable", "already_requested"],
        "answer_open": ["not_requested"],
        "answer_closed": ["not_requested"],
    }
    assert reasons(ALL[name], left) == found.get(name, ["not_vulnerable"])
    if name in {"approve", "confirm_zero_risk"}:
        assert sorted(reasons(ALL[name], left, VERA)) == ["not_vulnerable", "own_request"]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "text, reason", [("short", "too_short"), ("x" * 10_001, "too_long"), ("a bell \a rings", "bad_characters")]
)
def test_a_justification_at_fault_is_told_before_the_state(
    vulnerability: Vulnerability, name: str, text: str, reason: str
) -> None:
    bad = justified({"justification": text})
    changes: dict[str, Change] = {
        "request_verification": partial(verification_requested, why=bad),
        "answer_open": partial(verification_answered, why=bad, is_closed=False),
        "answer_closed": partial(verification_answered, why=bad, is_closed=True),
        "request_zero_risk": partial(zero_risk_requested, why=bad),
        "confirm_zero_risk": partial(zero_risk_confirmed, why=bad),
        "reject_zero_risk": partial(zero_risk_rejected, why=bad),
        "approve": partial(acceptance_answered, answer=acceptance_answer({"approve": True, "justification": text})),
        "refuse": partial(acceptance_answered, answer=acceptance_answer({"approve": False, "justification": text})),
    }
    for one in (pending(vulnerability), in_state(vulnerability, VulnerabilityStatus.SAFE)):
        assert refusals(changes[name], one, GUS) == [(reason, ("justification",))]


def test_a_justification_is_stored_trimmed() -> None:
    assert justified({"justification": f"  {WHY} \n"}) == BECAUSE
    assert justified({"justification": "x" * 10}).flaws == justified({"justification": "x" * 10_000}).flaws == ()
    assert acceptance_answer({"approve": True, "justification": f" {WHY}"}).justification == WHY


def test_closing_ends_the_cycle_and_says_why(vulnerability: Vulnerability) -> None:
    one = checked(in_state(vulnerability, VulnerabilityStatus.VULNERABLE), H)
    made = ANSWER_CLOSED(one, by=GUS, at=NOW)
    assert made.state == VulnerabilityState(
        status=VulnerabilityStatus.SAFE, at=NOW, by=GUS, closing_reason=ClosingReason.VERIFIED
    )
    assert made.cycle == replace(one.cycle, closed_at=NOW)
    assert made.verification == Verification(status=V, justification=WHY, at=NOW, by=GUS)
    still = ANSWER_OPEN(one, by=GUS, at=NOW)
    assert (still.state, still.cycle, still.verification) == (one.state, one.cycle, made.verification)


@pytest.mark.parametrize(("status", "expected"), [(N, False), (V, False), (R, True), (H, True)])
def test_a_request_is_pending_until_it_is_answered(
    vulnerability: Vulnerability, status: VerificationStatus | None, *, expected: bool
) -> None:
    assert is_verification_pending(checked(vulnerability, status)) is expected
