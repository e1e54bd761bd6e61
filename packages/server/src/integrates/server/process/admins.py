"""The first admins: people named in the settings whom the store does not know yet."""

from collections.abc import Iterable
from datetime import datetime

from integrates.db_model.entity.read import get_any
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Stale
from integrates.db_model.stakeholders import commands
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import PlatformRole, StakeholderInfo
from integrates.db_model.store.port import Store

SYSTEM = "system"


async def appoint(store: Store, emails: Iterable[str], at: datetime, change_id: str) -> None:
    """Store the people who are missing as platform admins. Whoever is or was known keeps the role that people gave them."""
    stamp = Stamp(by=SYSTEM, at=at, operation="appoint_admins", change_id=change_id)
    for email in emails:
        if await get_any(store, STAKEHOLDER, stakeholder_key(email)) is None:
            await _appoint(store, email, stamp)


async def _appoint(store: Store, email: str, stamp: Stamp) -> None:
    try:
        await commands.add(store, commands.new_stakeholder(StakeholderInfo(email=email), PlatformRole.ADMIN, stamp), stamp)
    except Stale:  # another process has just stored the same person
        return
