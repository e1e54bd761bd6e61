"""What the statement of somebody else becomes (domain section 21): every row, and what it never becomes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from msgspec.structs import replace

from integrates.db_model.decision_imports.decision import EFFECTS, NEEDED, Decider, Effect, Ruling, Saying, is_so, ruled
from integrates.db_model.errors import Rejections
from integrates.db_model.findings.types import Finding
from integrates.db_model.policies.rules import effective
from integrates.db_model.policies.types import Policies
from integrates.db_model.severities.rules import severity
from integrates.db_model.vulnerabilities.rules import Sighting, reported
from integrates.db_model.vulnerabilities.treatment import Requester
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    ClosingReason,
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
from integrates.db_model.vulnerabilities.word import Word

BEFORE, NOW = datetime(2024, 6, 1, 12, tzinfo=UTC), datetime(2024, 6, 2, 12, tzinfo=UTC)
SOON = NOW + timedelta(days=3)
GUS, URI = "gus@demo.example", "uri@demo.example"
WHY = "From shop.openvex.json, Shop, 2024-06-01: the code is never run"
ID = "11111111-1111-4111-8111-111111111111"
WORDS = {
    Saying.ACCEPTED: frozenset({Word.ACCEPTED}),
    Saying.ACCEPTED_FOREVER: frozenset({Word.ACCEPTED_FOREVER}),
    Saying.AFFECTED: frozenset({Word.IN_PROGRESS}),
    Saying.FIXED: frozenset({Word.FIXED}),
    Saying.NOT_AFFECTED: frozenset({Word.ZERO_RISK, Word.FALSE_POSITIVE}),
    Saying.UNDECIDED: frozenset({Word.UNDECIDED}),
}
EVERYTHING = frozenset(each for each in NEEDED.values() if each)


def ruling(says: Saying, **changes: Any) -> Ruling:
    until = SOON if says is Saying.ACCEPTED else None
    return replace(Ruling(says=says, words=WORDS[says], justification=WHY, accepted_until=until), **changes)


def decider(permissions: frozenset[str] = EVERYTHING, **policies: Any) -> Decider:
    return Decider(
        requester=Requester(
            email=URI,
            may_assign=False,
            may_accept_forever="vulnerability:accept_forever" in permissions,
            assigned_may_be=True,
        ),
        permissions=permissions,
        policies=replace(effective(Policies(), None), **policies),
    )


@pytest.fixture
def vulnerability(finding: Finding, sighting: Sighting) -> Vulnerability:
    made = reported(ID, finding, ID, sighting, by=GUS, at=BEFORE)
    return replace(made, severity=severity(tool_score=Decimal("5.0")), version=1, updated_at=BEFORE)


def treated(status: TreatmentStatus, **more: Any) -> dict[str, Any]:
    return {"treatment": Treatment(status=status, justification=WHY, at=BEFORE, by=GUS, **more)}


def claimed(status: ZeroRiskStatus) -> dict[str, Any]:
    return {"zero_risk": ZeroRisk(status=status, justification=WHY, requested_by=GUS, at=BEFORE, by=GUS)}


def checked(status: VerificationStatus) -> dict[str, Any]:
    return {"verification": Verification(status=status, justification=WHY, at=BEFORE, by=GUS)}


SAFE: dict[str, Any] = {
    "state": VulnerabilityState(status=VulnerabilityStatus.SAFE, at=BEFORE, by=GUS, closing_reason=ClosingReason.NOT_REPORTED)
}
FOREVER = TreatmentStatus.ACCEPTED_UNDEFINED
STATES: dict[str, dict[str, Any]] = {
    "untreated": {},
    "safe": SAFE,
    "safe and hidden": {**SAFE, **claimed(ZeroRiskStatus.CONFIRMED)},
    "hidden": claimed(ZeroRiskStatus.CONFIRMED),
    "claimed": claimed(ZeroRiskStatus.REQUESTED),
    "disputed": claimed(ZeroRiskStatus.REJECTED),
    "in progress": treated(TreatmentStatus.IN_PROGRESS, assigned=GUS),
    "accepted": treated(TreatmentStatus.ACCEPTED, accepted_until=SOON),
    "accepted once": treated(TreatmentStatus.ACCEPTED, accepted_until=NOW),
    "forever": treated(FOREVER, acceptance_status=AcceptanceStatus.APPROVED, requested_by=GUS),
    "forever?": treated(FOREVER, acceptance_status=AcceptanceStatus.SUBMITTED, requested_by=GUS),
    "checking": checked(VerificationStatus.REQUESTED),
    "waiting": checked(VerificationStatus.ON_HOLD),
    "checked": checked(VerificationStatus.VERIFIED),
}
SO: dict[Saying, set[str]] = {
    Saying.ACCEPTED: {"safe", "safe and hidden", "accepted"},
    Saying.ACCEPTED_FOREVER: {"safe", "safe and hidden", "forever", "forever?"},
    Saying.AFFECTED: {"safe", "safe and hidden", "in progress", "accepted", "accepted once", "forever", "forever?"},
    Saying.FIXED: {"safe", "safe and hidden", "checking", "waiting"},
    Saying.NOT_AFFECTED: {"safe", "safe and hidden", "hidden", "claimed"},
    Saying.UNDECIDED: set(STATES),
}
REFUSED: dict[Saying, dict[str, str]] = {
    Saying.ACCEPTED: {"hidden": "hidden"},
    Saying.ACCEPTED_FOREVER: {"hidden": "hidden"},
    Saying.AFFECTED: {"hidden": "hidden"},
    Saying.FIXED: {"hidden": "hidden"},
    Saying.NOT_AFFECTED: {},
    Saying.UNDECIDED: {},
}


def told(one: Vulnerability) -> dict[Saying, bool]:
    """Return what was done to a vulnerability now, by what says so."""
    treatment, claim, check = one.treatment, one.zero_risk, one.verification
    is_new = treatment.at == NOW
    return {
        Saying.ACCEPTED: is_new and (treatment.status, treatment.accepted_until) == (TreatmentStatus.ACCEPTED, SOON),
        Saying.ACCEPTED_FOREVER: is_new
        and (treatment.status, treatment.acceptance_status) == (FOREVER, AcceptanceStatus.SUBMITTED),
        Saying.AFFECTED: is_new and (treatment.status, treatment.assigned) == (TreatmentStatus.IN_PROGRESS, URI),
        Saying.FIXED: check is not None and (check.status, check.at) == (VerificationStatus.REQUESTED, NOW),
        Saying.NOT_AFFECTED: claim is not None and (claim.status, claim.at) == (ZeroRiskStatus.REQUESTED, NOW),
        Saying.UNDECIDED: False,
    }


@pytest.mark.parametrize(("says", "name"), [*product(Saying, STATES)])
def test_every_statement_about_every_state(vulnerability: Vulnerability, finding: Finding, says: Saying, name: str) -> None:
    one = replace(vulnerability, **STATES[name])
    made = ruling(says)
    assert is_so(one, made, NOW) is (name in SO[says])
    if name in SO[says]:
        assert ruled(one, made, decider(frozenset()), finding, NOW) is one
    elif name in REFUSED[says]:
        with pytest.raises(Rejections) as caught:
            ruled(one, made, decider(), finding, NOW)
        assert [refusal.reason.value for refusal in caught.value.refusals] == [REFUSED[says][name]]
    else:
        new = ruled(one, made, decider(), finding, NOW)
        assert [each for each, is_told in told(new).items() if is_told] == [says]
        assert new.state == one.state
        texts = {new.treatment.justification, *(each.justification for each in (new.zero_risk, new.verification) if each)}
        assert WHY in texts


@pytest.mark.parametrize("says", [one for one in Saying if NEEDED[one]])
def test_what_the_importer_may_not_ask_for_is_refused(vulnerability: Vulnerability, finding: Finding, says: Saying) -> None:
    with pytest.raises(Exception) as caught:
        ruled(vulnerability, ruling(says), decider(EVERYTHING - {NEEDED[says]}), finding, NOW)
    assert "missing_permission" in str(caught.value.args)


def test_the_word_for_documents_goes_along(vulnerability: Vulnerability, finding: Finding) -> None:
    word = VexJustification.COMPONENT_NOT_PRESENT
    new = ruled(vulnerability, ruling(Saying.NOT_AFFECTED, vex_justification=word), decider(), finding, NOW)
    assert new.zero_risk is not None
    assert (new.zero_risk.vex_justification, new.zero_risk.requested_by) == (word, URI)


@pytest.mark.parametrize(
    ("until", "policies", "expected"),
    [
        (SOON, {}, []),
        (SOON, {"max_acceptance_days": 3}, []),
        (SOON, {"max_acceptance_days": 2}, ["acceptance_too_long"]),
        (NOW, {}, ["acceptance_date_past"]),
        (None, {}, ["required"]),
        (SOON, {"max_number_acceptances": 0}, ["too_many_acceptances"]),
        (SOON, {"max_acceptance_severity": Decimal("4.9")}, ["severity_out_of_policy"]),
    ],
)
def test_a_temporary_acceptance_keeps_the_policies(
    vulnerability: Vulnerability, finding: Finding, until: datetime | None, policies: dict[str, Any], expected: list[str]
) -> None:
    made = ruling(Saying.ACCEPTED, accepted_until=until)
    if not expected:
        assert ruled(vulnerability, made, decider(**policies), finding, NOW).treatment.accepted_until == until
        return
    with pytest.raises(Rejections) as caught:
        ruled(vulnerability, made, decider(**policies), finding, NOW)
    assert [refusal.reason.value for refusal in caught.value.refusals] == expected


def test_what_asks_for_an_answer_is_counted_apart_from_what_holds_at_once() -> None:
    assert {one for one, effect in EFFECTS.items() if effect is Effect.REQUESTED} == {
        Saying.ACCEPTED_FOREVER,
        Saying.FIXED,
        Saying.NOT_AFFECTED,
    }
    assert EFFECTS[Saying.UNDECIDED] is Effect.UNCHANGED
