"""Policies of domain section 6."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from integrates.db_model.policies.rules import DEFAULTS, RANGES, contradictions, effective, organization_only
from integrates.db_model.policies.types import Policies

SEVERITIES = {"min_acceptance_severity", "max_acceptance_severity", "min_breaking_severity"}


def numbers(fields: dict[str, Any]) -> dict[str, Any]:
    """Scores are written as text."""
    return {name: Decimal(value) if isinstance(value, str) else value for name, value in fields.items()}


def policies(**fields: Any) -> Policies:
    return Policies(**numbers(fields))


def test_the_defaults_of_the_table() -> None:
    assert asdict(effective(Policies())) == {
        "max_acceptance_days": 90,
        "min_acceptance_severity": Decimal("0.0"),
        "max_acceptance_severity": Decimal("10.0"),
        "max_number_acceptances": None,
        "min_breaking_severity": Decimal("0.0"),
        "vulnerability_grace_period": 0,
        "days_until_it_breaks": None,
        "source_suppressions_pass": False,
        "remediation_days_critical": None,
        "remediation_days_high": None,
        "remediation_days_medium": None,
        "remediation_days_low": None,
        "inactivity_period": 90,
    }


@pytest.mark.parametrize(
    "organization,group,expected",
    [
        (policies(), policies(), {}),
        (policies(max_acceptance_days=30), None, {"max_acceptance_days": 30}),
        (policies(max_acceptance_days=30), policies(max_acceptance_days=0), {"max_acceptance_days": 0}),
        (
            policies(max_acceptance_days=30),
            policies(max_number_acceptances=1),
            {"max_acceptance_days": 30, "max_number_acceptances": 1},
        ),
        (policies(inactivity_period=30), policies(inactivity_period=99), {"inactivity_period": 30}),
        (
            policies(max_acceptance_severity="4.0"),
            policies(min_acceptance_severity="4.0"),
            {"min_acceptance_severity": "4.0", "max_acceptance_severity": "4.0"},
        ),
        (policies(max_acceptance_severity="4.0"), policies(min_acceptance_severity="4.1"), {"min_acceptance_severity": "4.1"}),
        (policies(min_acceptance_severity="4.0"), policies(max_acceptance_severity="3.9"), {"max_acceptance_severity": "3.9"}),
        (
            policies(min_acceptance_severity="4.0", max_acceptance_severity="5.0"),
            policies(max_acceptance_severity="3.9"),
            {"max_acceptance_severity": "3.9"},
        ),
        (
            policies(days_until_it_breaks=7),
            policies(vulnerability_grace_period=6),
            {"days_until_it_breaks": 7, "vulnerability_grace_period": 6},
        ),
        (policies(days_until_it_breaks=7), policies(vulnerability_grace_period=7), {"vulnerability_grace_period": 7}),
        (policies(vulnerability_grace_period=7), policies(days_until_it_breaks=7), {"days_until_it_breaks": 7}),
        (
            policies(vulnerability_grace_period=7, max_acceptance_days=1),
            policies(days_until_it_breaks=5),
            {"days_until_it_breaks": 5, "max_acceptance_days": 1},
        ),
    ],
)
def test_which_value_is_in_force(organization: Policies, group: Policies | None, expected: dict[str, Any]) -> None:
    assert effective(organization, group) == replace(DEFAULTS, **numbers(expected))


@pytest.mark.parametrize(
    "wanted,expected",
    [
        (
            policies(min_acceptance_severity="5.1", max_acceptance_severity="5.0"),
            [("range_inverted", "min_acceptance_severity")],
        ),
        (policies(vulnerability_grace_period=7, days_until_it_breaks=7), [("debt_before_grace", "days_until_it_breaks")]),
        (
            policies(
                min_acceptance_severity="1.0",
                max_acceptance_severity="0.0",
                vulnerability_grace_period=2,
                days_until_it_breaks=1,
            ),
            [("range_inverted", "min_acceptance_severity"), ("debt_before_grace", "days_until_it_breaks")],
        ),
        (
            policies(
                min_acceptance_severity="5.0",
                max_acceptance_severity="5.0",
                vulnerability_grace_period=6,
                days_until_it_breaks=7,
            ),
            [],
        ),
    ],
)
def test_contradictions_within_one_level_are_refused(wanted: Policies, expected: list[tuple[str, str]]) -> None:
    found = [(one.reason, one.path) for one in contradictions(wanted, ("policies",))]
    assert found == [(rule, ("policies", name)) for rule, name in expected]


def test_the_inactivity_period_belongs_to_organizations() -> None:
    found = [(one.reason, one.path) for one in organization_only(policies(inactivity_period=30), ("policies",))]
    assert found == [("organization_only", ("policies", "inactivity_period"))]
    assert list(organization_only(policies(days_until_it_breaks=3), ("policies",))) == []


def field(name: str) -> st.SearchStrategy[Any]:
    low, high = RANGES[name]
    tenths = st.integers(low * 10, high * 10).map(lambda number: Decimal(number) / 10)
    return st.none() | (tenths if name in SEVERITIES else st.integers(low, high))


STORABLE = st.builds(
    Policies, source_suppressions_pass=st.none() | st.booleans(), **{name: field(name) for name in RANGES}
).filter(lambda wanted: not list(contradictions(wanted, ())))


@given(STORABLE, STORABLE)
def test_what_is_in_force_never_contradicts_itself(organization: Policies, group: Policies) -> None:
    found = effective(organization, group)
    assert found.min_acceptance_severity <= found.max_acceptance_severity
    assert found.days_until_it_breaks is None or found.days_until_it_breaks > found.vulnerability_grace_period
    own = {name: value for name, value in asdict(group).items() if value is not None and name != "inactivity_period"}
    assert own.items() <= asdict(found).items()
