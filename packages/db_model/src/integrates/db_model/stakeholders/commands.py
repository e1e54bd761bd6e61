"""Changing stakeholders."""

from functools import partial

from integrates.db_model.entity import command, read
from integrates.db_model.entity.plan import Plan, plan
from integrates.db_model.entity.transaction import repeated
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Stale
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.rules import is_live
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
    """Store a new stakeholder, or one who was removed and returns, whose versions go on; return them as stored.

    Raise ``Stale`` when the e-mail is known.
    """
    return await repeated(partial(_added, store, new, stamp))


async def _added(store: Store, new: Stakeholder, stamp: Stamp) -> Stakeholder:
    old = await read.get_any(store, STAKEHOLDER, stakeholder_key(new.email))
    if old is not None and is_live(old):
        raise Stale(STAKEHOLDER.name, old.email, old.version)
    return await command.committed(store, STAKEHOLDER, old, new, stamp)


async def guest_planned(store: Store, email: str, stamp: Stamp) -> Plan[Stakeholder]:
    """Return the plan that makes somebody a person who has not logged in yet; it writes nothing for one who is known."""
    old = await read.get_any(store, STAKEHOLDER, stakeholder_key(email))
    if old is not None and is_live(old):
        return Plan(facet=STAKEHOLDER, entity=old)
    return plan(STAKEHOLDER, old, new_stakeholder(StakeholderInfo(email=email), PlatformRole.USER, stamp), stamp)
