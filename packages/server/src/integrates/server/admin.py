"""The first admins: people named in the settings whom the store does not know yet."""

from collections.abc import Iterable
from datetime import datetime

from integrates.db_model.entity import plan as planning
from integrates.db_model.entity import read, transaction
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Stale
from integrates.db_model.stakeholders import change
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import (
    PlatformRole,
    Stakeholder,
    StakeholderAccess,
    StakeholderInfo,
    StakeholderState,
    StakeholderStatus,
)
from integrates.db_model.store.port import Store

SYSTEM = "system"


def _new_admin(email: str, at: datetime) -> Stakeholder:
    return Stakeholder(
        info=StakeholderInfo(email=email),
        access=StakeholderAccess(role=PlatformRole.ADMIN),
        state=StakeholderState(status=StakeholderStatus.ACTIVE, at=at, by=SYSTEM),
        created_at=at,
        created_by=SYSTEM,
    )


async def appoint(store: Store, emails: Iterable[str], at: datetime, change_id: str) -> None:
    """Store the people who are missing as platform admins. Whoever is or was known keeps the role that people gave them."""
    stamp = Stamp(by=SYSTEM, at=at, operation="appoint_admins", change_id=change_id)
    for email in emails:
        if await read.get_any(store, STAKEHOLDER, stakeholder_key(email)) is None:
            await _appointed(store, change.added(_new_admin(email, at), stamp))


async def _appointed(store: Store, plan: planning.Plan[Stakeholder]) -> None:
    try:
        await transaction.write(store, (plan,))
    except Stale:  # another process has just stored the same person
        return
