"""The truth table of the gate (domain section 9) with its boundaries, and what is counted of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from integrates.db_model.errors import AlreadyExists
from integrates.db_model.forces import gate
from integrates.db_model.forces.gate import TABLE, Judged, Tally
from integrates.db_model.forces.rules import GivenExecution, repeated_call
from integrates.db_model.forces.types import (
    ForcesExecution,
    ForcesKind,
    GateCategory,
    GateCounts,
    GatePolicy,
    GateRequest,
    GitFacts,
    Strictness,
)
from integrates.db_model.policies.rules import effective
from integrates.db_model.policies.types import Policies
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    SeriesSuppression,
    Treatment,
    TreatmentStatus,
    Vulnerability,
    VulnerabilityType,
    ZeroRisk,
    ZeroRiskStatus,
)

FIRST = datetime(2024, 5, 1, tzinfo=UTC)
"""When the vulnerability of these tests was opened."""
MOMENT = timedelta(microseconds=1)
DAY = timedelta(days=1)
BY = "ada@demo.example"
POLICY = GatePolicy(severity_threshold=Decimal("4.0"), grace_period=7, days_until_it_breaks=180, source_suppressions_pass=True)
ACCEPTED = Treatment(status=TreatmentStatus.ACCEPTED, accepted_until=FIRST + 30 * DAY, at=FIRST, by=BY)
FOREVER = Treatment(status=TreatmentStatus.ACCEPTED_UNDEFINED, acceptance_status=AcceptanceStatus.APPROVED, at=FIRST, by=BY)
ROWS = {
    "1": (None, "a confirmed zero risk"),
    "2": (GateCategory.ACCEPTED, "an acceptance"),
    "2a": (GateCategory.SUPPRESSED, "a suppression that passes"),
    "3": (GateCategory.BELOW_THRESHOLD, "a low score"),
    "4": (GateCategory.IN_GRACE, "youth"),
    "5": (GateCategory.TECHNICAL_DEBT, "great age"),
    "6": (GateCategory.BLOCKING, "nothing"),
}
"""By row of the domain: its category, and what lets the vulnerability pass."""
FACTS = list(product((False, True), repeat=6))
Alter = Callable[[Vulnerability], Vulnerability]


def as_it_is(one: Vulnerability) -> Vulnerability:
    return one


def hidden(one: Vulnerability) -> Vulnerability:
    return replace(one, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=FIRST, by=BY))


def claimed(one: Vulnerability) -> Vulnerability:
    return replace(one, zero_risk=ZeroRisk(status=ZeroRiskStatus.REQUESTED, at=FIRST, by=BY))


def refused(one: Vulnerability) -> Vulnerability:
    return replace(one, zero_risk=ZeroRisk(status=ZeroRiskStatus.REJECTED, at=FIRST, by=BY))


def treated(treatment: Treatment) -> Alter:
    return lambda one: replace(one, treatment=treatment)


def suppressed(*categories: str) -> Alter:
    """Return what suppresses a vulnerability that two series see in some of them."""

    def alter(one: Vulnerability) -> Vulnerability:
        assert one.tool is not None
        found = tuple(SeriesSuppression(category=each, kind="inSource") for each in categories)
        return replace(one, tool=replace(one.tool, categories=("daily/", "nightly/"), suppressions=found))

    return alter


def row_of(facts: tuple[bool, ...]) -> str:
    """Return the row of the domain for what is known of a vulnerability, in the words of the domain."""
    is_hidden, is_accepted, is_suppressed, is_severe, is_aged, is_in_debt = facts
    if is_hidden:
        return "1"
    if is_accepted:
        return "2"
    if is_suppressed:
        return "2a"
    if not is_severe:
        return "3"
    if not is_aged:
        return "4"
    return "5" if is_in_debt else "6"


def category_at(
    one: Vulnerability, at: datetime, score: str | None = "9.8", policy: GatePolicy = POLICY
) -> GateCategory | None:
    return gate.gate_category(one, None if score is None else Decimal(score), gate.boundaries(policy, at))


@pytest.mark.parametrize("facts", FACTS, ids=str)
def test_exactly_one_row_is_about_each_vulnerability(facts: tuple[bool, ...]) -> None:
    [row] = [row for row in TABLE if row.is_about(facts)]
    assert (row.name, row.category) == (row_of(facts), ROWS[row_of(facts)][0])


def test_the_rows_are_those_of_the_domain_in_their_order() -> None:
    assert [(row.name, row.category) for row in TABLE] == [(name, category) for name, (category, _) in ROWS.items()]


@pytest.mark.parametrize("facts", FACTS, ids=str)
def test_what_a_vulnerability_is_decides(vulnerability: Vulnerability, facts: tuple[bool, ...]) -> None:
    is_hidden, is_accepted, is_suppressed, is_severe, is_aged, is_in_debt = facts
    one = (hidden if is_hidden else as_it_is)(vulnerability)
    one = treated(FOREVER)(one) if is_accepted else one
    one = suppressed("daily/", "nightly/")(one) if is_suppressed else one
    policy = replace(POLICY, grace_period=0 if is_aged else 999, days_until_it_breaks=10 if is_in_debt else None)
    found = category_at(one, FIRST + 20 * DAY, "4.0" if is_severe else "3.9", policy)
    assert found is ROWS[row_of(facts)][0]


BOUNDARIES = {
    "a moment before the end of the grace period": (as_it_is, 7 * DAY - MOMENT, "9.8", GateCategory.IN_GRACE),
    "a second before the end of the grace period": (as_it_is, 7 * DAY - timedelta(seconds=1), "9.8", GateCategory.IN_GRACE),
    "the end of the grace period": (as_it_is, 7 * DAY, "9.8", GateCategory.BLOCKING),
    "a moment before it is debt": (as_it_is, 180 * DAY - MOMENT, "9.8", GateCategory.BLOCKING),
    "debt": (as_it_is, 180 * DAY, "9.8", GateCategory.TECHNICAL_DEBT),
    "the threshold": (as_it_is, 30 * DAY, "4.0", GateCategory.BLOCKING),
    "below the threshold": (as_it_is, 30 * DAY, "3.9", GateCategory.BELOW_THRESHOLD),
    "below the threshold, in grace and in debt": (as_it_is, timedelta(0), "0.0", GateCategory.BELOW_THRESHOLD),
    "without a score": (as_it_is, 30 * DAY, None, GateCategory.BELOW_THRESHOLD),
    "a moment before the acceptance ends": (treated(ACCEPTED), 30 * DAY - MOMENT, "9.8", GateCategory.ACCEPTED),
    "the end of the acceptance": (treated(ACCEPTED), 30 * DAY, "9.8", GateCategory.BLOCKING),
    "accepted and below the threshold": (treated(ACCEPTED), DAY, "1.0", GateCategory.ACCEPTED),
    "accepted for good": (treated(FOREVER), 900 * DAY, "9.8", GateCategory.ACCEPTED),
    "asked to accept for good": (
        treated(replace(FOREVER, acceptance_status=AcceptanceStatus.SUBMITTED)),
        30 * DAY,
        "9.8",
        GateCategory.BLOCKING,
    ),
    "in progress": (treated(replace(FOREVER, status=TreatmentStatus.IN_PROGRESS)), 30 * DAY, "9.8", GateCategory.BLOCKING),
    "a claim of no risk": (claimed, 30 * DAY, "9.8", GateCategory.BLOCKING),
    "a refused claim of no risk": (refused, 30 * DAY, "9.8", GateCategory.BLOCKING),
    "hidden": (hidden, 30 * DAY, "9.8", None),
    "suppressed in all series": (suppressed("daily/", "nightly/"), 30 * DAY, "9.8", GateCategory.SUPPRESSED),
    "suppressed in one series": (suppressed("daily/"), 30 * DAY, "9.8", GateCategory.BLOCKING),
    "opened by a clock that is ahead": (as_it_is, -DAY, "9.8", GateCategory.IN_GRACE),
}


@pytest.mark.parametrize(("alter", "after", "score", "category"), BOUNDARIES.values(), ids=BOUNDARIES)
def test_a_boundary(
    vulnerability: Vulnerability, alter: Alter, after: timedelta, score: str | None, category: GateCategory | None
) -> None:
    assert category_at(alter(vulnerability), FIRST + after, score) is category


def test_a_suppression_passes_only_where_the_policy_says_so(vulnerability: Vulnerability) -> None:
    one, strict = suppressed("daily/", "nightly/")(vulnerability), replace(POLICY, source_suppressions_pass=False)
    assert category_at(one, FIRST + 30 * DAY, policy=strict) is GateCategory.BLOCKING


def test_what_nobody_suppressed_is_not_suppressed(vulnerability: Vulnerability) -> None:
    assert category_at(replace(vulnerability, tool=None), FIRST + 30 * DAY) is GateCategory.BLOCKING


def test_without_grace_a_clock_that_is_ahead_lets_nothing_pass(vulnerability: Vulnerability) -> None:
    at_once = replace(POLICY, grace_period=0)
    for after in (-10 * DAY, -MOMENT, timedelta(0), MOMENT):
        assert category_at(vulnerability, FIRST + after, policy=at_once) is GateCategory.BLOCKING


def test_by_default_everything_blocks_at_once(vulnerability: Vulnerability) -> None:
    lax = gate.policy_used(effective(Policies()), GateRequest())
    assert lax == GatePolicy(severity_threshold=Decimal("0.0"), grace_period=0)
    for score in ("0.0", "10.0", None):
        assert category_at(vulnerability, FIRST, score, lax) is GateCategory.BLOCKING


@pytest.mark.parametrize(
    ("threshold", "grace", "used"),
    [
        (None, None, ("4.0", 7)),
        ("4.1", 8, ("4.0", 7)),
        ("4.0", 7, ("4.0", 7)),
        ("3.9", 6, ("3.9", 6)),
        ("0.0", 0, ("0.0", 0)),
        ("0.0", None, ("0.0", 7)),
        (None, 0, ("4.0", 0)),
    ],
)
def test_a_caller_can_ask_for_more_never_for_less(threshold: str | None, grace: int | None, used: tuple[str, int]) -> None:
    policies = effective(
        Policies(
            min_breaking_severity=Decimal("4.0"),
            vulnerability_grace_period=7,
            days_until_it_breaks=180,
            source_suppressions_pass=True,
        )
    )
    asked = GateRequest(severity_threshold=None if threshold is None else Decimal(threshold), grace_period=grace)
    expected = replace(POLICY, severity_threshold=Decimal(used[0]), grace_period=used[1])
    assert gate.policy_used(policies, asked) == expected


@given(st.integers(0, 999), st.integers(-400 * 86_400_000_000, 2_000 * 86_400_000_000))
def test_ages_are_whole_days(days: int, microseconds: int) -> None:
    """In the words of the domain: the whole days since the opening, and 0 for what a clock that is ahead has opened."""
    at = FIRST + timedelta(microseconds=microseconds)
    age = max(0, (at - FIRST) // DAY)
    held = gate.boundaries(replace(POLICY, grace_period=days, days_until_it_breaks=days or None), at)
    assert (held.aged >= FIRST, held.indebted >= FIRST) == (age >= days, age >= days > 0)


def test_every_type_is_static_or_dynamic() -> None:
    static, dynamic = gate.KINDS[ForcesKind.STATIC], gate.KINDS[ForcesKind.DYNAMIC]
    assert static == {VulnerabilityType.LINES, VulnerabilityType.PACKAGES}
    assert dynamic == {VulnerabilityType.INPUTS, VulnerabilityType.PORTS}
    assert gate.KINDS[ForcesKind.ALL] == static | dynamic == set(VulnerabilityType)


@pytest.mark.parametrize(
    ("strictness", "blocking", "code"),
    [
        (Strictness.STRICT, 0, 0),
        (Strictness.STRICT, 1, 1),
        (Strictness.STRICT, 2, 1),
        (Strictness.LAX, 0, 0),
        (Strictness.LAX, 7, 0),
    ],
)
def test_one_that_blocks_breaks_a_strict_build(strictness: Strictness, blocking: int, code: int) -> None:
    others = GateCounts(accepted=1, suppressed=1, below_threshold=1, in_grace=1, technical_debt=1, closed=1)
    assert gate.exit_code(strictness, replace(others, blocking=blocking)) == code


def test_the_highest_scores_are_told_however_the_pages_are_cut() -> None:
    scores = [Decimal(number * 7 % 100) / 10 for number in range(1_203)]
    every = [Judged(f"{number:04}", score, GateCategory.BLOCKING) for number, score in enumerate(scores)]
    every.insert(40, Judged("pass", Decimal("10.0"), GateCategory.ACCEPTED))
    wanted = sorted((one for one in every if one.id != "pass"), key=lambda one: (-one.score, one.id))[:500]
    for size in (1, 7, 500, 2_000):
        tally = Tally()
        for start in range(0, len(every), size):
            tally = gate.tallied(tally, every[start : start + size])
        assert [identity for _, identity in tally.blocking] == [one.id for one in wanted], size
        assert gate.counts_of(tally, 3) == GateCounts(accepted=1, blocking=1_203, closed=3)


def test_hidden_ones_are_in_no_count(vulnerability: Vulnerability) -> None:
    found = [(hidden(vulnerability), Decimal("9.8")), (vulnerability, None), (treated(FOREVER)(vulnerability), Decimal("9.8"))]
    made = gate.verdicts(found, gate.boundaries(POLICY, FIRST + 30 * DAY))
    assert [(one.score, one.category) for one in made] == [
        (Decimal("0.0"), GateCategory.BELOW_THRESHOLD),
        (Decimal("9.8"), GateCategory.ACCEPTED),
    ]
    assert gate.counts_of(Tally(), 0) == GateCounts()


CALL = GivenExecution(
    id="build-4711",
    strictness=Strictness.STRICT,
    kind=ForcesKind.STATIC,
    root_nickname="backend",
    severity_threshold=Decimal("3.0"),
    grace_period=1,
    git_repo="shop",
    git_branch="main",
    git_commit="abc",
    git_origin="https://git.example/shop",
    log=b"a log",
)
KNOWN = ForcesExecution(
    id="build-4711",
    group_name="webshop",
    organization_id="aurora",
    root_id="root",
    execution_date=FIRST,
    kind=ForcesKind.STATIC,
    strictness=Strictness.STRICT,
    git=GitFacts(repo="shop", branch="main", commit="abc", origin="https://git.example/shop"),
    asked=GateRequest(root_nickname="backend", severity_threshold=Decimal("3.0"), grace_period=1),
    policy=POLICY,
    counts=GateCounts(),
    exit_code=0,
    log=None,
    created_at=FIRST,
    created_by="service:forces:webshop",
)


def test_the_same_call_again_is_the_same() -> None:
    silent, nameless = replace(CALL, log=None), replace(KNOWN, git=GitFacts())
    assert repeated_call(KNOWN, silent) is KNOWN
    assert repeated_call(nameless, replace(silent, git_repo="", git_branch=None, git_commit="", git_origin="")) is nameless


@pytest.mark.parametrize(
    "change",
    [
        {"strictness": Strictness.LAX},
        {"kind": ForcesKind.ALL},
        {"root_nickname": "frontend"},
        {"root_nickname": None},
        {"severity_threshold": Decimal("3.1")},
        {"severity_threshold": None},
        {"grace_period": 0},
        {"git_repo": "other"},
        {"git_branch": "other"},
        {"git_commit": "other"},
        {"git_origin": None},
        {"log": b"a log"},
        {"log": b""},
    ],
    ids=str,
)
def test_another_call_with_the_id_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(AlreadyExists, match="id_used"):
        repeated_call(KNOWN, replace(CALL, **{"log": None, **change}))
