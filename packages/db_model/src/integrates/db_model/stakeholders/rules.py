"""What a stakeholder is (domain sections 2 and 10.1)."""

from integrates.db_model.stakeholders.types import Stakeholder, StakeholderStatus


def is_live(stakeholder: Stakeholder) -> bool:
    """Tell whether the person was not removed."""
    return stakeholder.state.status is StakeholderStatus.ACTIVE
