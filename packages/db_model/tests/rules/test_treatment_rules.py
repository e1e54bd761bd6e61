"""Treatments: domain section 4.3 and the refusals of the mutation that chooses one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from integrates.db_model.errors import Rejections
from integrates.db_model.policies.rules import DEFAULTS
from integrates.db_model.policies.types import EffectivePolicies
from integrates.db_model.vulnerabilities.treatment import (
    ENDED,
    Requester,
    TreatmentRequest,
    asked,
    check_permitted,
    expired,
    is_over,
    reassigned,
    treat,
)
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    PreviousTreatment,
    Treatment,
    TreatmentStatus,
    Vulnerability,
    VulnerabilityState,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

UNTREATED, IN_PROGRESS = TreatmentStatus.UNTREATED, TreatmentStatus.IN_PROGRESS
ACCEPTED, FOREVER = TreatmentStatus.ACCEPTED, TreatmentStatus.ACCEPTED_UNDEFINED
NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
WHY = "because of reasons"
VERA, URI = "vera@demo.example", "uri@demo.example"
MAY_ALL = Requester(email=VERA, may_assign=True, may_accept_forever=True, assigned_may_be=True)
POLICIES = replace(
    DEFAULTS,
    max_acceptance_days=30,
    min_acceptance_severity=Decimal("2.0"),
    max_acceptance_severity=Decimal("8.0"),
    max_number_acceptances=2,
)


def request(
    status: TreatmentStatus, *, days: float | None = None, assigned: str | None = None, why: str = WHY
) -> TreatmentRequest:
    until = None if days is None else NOW + timedelta(days=days)
    return TreatmentRequest(treatment=status, justification=why, accepted_until=until, assigned=assigned)


def treated(
    vulnerability: Vulnerability,
    wanted: TreatmentRequest,
    requester: Requester = MAY_ALL,
    policies: EffectivePolicies = POLICIES,
    score: str | None = "5.0",
) -> Vulnerability:
    effective = None if score is None else Decimal(score)
    return treat(vulnerability, wanted, requester, policies=policies, score=effective, at=NOW)


def refusals(
    vulnerability: Vulnerability,
    wanted: TreatmentRequest,
    requester: Requester = MAY_ALL,
    policies: EffectivePolicies = POLICIES,
    score: str | None = "5.0",
) -> list[tuple[str, tuple[str, ...]]]:
    with pytest.raises(Rejections) as caught:
        treated(vulnerability, wanted, requester, policies, score)
    return [(one.reason, one.path) for one in caught.value.refusals]


def in_treatment(vulnerability: Vulnerability, treatment: Treatment) -> Vulnerability:
    return replace(vulnerability, treatment=treatment)


def accepted_times(vulnerability: Vulnerability, number: int) -> Vulnerability:
    return replace(vulnerability, cycle=replace(vulnerability.cycle, temporary_acceptances=number))


def safe(vulnerability: Vulnerability) -> Vulnerability:
    return replace(vulnerability, state=VulnerabilityState(status=VulnerabilityStatus.SAFE, at=NOW, by=VERA))


def hidden(vulnerability: Vulnerability) -> Vulnerability:
    return replace(vulnerability, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=NOW, by=VERA))


UNTREATED_NOW = Treatment(status=UNTREATED, at=NOW, by=VERA)
ASSIGNED = Treatment(status=IN_PROGRESS, justification=WHY, assigned=URI, at=NOW - timedelta(days=1), by=VERA)
REQUESTED = Treatment(
    status=FOREVER,
    acceptance_status=AcceptanceStatus.SUBMITTED,
    justification=WHY,
    requested_by=URI,
    previous=PreviousTreatment(status=UNTREATED, at=NOW, by=VERA),
    at=NOW,
    by=URI,
)
APPROVED = replace(REQUESTED, acceptance_status=AcceptanceStatus.APPROVED, previous=None, policy_id="policy")


@pytest.mark.parametrize(
    "current,wanted,expected",
    [
        (UNTREATED_NOW, request(UNTREATED), {}),
        (ASSIGNED, request(UNTREATED), {"assigned": None}),
        (UNTREATED_NOW, request(IN_PROGRESS), {"assigned": VERA}),
        (UNTREATED_NOW, request(IN_PROGRESS, assigned=URI), {"assigned": URI}),
        (ASSIGNED, request(IN_PROGRESS), {"assigned": VERA}),
        (UNTREATED_NOW, request(ACCEPTED, days=30), {"accepted_until": NOW + timedelta(days=30)}),
        (ASSIGNED, request(ACCEPTED, days=1), {"accepted_until": NOW + timedelta(days=1), "assigned": URI}),
        (ASSIGNED, request(ACCEPTED, days=1, assigned=VERA), {"accepted_until": NOW + timedelta(days=1), "assigned": VERA}),
        (REQUESTED, request(IN_PROGRESS), {"assigned": VERA}),
        (APPROVED, request(UNTREATED), {}),
    ],
)
def test_a_treatment_is_chosen(
    vulnerability: Vulnerability, current: Treatment, wanted: TreatmentRequest, expected: dict[str, object]
) -> None:
    found = treated(in_treatment(vulnerability, current), wanted).treatment
    plain = Treatment(status=wanted.treatment, justification=WHY, at=NOW, by=VERA)
    assert asdict(found) == {**asdict(plain), **expected}


def test_a_permanent_acceptance_is_requested_and_keeps_what_was_before(vulnerability: Vulnerability) -> None:
    one = treated(in_treatment(vulnerability, ASSIGNED), request(FOREVER))
    assert one.treatment == Treatment(
        status=FOREVER,
        acceptance_status=AcceptanceStatus.SUBMITTED,
        justification=WHY,
        assigned=URI,
        requested_by=VERA,
        previous=PreviousTreatment(status=IN_PROGRESS, justification=WHY, assigned=URI, at=NOW - timedelta(days=1), by=VERA),
        at=NOW,
        by=VERA,
    )


def test_a_permanent_acceptance_does_not_look_at_the_limits_of_temporary_ones(vulnerability: Vulnerability) -> None:
    one = accepted_times(vulnerability, 2)
    assert treated(one, request(FOREVER), score="10.0").treatment.status is FOREVER
    assert treated(one, request(FOREVER)).cycle == one.cycle


def test_another_treatment_withdraws_the_request(vulnerability: Vulnerability) -> None:
    one = treated(in_treatment(vulnerability, REQUESTED), request(ACCEPTED, days=1)).treatment
    assert (one.acceptance_status, one.requested_by, one.previous) == (None, None, None)


@pytest.mark.parametrize("before,after", [(0, 1), (1, 2)])
def test_temporary_acceptances_are_counted(vulnerability: Vulnerability, before: int, after: int) -> None:
    one = treated(accepted_times(vulnerability, before), request(ACCEPTED, days=1))
    assert one.cycle.temporary_acceptances == after
    assert treated(one, request(UNTREATED)).cycle.temporary_acceptances == after


def test_without_a_limit_acceptances_go_on(vulnerability: Vulnerability) -> None:
    unlimited = replace(POLICIES, max_number_acceptances=None)
    one = treated(accepted_times(vulnerability, 1000), request(ACCEPTED, days=1), policies=unlimited)
    assert one.cycle.temporary_acceptances == 1001


@pytest.mark.parametrize("score", ["2.0", "8.0"])
@pytest.mark.parametrize("days", [30, 1e-6])
def test_the_limits_of_an_acceptance_are_included(vulnerability: Vulnerability, score: str, days: float) -> None:
    assert treated(vulnerability, request(ACCEPTED, days=days), score=score).treatment.status is ACCEPTED


UNTIL = ("accepted_until",)
ASSIGNEE = ("assigned",)


@pytest.mark.parametrize(
    "wanted,expected",
    [
        (request(ACCEPTED), [("required", UNTIL)]),
        (request(UNTREATED, days=1), [("out_of_range", UNTIL)]),
        (request(IN_PROGRESS, days=1), [("out_of_range", UNTIL)]),
        (request(FOREVER, days=1), [("out_of_range", UNTIL)]),
        (request(UNTREATED, assigned=VERA), [("bad_assigned", ASSIGNEE)]),
        (request(UNTREATED, days=1, assigned=VERA), [("out_of_range", UNTIL), ("bad_assigned", ASSIGNEE)]),
        (request(ACCEPTED, days=0), [("acceptance_date_past", UNTIL)]),
        (request(ACCEPTED, days=-1), [("acceptance_date_past", UNTIL)]),
        (request(ACCEPTED, days=30 + 1e-6), [("acceptance_too_long", UNTIL)]),
        (replace(request(ACCEPTED, days=1), accepted_until=NOW.replace(tzinfo=None)), [("bad_format", UNTIL)]),
        (
            replace(request(ACCEPTED, days=1), accepted_until=datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=5)))),
            [("out_of_range", UNTIL)],
        ),
        (replace(request(ACCEPTED), accepted_until=datetime.max.replace(tzinfo=UTC)), [("acceptance_too_long", UNTIL)]),
    ],
)
def test_arguments_that_do_not_fit(
    vulnerability: Vulnerability, wanted: TreatmentRequest, expected: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert refusals(vulnerability, wanted) == expected


def test_zero_days_forbid_temporary_acceptances(vulnerability: Vulnerability) -> None:
    never = replace(POLICIES, max_acceptance_days=0)
    assert refusals(vulnerability, request(ACCEPTED, days=1e-6), policies=never) == [("acceptance_too_long", UNTIL)]


@pytest.mark.parametrize(
    "wanted,requester,expected",
    [
        (request(FOREVER), replace(MAY_ALL, may_accept_forever=False), [("missing_permission", ("treatment",))]),
        (request(IN_PROGRESS, assigned=URI), replace(MAY_ALL, may_assign=False), [("assign_others", ASSIGNEE)]),
        (request(ACCEPTED, days=-1, assigned=URI), replace(MAY_ALL, may_assign=False), [("assign_others", ASSIGNEE)]),
        (request(IN_PROGRESS), replace(MAY_ALL, assigned_may_be=False), [("bad_assigned", ASSIGNEE)]),
        (request(ACCEPTED, days=1, assigned=URI), replace(MAY_ALL, assigned_may_be=False), [("bad_assigned", ASSIGNEE)]),
    ],
)
def test_what_the_requester_may_not(
    vulnerability: Vulnerability,
    wanted: TreatmentRequest,
    requester: Requester,
    expected: list[tuple[str, tuple[str, ...]]],
) -> None:
    assert refusals(vulnerability, wanted, requester) == expected


def test_naming_oneself_and_keeping_the_assignee_need_no_further_permission(vulnerability: Vulnerability) -> None:
    one = in_treatment(vulnerability, ASSIGNED)
    bound = replace(MAY_ALL, may_assign=False)
    assert treated(one, request(IN_PROGRESS, assigned=VERA), bound).treatment.assigned == VERA
    kept = treated(one, request(ACCEPTED, days=1), replace(bound, assigned_may_be=False))
    assert kept.treatment.assigned == URI


@pytest.mark.parametrize("status", [one for one in VulnerabilityStatus if one is not VulnerabilityStatus.VULNERABLE])
@pytest.mark.parametrize("wanted", [request(UNTREATED), request(ACCEPTED, days=1), request(FOREVER)])
def test_only_vulnerable_ones_are_treated(
    vulnerability: Vulnerability, status: VulnerabilityStatus, wanted: TreatmentRequest
) -> None:
    one = replace(vulnerability, state=VulnerabilityState(status=status, at=NOW, by=VERA))
    assert refusals(one, wanted) == [("not_vulnerable", ())]


def test_hidden_ones_are_not_treated(vulnerability: Vulnerability) -> None:
    assert refusals(hidden(vulnerability), request(IN_PROGRESS)) == [("hidden", ())]
    assert refusals(hidden(safe(vulnerability)), request(IN_PROGRESS)) == [("not_vulnerable", ()), ("hidden", ())]


@pytest.mark.parametrize("score", ["1.9", "8.1", None])
def test_scores_outside_the_policy_are_not_accepted(vulnerability: Vulnerability, score: str | None) -> None:
    assert refusals(vulnerability, request(ACCEPTED, days=1), score=score) == [("severity_out_of_policy", ())]


def test_acceptances_are_limited(vulnerability: Vulnerability) -> None:
    assert refusals(accepted_times(vulnerability, 2), request(ACCEPTED, days=1)) == [("too_many_acceptances", ())]
    both = refusals(accepted_times(vulnerability, 2), request(ACCEPTED, days=1), score="9.0")
    assert both == [("severity_out_of_policy", ()), ("too_many_acceptances", ())]


@pytest.mark.parametrize("current", [REQUESTED, APPROVED])
def test_a_permanent_acceptance_is_requested_once(vulnerability: Vulnerability, current: Treatment) -> None:
    assert refusals(in_treatment(vulnerability, current), request(FOREVER)) == [("already_requested", ())]


def test_arguments_are_refused_before_the_state(vulnerability: Vulnerability) -> None:
    assert refusals(safe(vulnerability), request(ACCEPTED, days=31)) == [("acceptance_too_long", UNTIL)]


@pytest.mark.parametrize(
    "wanted", [request(UNTREATED), request(IN_PROGRESS), request(IN_PROGRESS, assigned=URI), request(ACCEPTED, days=1)]
)
def test_equal_values_change_nothing(vulnerability: Vulnerability, wanted: TreatmentRequest) -> None:
    once = treated(vulnerability, wanted)
    assert once is not vulnerability
    strict = replace(POLICIES, max_acceptance_days=0, max_number_acceptances=0)
    assert treated(once, wanted, policies=strict) is once
    assert treated(once, replace(wanted, justification="for another reason")) is not once


def test_equal_values_do_not_excuse_the_state(vulnerability: Vulnerability) -> None:
    once = treated(vulnerability, request(UNTREATED))
    assert refusals(safe(once), request(UNTREATED)) == [("not_vulnerable", ())]
    assert refusals(hidden(once), request(UNTREATED)) == [("hidden", ())]


REQUESTS = st.builds(
    request,
    st.sampled_from(TreatmentStatus),
    days=st.none() | st.floats(-1, 40),
    assigned=st.none() | st.sampled_from([VERA, URI]),
    why=st.sampled_from([WHY, "for another reason"]),
)


@given(st.lists(REQUESTS, max_size=8))
def test_the_number_of_acceptances_never_falls_and_obeys_the_limit(
    vulnerability: Vulnerability, wanted: list[TreatmentRequest]
) -> None:
    one = vulnerability
    for each in wanted:
        try:
            after = treated(one, each)
        except Rejections:
            continue
        difference = after.cycle.temporary_acceptances - one.cycle.temporary_acceptances
        assert difference == (after is not one and after.treatment.status is ACCEPTED)
        assert after.cycle.temporary_acceptances <= 2
        assert (after.treatment.previous is not None) == (after.treatment.status is FOREVER)
        one = after


def test_what_is_asked_for_is_brought_into_the_form_in_which_it_is_stored() -> None:
    found = asked({"treatment": IN_PROGRESS, "justification": f"  {WHY} ", "assigned": " URI@demo.example"})
    assert (found.justification, found.assigned, found.flaws) == (WHY, "uri@demo.example", ())


def test_texts_at_fault_are_told_with_all_other_arguments_at_fault_once_each(vulnerability: Vulnerability) -> None:
    wanted = asked(
        {"treatment": ACCEPTED, "justification": "short", "accepted_until": NOW + timedelta(days=31), "assigned": "nobody"}
    )
    assert refusals(vulnerability, wanted, replace(MAY_ALL, assigned_may_be=False)) == [
        ("too_short", ("justification",)),
        ("bad_format", ASSIGNEE),
        ("acceptance_too_long", UNTIL),
    ]
    assert refusals(safe(vulnerability), wanted)[0] == ("too_short", ("justification",))


def test_a_permission_comes_before_arguments_at_fault() -> None:
    wanted = asked({"treatment": IN_PROGRESS, "justification": "short", "assigned": "nobody"})
    with pytest.raises(Rejections) as caught:
        check_permitted(wanted, replace(MAY_ALL, may_assign=False))
    assert [one.reason for one in caught.value.refusals] == ["assign_others"]


def accepted(vulnerability: Vulnerability, until: datetime = NOW) -> Vulnerability:
    return in_treatment(vulnerability, Treatment(status=ACCEPTED, accepted_until=until, justification=WHY, at=NOW, by=VERA))


def test_an_acceptance_is_over_at_its_date(vulnerability: Vulnerability) -> None:
    tick = timedelta(microseconds=1)
    assert [is_over(accepted(vulnerability, until), NOW) for until in (NOW - tick, NOW, NOW + tick)] == [True, True, False]


def test_an_acceptance_that_is_over_becomes_untreated_and_keeps_its_number(vulnerability: Vulnerability) -> None:
    one = accepted_times(accepted(vulnerability), 2)
    done = expired(one, NOW, by="system", at=NOW)
    assert done == replace(one, treatment=Treatment(status=UNTREATED, justification=ENDED, at=NOW, by="system"))


def test_nothing_else_expires(vulnerability: Vulnerability) -> None:
    later = accepted(vulnerability, NOW + timedelta(days=1))
    for one in (safe(accepted(vulnerability)), later, treated(vulnerability, request(IN_PROGRESS)), vulnerability):
        assert expired(one, NOW, by="system", at=NOW) is one


def test_a_permanent_acceptance_does_not_expire(vulnerability: Vulnerability) -> None:
    one = treated(vulnerability, request(FOREVER))
    assert expired(one, NOW + timedelta(days=9_999), by="system", at=NOW) is one


def test_a_hidden_acceptance_expires(vulnerability: Vulnerability) -> None:
    assert expired(hidden(accepted(vulnerability)), NOW, by="system", at=NOW).treatment.status is UNTREATED


def test_reassigning_reaches_the_treatment_that_a_refused_request_brings_back(vulnerability: Vulnerability) -> None:
    one = treated(treated(vulnerability, request(IN_PROGRESS, assigned=URI)), request(FOREVER))
    assert one.treatment.previous is not None
    done = reassigned(one, URI, VERA, by=VERA, at=NOW).treatment
    assert done == replace(one.treatment, assigned=VERA, previous=replace(one.treatment.previous, assigned=VERA))


@pytest.mark.parametrize("to", [URI, "else@demo.example"])
def test_what_is_not_the_leavers_stays_as_it_is(vulnerability: Vulnerability, to: str) -> None:
    one = treated(vulnerability, request(IN_PROGRESS, assigned=URI if to == URI else VERA))
    assert reassigned(one, URI, to, by=VERA, at=NOW) is one


@pytest.mark.parametrize("change, reason", [(safe, "not_vulnerable"), (hidden, "hidden")])
def test_what_people_cannot_treat_is_not_reassigned(
    vulnerability: Vulnerability, change: Callable[[Vulnerability], Vulnerability], reason: str
) -> None:
    one = change(treated(vulnerability, request(IN_PROGRESS, assigned=URI)))
    with pytest.raises(Rejections, match=reason):
        reassigned(one, URI, VERA, by=VERA, at=NOW)
