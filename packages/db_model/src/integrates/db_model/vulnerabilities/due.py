"""Until when a vulnerability has to be repaired (domain section 6)."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from integrates.db_model.policies.types import EffectivePolicies
from integrates.db_model.severities.rules import level
from integrates.db_model.severities.types import Level, Severity
from integrates.db_model.vulnerabilities.rules import effective_score, is_open
from integrates.db_model.vulnerabilities.treatment import is_in_force
from integrates.db_model.vulnerabilities.types import Vulnerability

_DAYS: Final[Mapping[Level, Callable[[EffectivePolicies], int | None]]] = {
    Level.CRITICAL: attrgetter("remediation_days_critical"),
    Level.HIGH: attrgetter("remediation_days_high"),
    Level.MEDIUM: attrgetter("remediation_days_medium"),
    Level.LOW: attrgetter("remediation_days_low"),
}
"""By level: the policy that says within how many days a vulnerability has to be repaired."""


def due_at(vulnerability: Vulnerability, finding_severity: Severity | None, policies: EffectivePolicies) -> datetime | None:
    """Return when the days for repairing it are over, counted from its last opening.

    ``policies`` are those in force for the group. ``None`` for a draft, without a score, or where no policy says so.
    """
    score, opened_at = effective_score(vulnerability, finding_severity), vulnerability.cycle.opened_at
    if score is None or opened_at is None:
        return None
    days = _DAYS[level(score)](policies)
    return None if days is None else opened_at + timedelta(days=days)


def is_overdue(
    vulnerability: Vulnerability, finding_severity: Severity | None, policies: EffectivePolicies, now: datetime
) -> bool:
    """Return whether it is due, open, and no acceptance of it is in force."""
    due = due_at(vulnerability, finding_severity, policies)
    return due is not None and due <= now and is_open(vulnerability) and not is_in_force(vulnerability.treatment, now)
