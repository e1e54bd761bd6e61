"""Giving people roles, whatever they were before."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from integrates.db_model.access.commands import group_member, organization_member
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, group_access_key, organization_access_key
from integrates.db_model.access.rules import is_member
from integrates.db_model.access.types import (
    GroupAccess,
    GroupGrant,
    OrganizationAccess,
    OrganizationRole,
)
from integrates.db_model.entity import read
from integrates.db_model.entity.facet import Facet, entity_key
from integrates.db_model.entity.plan import Plan, effective_at, needs, plan
from integrates.db_model.entity.transaction import gathered, repeated, write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Raced, Stale
from integrates.db_model.groups.types import Group
from integrates.db_model.store.port import Store

A = TypeVar("A", OrganizationAccess, GroupAccess)
_RETRIED: Final = (Raced, Stale)


def _member(old: A | None, fresh: A, stamp: Stamp) -> A:
    """Return the access of a member as ``fresh`` has it, in place of the one that was stored before, if there was any."""
    if old is None:
        return fresh
    state = old.state if is_member(old) else replace(fresh.state, at=effective_at(stamp, old))
    return replace(old, access=fresh.access, invitation=None, state=state)


async def _stored(store: Store, wanted: Sequence[tuple[Facet[Any], Any, Any]], stamp: Stamp) -> tuple[Any, ...]:
    """Store entities, each given with its facet and as it was, in one transaction; return them as stored."""
    given = await gathered(store, [needs(*each) for each in wanted])
    plans: list[Plan[Any]] = [plan(*each, stamp, given) for each in wanted]
    await write(store, plans)
    return tuple(made.entity for made in plans)


async def grant_in_organization(
    store: Store, email: str, organization_id: str, role: OrganizationRole, stamp: Stamp
) -> OrganizationAccess:
    """Give a known person a role in an organization, in place of an invitation or another role; return the access as stored.

    Raise ``NotFound`` for an unknown person or organization, ``Rejected`` (``last_manager``) when no manager would be left.
    """
    fresh = organization_member(email, organization_id, role, stamp)

    async def attempt() -> OrganizationAccess:
        old = await read.get_any(store, ORGANIZATION_ACCESS, entity_key(ORGANIZATION_ACCESS, fresh))
        made: OrganizationAccess
        (made,) = await _stored(store, ((ORGANIZATION_ACCESS, old, _member(old, fresh, stamp)),), stamp)
        return made

    return await repeated(attempt, on=_RETRIED)


async def grant_in_group(store: Store, email: str, group: Group, grant: GroupGrant, stamp: Stamp) -> GroupAccess:
    """Give a known person a role in a group as :func:`grant_in_organization` does; return the access as stored.

    Who is no member of the organization becomes one in the same transaction, in the role ``user``. Raise also ``Rejected``
    (``too_many``) when the group is full, ``Rejections`` (``service_role``) for the role of a CI identity.
    """
    fresh = group_member(email, group.name, grant, stamp)
    above = organization_member(email, group.organization_id, OrganizationRole.USER, stamp)
    own, upper = group_access_key(email, group.name), organization_access_key(email, group.organization_id)

    async def attempt() -> GroupAccess:
        old = await read.get_any(store, GROUP_ACCESS, own)
        known = await read.get_any(store, ORGANIZATION_ACCESS, upper)
        joined = known if known is not None and is_member(known) else _member(known, above, stamp)
        wanted = ((GROUP_ACCESS, old, _member(old, fresh, stamp)), (ORGANIZATION_ACCESS, known, joined))
        made: GroupAccess
        made, _ = await _stored(store, wanted, stamp)
        return made

    return await repeated(attempt, on=_RETRIED)
