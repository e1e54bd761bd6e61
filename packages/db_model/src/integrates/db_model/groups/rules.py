"""What a group is (domain section 2)."""

from integrates.db_model.groups.types import Group, GroupStatus


def is_live(group: Group) -> bool:
    """Tell whether the group was not removed."""
    return group.state.status is GroupStatus.ACTIVE
