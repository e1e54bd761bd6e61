"""Changing stakeholders."""

from integrates.db_model.entity import command
from integrates.db_model.entity.types import Stamp
from integrates.db_model.stakeholders.facet import STAKEHOLDER
from integrates.db_model.stakeholders.types import (
    PlatformRole,
    Stakeholder,
    StakeholderAccess,
    StakeholderInfo,
    StakeholderState,
    StakeholderStatus,
)
from integrates.db_model.store.port import Store


def new_stakeholder(info: StakeholderInfo, role: PlatformRole, stamp: Stamp) -> Stakeholder:
    """Return a new stakeholder, who is not stored yet and has not logged in yet."""
    return Stakeholder(
        info=info,
        access=StakeholderAccess(role=role),
        state=StakeholderState(status=StakeholderStatus.ACTIVE, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


async def add(store: Store, new: Stakeholder, stamp: Stamp) -> Stakeholder:
    """Store a new stakeholder; return them as stored. Raise ``Stale`` when the e-mail is or was known."""
    return await command.add(store, STAKEHOLDER, new, stamp)
