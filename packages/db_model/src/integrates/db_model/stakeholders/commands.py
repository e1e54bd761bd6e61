"""Changing stakeholders."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from msgspec.structs import replace

from integrates.db_model.access.member import sought
from integrates.db_model.entity import command, read
from integrates.db_model.entity.plan import Plan, effective_at, plan
from integrates.db_model.entity.transaction import repeated
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import NotFound, Reason, Rejected, Stale
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.removal import clear
from integrates.db_model.stakeholders.rules import NAMES, is_live
from integrates.db_model.stakeholders.types import (
    PlatformRole,
    Stakeholder,
    StakeholderAccess,
    StakeholderInfo,
    StakeholderState,
    StakeholderStatus,
)
from integrates.db_model.store.port import Store
from integrates.db_model.values.check import checked


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
    return await command.committed(store, STAKEHOLDER, old, await welcomed(store, old, new, stamp), stamp)


async def welcomed(store: Store, old: Stakeholder | None, new: Stakeholder, stamp: Stamp) -> Stakeholder:
    """Return a person to be stored who is ``new``, or was removed and comes back as if they were.

    What a removal that was cut off left is taken away before. Raise ``Stale`` when somebody else brings them back meanwhile.
    """
    if old is None:
        return new
    await clear(store, old, stamp)
    return replace(new, state=replace(new.state, at=effective_at(stamp, old)))


async def guest_planned(store: Store, email: str, stamp: Stamp) -> Plan[Stakeholder]:
    """Return the plan that makes somebody a person who has not logged in yet; it writes nothing for one who is known."""
    old = await read.get_any(store, STAKEHOLDER, stakeholder_key(email))
    if old is not None and is_live(old):
        return Plan(facet=STAKEHOLDER, entity=old)
    new = new_stakeholder(StakeholderInfo(email=email), PlatformRole.USER, stamp)
    return plan(STAKEHOLDER, old, await welcomed(store, old, new, stamp), stamp)


async def describe(
    store: Store, email: str, given: Mapping[str, Any], stamp: Stamp, *, expected_version: int | None = None
) -> Stakeholder:
    """Change the name of a person: what is not ``given`` stays, ``None`` takes it away; return them as stored.

    Raise ``Rejections`` for arguments at fault, and what :func:`integrates.db_model.entity.command.update` raises.
    """

    def alter(old: Stakeholder, _at: datetime) -> Stakeholder:
        known = {"first_name": old.info.first_name, "last_name": old.info.last_name}
        names = checked(NAMES, {**known, **given})
        return replace(old, info=replace(old.info, first_name=names.first_name, last_name=names.last_name))

    return await command.update(store, STAKEHOLDER, stakeholder_key(email), alter, stamp, expected_version=expected_version)


async def change_role(
    store: Store, email: str, role: PlatformRole, stamp: Stamp, *, expected_version: int | None = None
) -> Stakeholder:
    """Give a person, by their e-mail, another role on the platform; return them as stored.

    Raise ``Rejected`` (``own_role``) for whoever makes the change, and what
    :func:`integrates.db_model.entity.command.update` raises.
    """

    def alter(old: Stakeholder, _at: datetime) -> Stakeholder:
        if old.email == stamp.by and old.access.role is not role:
            raise Rejected(Reason.OWN_ROLE, ("role",))
        return replace(old, access=replace(old.access, role=role))

    key = stakeholder_key(sought(STAKEHOLDER, email))
    try:
        return await command.update(store, STAKEHOLDER, key, alter, stamp, expected_version=expected_version)
    except NotFound as error:
        raise NotFound(error.facet, error.identity, ("email",)) from error
