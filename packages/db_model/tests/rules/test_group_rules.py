"""What groups and organizations may be given later, and what their removal needs (domain sections 3, 6 and 11.2)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import asdict, replace

from integrates.db_model.errors import Rejected, Rejections
from integrates.db_model.groups.rules import dissolved, regulated, rephrased, whole
from integrates.db_model.groups.types import Group, GroupInfo, GroupRemovalReason, GroupState, GroupStatus, Language
from integrates.db_model.policies.rules import RANGES, reworked
from integrates.db_model.policies.types import Policies

AT = datetime(2024, 5, 1, tzinfo=UTC)
ADA = "ada@demo.example"
GROUP = Group(
    info=GroupInfo(name="webshop", organization_id="aurora", description="The shop", context="It is old.", tags=("java",)),
    policies=Policies(max_acceptance_days=30),
    state=GroupState(status=GroupStatus.ACTIVE, at=AT, by=ADA),
    created_at=AT,
    created_by=ADA,
)
SCORES = ("min_acceptance_severity", "max_acceptance_severity", "min_breaking_severity")
NUMBERS = tuple(name for name in RANGES if name not in SCORES)
WORDS = "The shop was sold."


def refused(caught: pytest.ExceptionInfo[Rejections]) -> list[tuple[str, str]]:
    return [(one.reason.value, ".".join(one.path)) for one in caught.value.refusals]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"description": " Another\nshop "}, {"description": "Another\nshop"}),
        ({"language": "ES"}, {"language": Language.ES}),
        ({"language": None}, {"language": Language.EN}),
        ({"context": None, "disambiguation": "x" * 10_000}, {"context": None, "disambiguation": "x" * 10_000}),
        ({"context": "x" * 20_000}, {"context": "x" * 20_000}),
        ({"tags": ["b", "a", "b"]}, {"tags": ("b", "a")}),
        ({"tags": None}, {"tags": ()}),
        ({"tags": []}, {"tags": ()}),
    ],
)
def test_what_is_left_out_stays_and_none_takes_away(given: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    assert rephrased(GROUP, given) == replace(GROUP, info=replace(GROUP.info, **expected))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"description": None}, [("required", "description")]),
        ({"description": "  "}, [("required", "description")]),
        ({"description": "x" * 201}, [("too_long", "description")]),
        ({"context": "x" * 20_001}, [("too_long", "context")]),
        ({"disambiguation": "x" * 10_001}, [("too_long", "disambiguation")]),
        ({"context": "\0"}, [("bad_characters", "context")]),
        ({"language": "FR"}, [("bad_format", "language")]),
        ({"tags": ["java", "Java", "x" * 31]}, [("bad_characters", "tags.1"), ("too_long", "tags.2")]),
        ({"tags": [str(number) for number in range(21)]}, [("too_many_items", "tags")]),
        ({"description": "", "context": "\0"}, [("required", "description"), ("bad_characters", "context")]),
    ],
)
def test_words_at_fault_are_refused_together(given: Mapping[str, Any], expected: list[tuple[str, str]]) -> None:
    with pytest.raises(Rejections) as caught:
        rephrased(GROUP, given)
    assert refused(caught) == expected


@pytest.mark.parametrize("given", [{"name": "another"}, {"policies": {}}])
def test_what_never_changes_is_no_argument(given: Mapping[str, Any]) -> None:
    with pytest.raises(TypeError):
        rephrased(GROUP, given)


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_taken_up_to_their_limits(name: str) -> None:
    low, high = RANGES[name]
    for number in (low, high):
        assert reworked(Policies(), {"policies": {name: number}}) == replace(Policies(), **{name: number})
    for number in (low - 1, high + 1):
        with pytest.raises(Rejections) as caught:
            reworked(Policies(), {"policies": {name: number}})
        assert refused(caught) == [("out_of_range", f"policies.{name}")]


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize(
    ("given", "stored"),
    [(0, "0.0"), (0.0, "0.0"), (-0.0, "0.0"), (4, "4.0"), (4.1, "4.1"), (10, "10.0"), (Decimal("9.80"), "9.8")],
)
def test_scores_are_stored_with_one_decimal(name: str, given: Any, stored: str) -> None:
    found = getattr(reworked(Policies(), {"policies": {name: given}}), name)
    assert str(found) == stored


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (-0.1, "out_of_range"),
        (10.1, "out_of_range"),
        (float("nan"), "out_of_range"),
        (float("inf"), "out_of_range"),
        (1e300, "out_of_range"),
        (4.15, "bad_format"),
        (1e-300, "bad_format"),
    ],
)
def test_other_scores_are_refused(name: str, given: float, reason: str) -> None:
    with pytest.raises(Rejections) as caught:
        reworked(Policies(), {"policies": {name: given}})
    assert refused(caught) == [(reason, f"policies.{name}")]


def test_a_policy_that_is_left_out_stays_and_none_clears_it() -> None:
    old = Policies(max_acceptance_days=30, days_until_it_breaks=180, source_suppressions_pass=True)
    given = {"days_until_it_breaks": None, "max_number_acceptances": 0, "source_suppressions_pass": False}
    new = reworked(old, {"policies": given})
    assert new == Policies(max_acceptance_days=30, max_number_acceptances=0, source_suppressions_pass=False)
    assert reworked(old, {"policies": {}}) == old
    assert reworked(old, {"policies": dict.fromkeys(asdict(old))}) == Policies()


def test_all_policies_at_fault_are_told() -> None:
    with pytest.raises(Rejections) as caught:
        reworked(Policies(), {"policies": {"max_acceptance_days": 1_000, "min_breaking_severity": 11, "inactivity_period": 90}})
    assert refused(caught) == [
        ("out_of_range", "policies.max_acceptance_days"),
        ("out_of_range", "policies.min_breaking_severity"),
    ]


def test_a_policy_that_does_not_exist_is_no_argument() -> None:
    with pytest.raises(TypeError, match="max_days"):
        reworked(Policies(), {"policies": {"max_days": 1}})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"inactivity_period": 90}, [("organization_only", "policies.inactivity_period")]),
        ({"inactivity_period": None}, []),
        (
            {"min_acceptance_severity": 5.1, "max_acceptance_severity": 5},
            [("range_inverted", "policies.min_acceptance_severity")],
        ),
        ({"min_acceptance_severity": 5, "max_acceptance_severity": 5}, []),
        (
            {"vulnerability_grace_period": 7, "days_until_it_breaks": 7},
            [("debt_before_grace", "policies.days_until_it_breaks")],
        ),
        ({"vulnerability_grace_period": 6, "days_until_it_breaks": 7}, []),
        ({"source_suppressions_pass": 1}, [("wrong_type", "policies.source_suppressions_pass")]),
        ({"max_acceptance_days": True}, [("wrong_type", "policies.max_acceptance_days")]),
    ],
)
def test_a_group_is_judged_with_its_new_policies(given: Mapping[str, Any], expected: list[tuple[str, str]]) -> None:
    valid = replace(GROUP, info=replace(GROUP.info, organization_id="018f0000-0000-7000-8000-000000000000"))
    found: list[Rejected] = list(whole(regulated(valid, {"policies": given})))
    assert [(one.reason.value, ".".join(one.path)) for one in found] == expected


@pytest.mark.parametrize("reason", GroupRemovalReason)
@pytest.mark.parametrize("comments", [WORDS, "x" * 10_000])
def test_a_group_is_removed_for_any_reason(reason: GroupRemovalReason, comments: str) -> None:
    gone = dissolved(GROUP, {"reason": reason.value, "comments": comments}, by=ADA, at=AT)
    state = GroupState(status=GroupStatus.DELETED, at=AT, by=ADA, reason=reason, comments=comments)
    assert gone == replace(GROUP, state=state)


@pytest.mark.parametrize("reason", [each for each in GroupRemovalReason if each is not GroupRemovalReason.OTHER])
def test_a_reason_that_speaks_for_itself_needs_no_comments(reason: GroupRemovalReason) -> None:
    assert dissolved(GROUP, {"reason": reason, "comments": None}, by=ADA, at=AT).state.comments is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [("required", "reason")]),
        ({"reason": "BECAUSE"}, [("bad_format", "reason")]),
        ({"reason": "OTHER"}, [("required", "comments")]),
        ({"reason": "OTHER", "comments": None}, [("required", "comments")]),
        ({"reason": "RENAME", "comments": "x" * 9}, [("too_short", "comments")]),
        ({"reason": "RENAME", "comments": "x" * 10_001}, [("too_long", "comments")]),
    ],
)
def test_a_removal_at_fault_is_refused(given: Mapping[str, Any], expected: list[tuple[str, str]]) -> None:
    with pytest.raises(Rejections) as caught:
        dissolved(GROUP, given, by=ADA, at=AT)
    assert refused(caught) == expected
