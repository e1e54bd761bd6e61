"""Policies that an organization sets and a group may override (domain section 6)."""

from decimal import Decimal

import msgspec


class Policies(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Stored values of an organization or group; ``None`` means: not set here.

    Days are whole days, severities are scores 0.0-10.0 with one decimal.
    """

    max_acceptance_days: int | None = None
    min_acceptance_severity: Decimal | None = None
    max_acceptance_severity: Decimal | None = None
    max_number_acceptances: int | None = None
    min_breaking_severity: Decimal | None = None
    vulnerability_grace_period: int | None = None
    days_until_it_breaks: int | None = None
    source_suppressions_pass: bool | None = None
    remediation_days_critical: int | None = None
    remediation_days_high: int | None = None
    remediation_days_medium: int | None = None
    remediation_days_low: int | None = None
    inactivity_period: int | None = None


class EffectivePolicies(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The values in force for one organization or group. ``None`` means unlimited or never."""

    max_acceptance_days: int
    min_acceptance_severity: Decimal
    max_acceptance_severity: Decimal
    max_number_acceptances: int | None
    min_breaking_severity: Decimal
    vulnerability_grace_period: int
    days_until_it_breaks: int | None
    source_suppressions_pass: bool
    remediation_days_critical: int | None
    remediation_days_high: int | None
    remediation_days_medium: int | None
    remediation_days_low: int | None
    inactivity_period: int
