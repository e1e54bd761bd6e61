"""What policies may be set, and which are in force (domain section 6)."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final

from msgspec import Struct, structs

from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.policies.types import EffectivePolicies, Policies
from integrates.db_model.severities.rules import given_score, stored_score
from integrates.db_model.values.check import Arguments, Normaliser, as_given, checked, normalised, number

DEFAULTS: Final = EffectivePolicies(
    max_acceptance_days=90,
    min_acceptance_severity=Decimal("0.0"),
    max_acceptance_severity=Decimal("10.0"),
    max_number_acceptances=None,
    min_breaking_severity=Decimal("0.0"),
    vulnerability_grace_period=0,
    days_until_it_breaks=None,
    source_suppressions_pass=False,
    remediation_days_critical=None,
    remediation_days_high=None,
    remediation_days_medium=None,
    remediation_days_low=None,
    inactivity_period=90,
)
_NAMES: Final = Policies.__struct_fields__
_values: Final = attrgetter(*_NAMES)
RANGES: Final = {
    "max_acceptance_days": (0, 999),
    "min_acceptance_severity": (0, 10),
    "max_acceptance_severity": (0, 10),
    "max_number_acceptances": (0, 100),
    "min_breaking_severity": (0, 10),
    "vulnerability_grace_period": (0, 999),
    "days_until_it_breaks": (1, 999),
    "remediation_days_critical": (1, 999),
    "remediation_days_high": (1, 999),
    "remediation_days_medium": (1, 999),
    "remediation_days_low": (1, 999),
    "inactivity_period": (21, 999),
}
"""Lowest and highest value of each field that is a number."""

_SCORES: Final = frozenset({"min_acceptance_severity", "max_acceptance_severity", "min_breaking_severity"})
POLICIES: Final[Mapping[str, Normaliser]] = {
    f"policies.{name}": stored_score if name in _SCORES else number(low, high) for name, (low, high) in RANGES.items()
}
"""The rows of the policies in the field table of an organization or a group."""
GIVEN: Final[Mapping[str, Normaliser]] = {
    **{name: given_score if name in _SCORES else number(low, high) for name, (low, high) in RANGES.items()},
    "source_suppressions_pass": as_given,
}
"""The rule of each policy that a person gives."""


class GivenPolicies(Struct, frozen=True, kw_only=True):
    """The argument of a change of policies: by name what is set, and ``None`` for what is cleared."""

    policies: Mapping[str, Any]


ARGUMENTS: Final = Arguments(GivenPolicies, {"policies": normalised(GIVEN)})
"""What a change of policies is given."""


def is_range_inverted(policies: Policies | EffectivePolicies) -> bool:
    """Return whether the lowest score that may be accepted is above the highest. An unset bound is no bound."""
    low, high = policies.min_acceptance_severity, policies.max_acceptance_severity
    return low is not None and high is not None and low > high


def is_debt_before_grace(policies: Policies | EffectivePolicies) -> bool:
    """Return whether a vulnerability would count as debt before its grace period is over."""
    grace, debt = policies.vulnerability_grace_period, policies.days_until_it_breaks
    return grace is not None and debt is not None and debt <= grace


def effective(organization: Policies, group: Policies | None = None) -> EffectivePolicies:
    """Return the values in force for a group or, without one, for the organization itself.

    A value of the group overrides the organization's, and that overrides the default. A value of the organization that
    contradicts the group's (an inverted range, debt before grace) counts as the default. Only the organization sets the
    inactivity period.
    """
    own = structs.replace(group or Policies(), inactivity_period=None)
    merged = _merged(own, organization)
    ignored = (
        *(("min_acceptance_severity", "max_acceptance_severity") if is_range_inverted(merged) else ()),
        *(("vulnerability_grace_period", "days_until_it_breaks") if is_debt_before_grace(merged) else ()),
    )
    return _merged(own, structs.replace(organization, **dict.fromkeys(ignored)))


def _merged(own: Policies, inherited: Policies) -> EffectivePolicies:
    """Return the first value of each name that is set; called for each row of a list, so all names are read at once."""
    layers = zip(_NAMES, _values(own), _values(inherited), _values(DEFAULTS), strict=True)
    return EffectivePolicies(
        **{name: first if first is not None else other if other is not None else last for name, first, other, last in layers}
    )


def organization_only(policies: Policies, path: Sequence[str]) -> Iterator[Rejected]:
    """Yield a refusal of each value that only an organization may set."""
    if policies.inactivity_period is not None:
        yield Rejected(Reason.ORGANIZATION_ONLY, (*path, "inactivity_period"))


def contradictions(policies: Policies, path: Sequence[str]) -> Iterator[Rejected]:
    """Yield a refusal of each pair of values that contradict each other."""
    if is_range_inverted(policies):
        yield Rejected(Reason.RANGE_INVERTED, (*path, "min_acceptance_severity"))
    if is_debt_before_grace(policies):
        yield Rejected(Reason.DEBT_BEFORE_GRACE, (*path, "days_until_it_breaks"))


def reworked(old: Policies, given: Mapping[str, Any]) -> Policies:
    """Return policies with what is ``given`` as ``policies``: what is left out stays, ``None`` is cleared.

    Raise ``Rejections`` for values at fault. Whether values contradict each other is for the rule of who has the policies.
    """
    return structs.replace(old, **checked(ARGUMENTS, given).policies)
