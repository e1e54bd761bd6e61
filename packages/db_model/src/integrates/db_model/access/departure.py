"""Leaving an organization, and with it all of its groups: in chunks, the access to the organization last (rule M3).

There is no record of how far that came. What is removed is off the list that is walked, so what was cut off goes on where it
was when the call is repeated, by whomever.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, memberships_of, organization_access_key
from integrates.db_model.access.invitation import A, withdrawn
from integrates.db_model.access.member import known_member, sought
from integrates.db_model.access.rules import is_live, is_manager, is_member
from integrates.db_model.access.types import GroupAccess, OrganizationAccess, OrganizationRole
from integrates.db_model.entity import command, read
from integrates.db_model.entity.facet import Facet, as_read, entity_key
from integrates.db_model.entity.plan import Plan, altered, plan
from integrates.db_model.entity.transaction import repeated, write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import NotFound, Raced, Reason, Rejected, Stale
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.organizations.facet import organization_counters_key
from integrates.db_model.organizations.types import Organization
from integrates.db_model.store.port import Store

TOGETHER: Final = 20
"""How many accesses are removed in one transaction with that to the organization: they need about 60 of its 100 changes."""


async def accesses_of(store: Store, facet: Facet[A], email: str) -> tuple[A, ...]:
    """Return the accesses of a person, also those of who is only invited; every one that is stored, without delay."""
    return await read.everything(store, facet, memberships_of(facet, email))


async def check_replaceable(store: Store, accesses: Iterable[OrganizationAccess]) -> None:
    """Raise ``Rejected`` (``last_manager``) when one of the accesses is that of the last manager of its organization."""
    managed = [organization_counters_key(access.organization_id) for access in accesses if is_manager(access)]
    counters = await store.get(managed)
    if any(item is not None and item.attributes.get("managers") == 1 for item in counters):
        raise Rejected(Reason.LAST_MANAGER)


def withdrawal(facet: Facet[A], access: A, stamp: Stamp) -> Plan[A]:
    """Return the plan that takes an access away. It needs nothing that would have to be read."""
    return altered(facet, access, partial(withdrawn, by=stamp.by), stamp)


async def withdraw_each(store: Store, facet: Facet[A], accesses: Sequence[A], stamp: Stamp) -> tuple[Rejected, ...]:
    """Take accesses away, in chunks; return the refusals of those that have to stay. What others took away is no error."""
    keys = [entity_key(facet, one) for one in accesses]
    written = await command.update_each(store, facet, keys, partial(withdrawn, by=stamp.by), stamp)
    for error in written.refused.values():
        if not isinstance(error, NotFound | Rejected):
            raise error
    return tuple(error for error in written.refused.values() if isinstance(error, Rejected))


async def remove_from_organization(
    store: Store,
    seen: Organization,
    email: str,
    stamp: Stamp,
    *,
    grantable: frozenset[OrganizationRole],
    expected_version: int | None = None,
) -> OrganizationAccess:
    """Take the access of a member to an organization and to all its groups away, or an invitation; return it as stored.

    Raise what :func:`integrates.db_model.access.member.known_member` and :func:`leave_organization` raise.
    """
    identity = sought(ORGANIZATION_ACCESS, email)
    with suppress(NotFound):  # which is raised below, after what a cut left was taken away
        await known_member(store, ORGANIZATION_ACCESS, organization_access_key(identity, seen.id), identity, grantable)
    return await leave_organization(store, identity, seen.id, stamp, expected_version=expected_version)


async def leave_organization(
    store: Store, email: str, organization_id: str, stamp: Stamp, *, expected_version: int | None = None
) -> OrganizationAccess:
    """Take the access of a person to an organization and to all its groups away, whatever the role; return it as stored.

    All revisions have the change id of the stamp. Accesses to many groups are removed in chunks before. Repeating the call,
    also after the store failed, finishes what was begun. Raise ``NotFound`` without access, ``Rejected`` (``last_manager``)
    when no manager would be left, and what :func:`integrates.db_model.entity.command.update` raises.
    """
    key, leave = organization_access_key(email, organization_id), partial(withdrawn, by=stamp.by)
    try:
        gone = await command.update(
            store, ORGANIZATION_ACCESS, key, leave, stamp, expected_version=expected_version, storing=_left
        )
    except NotFound as error:
        await _sweep(store, organization_id, email, stamp)  # a call was cut off when the access had just been removed
        raise NotFound(error.facet, error.identity, ("email",)) from error
    await _sweep(store, organization_id, email, stamp)
    return gone


async def _left(
    store: Store,
    facet: Facet[OrganizationAccess],
    old: OrganizationAccess | None,
    new: OrganizationAccess,
    stamp: Stamp,
) -> OrganizationAccess:
    """Store the end of an access to an organization, after that of most of those to its groups, and with that of the rest."""
    below = await _below(store, new.email, new.organization_id)
    if len(below) > TOGETHER:
        await check_replaceable(store, (old,) if old else ())
        await withdraw_each(store, GROUP_ACCESS, below[TOGETHER:], stamp)
    last = plan(facet, old, new, stamp)
    plans: tuple[Plan[Any], ...] = (*(withdrawal(GROUP_ACCESS, one, stamp) for one in below[:TOGETHER]), last)
    try:
        await write(store, plans)
    except Stale as error:
        if error.facet == GROUP_ACCESS.name:  # which is read and removed again, whatever version the caller expects
            raise Raced(new.email) from error
        raise
    return last.entity


async def _below(store: Store, email: str, organization_id: str) -> tuple[GroupAccess, ...]:
    accesses = await accesses_of(store, GROUP_ACCESS, email)
    groups = await read.get_many(store, GROUP, [group_key(access.group_name) for access in accesses])
    pairs = zip(accesses, groups, strict=True)
    return tuple(access for access, group in pairs if group and group.organization_id == organization_id)


async def _sweep(store: Store, organization_id: str, email: str, stamp: Stamp) -> None:
    """Take memberships of groups away that were given while that of the organization was, unless that was given again since.

    An invitation stays: who accepts one becomes a member of the organization again.
    """

    async def attempt() -> None:
        key = organization_access_key(email, organization_id)
        above = await read.get_any(store, ORGANIZATION_ACCESS, key)
        if above is None or is_live(above):
            return
        gone = as_read(key, above)
        for one in await _below(store, email, organization_id):
            if is_member(one):
                await write(store, (withdrawal(GROUP_ACCESS, one, stamp),), (gone,))

    await repeated(attempt, on=(Raced, Stale))
