"""Policies as the API shows them."""

from decimal import Decimal

from integrates.api.policies.fields import policies_shown
from integrates.db_model.policies.types import Policies


def test_policies_are_those_in_force_and_own_those_that_are_set_there() -> None:
    organization = Policies(max_acceptance_days=30, min_breaking_severity=Decimal("4.0"))
    group = Policies(vulnerability_grace_period=3)
    above, below = policies_shown(organization), policies_shown(organization, group)
    assert above.own == {"maxAcceptanceDays": 30, "minBreakingSeverity": 4.0}
    assert below.own == {"vulnerabilityGracePeriod": 3}
    assert (above.vulnerability_grace_period, below.vulnerability_grace_period) == (0, 3)
    assert below.max_acceptance_days == 30
    assert policies_shown(organization, Policies()).own == {}
