"""The states of finding policies, and what a policy makes of a vulnerability (domain section 3)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from integrates.db_model.entity.types import Stamp
from integrates.db_model.entity.work import LEASE, given_back, is_leased
from integrates.db_model.errors import Rejected
from integrates.db_model.finding_policies import rules
from integrates.db_model.finding_policies.types import (
    Application,
    ApplicationStatus,
    FindingPolicy,
    FindingPolicyState,
    FindingPolicyStatus,
    Task,
)
from integrates.db_model.vulnerabilities.policy import ACCEPTED, WITHDRAWN, accepted_by, withdrawn_from
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    Labels,
    Treatment,
    TreatmentStatus,
    Vulnerability,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
OLGA, VERA = "olga@demo.example", "vera@demo.example"
SUBMITTED, APPROVED = FindingPolicyStatus.SUBMITTED, FindingPolicyStatus.APPROVED
REJECTED, INACTIVE = FindingPolicyStatus.REJECTED, FindingPolicyStatus.INACTIVE
STAMP = Stamp(by=OLGA, at=NOW, operation="handle_organization_finding_policy", change_id="change")
APPLY, WITHDRAW = Task.APPLY, Task.WITHDRAW


def policy(status: FindingPolicyStatus, *tags: str) -> FindingPolicy:
    state = FindingPolicyState(status=status, at=NOW, by=OLGA)
    return FindingPolicy(
        id="policy", organization_id="aurora", title="A weakness", tags=tags, state=state, created_at=NOW, created_by=VERA
    )


Act = Callable[[FindingPolicy], FindingPolicy]
ACTS: dict[str, Act] = {
    "approve": lambda old: rules.policy_handled(old, approve=True, by=VERA, at=NOW + LEASE),
    "reject": lambda old: rules.policy_handled(old, approve=False, by=VERA, at=NOW + LEASE),
    "deactivate": lambda old: rules.policy_deactivated(old, by=VERA, at=NOW + LEASE),
    "submit": lambda old: rules.policy_resubmitted(old, by=VERA, at=NOW + LEASE),
}
TRANSITIONS = [
    (SUBMITTED, "approve", APPROVED),
    (SUBMITTED, "reject", REJECTED),
    (SUBMITTED, "deactivate", "not_approved"),
    (SUBMITTED, "submit", "already_active"),
    (APPROVED, "approve", "not_submitted"),
    (APPROVED, "reject", "not_submitted"),
    (APPROVED, "deactivate", INACTIVE),
    (APPROVED, "submit", "already_active"),
    (REJECTED, "approve", "not_submitted"),
    (REJECTED, "reject", "not_submitted"),
    (REJECTED, "deactivate", "not_approved"),
    (REJECTED, "submit", SUBMITTED),
    (INACTIVE, "approve", "not_submitted"),
    (INACTIVE, "reject", "not_submitted"),
    (INACTIVE, "deactivate", "not_approved"),
    (INACTIVE, "submit", SUBMITTED),
]


@pytest.mark.parametrize(("status", "act", "expected"), TRANSITIONS)
def test_a_policy_goes_from_state_to_state(status: FindingPolicyStatus, act: str, expected: str) -> None:
    before = policy(status, "a")
    if isinstance(expected, FindingPolicyStatus):
        state = FindingPolicyState(status=expected, at=NOW + LEASE, by=VERA)
        assert ACTS[act](before) == replace(before, state=state)
    else:
        with pytest.raises(Rejected, match=expected):
            ACTS[act](before)


def test_every_state_meets_every_act() -> None:
    assert {(status, act) for status, act, _ in TRANSITIONS} == {
        (status, act) for status in FindingPolicyStatus for act in ACTS
    }


def application(*tasks: Task, **members: object) -> Application:
    own = {"by": VERA, "operation": "before", "change_id": "earlier", "lease_until": NOW, **members}
    return Application(tasks=tasks, **own)  # type: ignore[arg-type] # members of any type


@pytest.mark.parametrize(
    ("status", "left", "tasks"),
    [
        (APPROVED, None, (APPLY,)),
        (APPROVED, (), (APPLY,)),
        (APPROVED, (WITHDRAW,), (WITHDRAW, APPLY)),
        (INACTIVE, (APPLY,), (WITHDRAW,)),
        (INACTIVE, (WITHDRAW, APPLY), (WITHDRAW,)),
        (INACTIVE, (), (WITHDRAW,)),
    ],
)
def test_what_follows_from_an_answer(
    status: FindingPolicyStatus, left: tuple[Task, ...] | None, tasks: tuple[Task, ...]
) -> None:
    former = None if left is None else application(*left, version=7, processed=3, after=("x",), again=True, attempts=2)
    begun = rules.application_begun(policy(status), former, STAMP)
    assert begun is not None
    assert begun == Application(
        tasks=tasks,
        lease_until=begun.lease_until,
        by=OLGA,
        operation=STAMP.operation,
        change_id="change",
        version=0 if left is None else 7,
    )
    assert (begun.status, is_leased(begun, NOW)) == (ApplicationStatus.PENDING, False)


@pytest.mark.parametrize("status", [SUBMITTED, REJECTED])
def test_what_was_begun_goes_on_when_nothing_follows(status: FindingPolicyStatus) -> None:
    assert rules.application_begun(policy(status), application(WITHDRAW), STAMP) is None
    assert rules.application_begun(policy(status), None, STAMP) is None


def test_work_is_taken_up_advances_and_is_given_back() -> None:
    taken = rules.application_taken_up(application(APPLY, attempts=1), "worker", NOW)
    assert (taken.status, taken.attempts, taken.worker) == (ApplicationStatus.RUNNING, 2, "worker")
    assert taken.lease_until == NOW + LEASE
    moved = rules.application_advanced(replace(taken, processed=4), ("f",), 3, NOW + LEASE)
    assert (moved.processed, moved.after, moved.attempts, moved.lease_until) == (7, ("f",), 0, NOW + 2 * LEASE)
    assert not is_leased(given_back(moved, NOW), NOW - timedelta(seconds=59))


def test_the_next_task_follows_at_once() -> None:
    begun = application(WITHDRAW, APPLY, worker="worker", after=("x",), attempts=1)
    following = rules.task_done(begun, NOW, timedelta(0))
    assert (following.tasks, following.after, following.worker, following.attempts) == ((APPLY,), (), "worker", 0)
    assert not rules.is_done(following)
    done = rules.task_done(following, NOW, timedelta(0))
    assert (done.tasks, done.status, is_leased(done, NOW)) == ((), ApplicationStatus.DONE, False)


def test_lists_that_lag_are_walked_twice() -> None:
    once = rules.task_done(application(WITHDRAW, APPLY, worker="worker", after=("x",)), NOW, LEASE)
    assert (once.tasks, once.again, once.after, once.worker) == ((WITHDRAW, APPLY), True, (), "")
    assert is_leased(once, NOW + LEASE - timedelta(seconds=1))
    assert not is_leased(once, NOW + LEASE)
    twice = rules.task_done(once, NOW + LEASE, LEASE)
    assert (twice.tasks, twice.again) == ((APPLY,), False)


def hidden(one: Vulnerability) -> Vulnerability:
    return replace(one, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=NOW, by=VERA))


def in_state(one: Vulnerability, status: VulnerabilityStatus) -> Vulnerability:
    return replace(one, state=replace(one.state, status=status))


def treated(one: Vulnerability, **members: object) -> Vulnerability:
    return replace(one, treatment=replace(one.treatment, **members))


@pytest.mark.parametrize("status", VulnerabilityStatus)
@pytest.mark.parametrize("is_hidden", [False, True])
def test_a_policy_accepts_what_was_released_and_is_not_hidden(
    vulnerability: Vulnerability, status: VulnerabilityStatus, *, is_hidden: bool
) -> None:
    one = in_state(vulnerability, status)
    one = hidden(one) if is_hidden else one
    made = accepted_by(one, policy(APPROVED, "a"), NOW + LEASE)
    if is_hidden or status not in {VulnerabilityStatus.SAFE, VulnerabilityStatus.VULNERABLE}:
        assert made is one
        return
    assert made == replace(
        one,
        labels=Labels(tags=("a",)),
        treatment=Treatment(
            status=TreatmentStatus.ACCEPTED_UNDEFINED,
            acceptance_status=AcceptanceStatus.APPROVED,
            justification=ACCEPTED,
            policy_id="policy",
            at=NOW + LEASE,
            by=OLGA,
        ),
    )
    assert accepted_by(made, policy(APPROVED, "b"), NOW) is made


def test_whoever_is_assigned_stays_and_the_date_is_not_before_the_approval(vulnerability: Vulnerability) -> None:
    one = treated(vulnerability, status=TreatmentStatus.IN_PROGRESS, assigned=VERA, requested_by=VERA, policy_id="other")
    made = accepted_by(one, policy(APPROVED), NOW - LEASE).treatment
    assert (made.assigned, made.requested_by, made.policy_id, made.at) == (VERA, None, "policy", NOW)


@pytest.mark.parametrize(
    ("before", "given", "after"),
    [
        ((), ("a", "b"), ("a", "b")),
        (("b", "x"), ("a", "b"), ("b", "x", "a")),
        (tuple(f"t{n}" for n in range(19)), ("a", "b"), (*(f"t{n}" for n in range(19)), "a")),
        (tuple(f"t{n}" for n in range(20)), ("a",), tuple(f"t{n}" for n in range(20))),
    ],
)
def test_tags_are_added_as_long_as_there_is_room(
    vulnerability: Vulnerability, before: tuple[str, ...], given: tuple[str, ...], after: tuple[str, ...]
) -> None:
    one = replace(vulnerability, labels=Labels(tags=before, bug_tracking_system_url="https://bugs.example/1"))
    made = accepted_by(one, policy(APPROVED, *given), NOW)
    assert made.labels == Labels(tags=after, bug_tracking_system_url="https://bugs.example/1")


def accepted(one: Vulnerability, at: datetime = NOW) -> Vulnerability:
    return accepted_by(one, policy(APPROVED, "a", "b"), at)


@pytest.mark.parametrize("status", [VulnerabilityStatus.SAFE, VulnerabilityStatus.VULNERABLE])
@pytest.mark.parametrize("is_hidden", [False, True])
def test_a_policy_that_ended_gives_back_what_it_accepts(
    vulnerability: Vulnerability, status: VulnerabilityStatus, *, is_hidden: bool
) -> None:
    one = treated(accepted(in_state(vulnerability, status)), assigned=VERA)
    one = replace(hidden(one) if is_hidden else one, labels=Labels(tags=("x", "b", "a")))
    made = withdrawn_from(one, policy(INACTIVE, "a", "b"), VERA, NOW + LEASE)
    untreated = Treatment(status=TreatmentStatus.UNTREATED, justification=WITHDRAWN, at=NOW + LEASE, by=VERA)
    assert made == replace(one, treatment=untreated, labels=Labels(tags=("x",)))
    assert withdrawn_from(made, policy(INACTIVE, "a", "b"), VERA, NOW) is made


@pytest.mark.parametrize("policy_id", [None, "other"])
def test_what_somebody_else_accepted_stays(vulnerability: Vulnerability, policy_id: str | None) -> None:
    one = treated(accepted(vulnerability), policy_id=policy_id)
    assert withdrawn_from(one, policy(INACTIVE, "a"), VERA, NOW) is one


def test_what_the_approval_in_force_accepted_stays(vulnerability: Vulnerability) -> None:
    again = replace(policy(APPROVED, "a"), state=FindingPolicyState(status=APPROVED, at=NOW + LEASE, by=VERA))
    of_now, of_before = accepted_by(vulnerability, again, NOW), accepted(vulnerability)
    assert withdrawn_from(of_now, again, VERA, NOW + LEASE) is of_now
    assert withdrawn_from(of_before, again, VERA, NOW + LEASE).treatment.status is TreatmentStatus.UNTREATED
