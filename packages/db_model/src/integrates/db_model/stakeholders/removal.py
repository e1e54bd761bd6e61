"""Removing a person with their session, tokens and accesses: in chunks, the person last (domain section 10.2, rule M3).

There is no record of how far that came: repeating a call that was cut off finishes it. While a person is being removed, others
may still give them something, which is taken away again right after. Whatever a cut left of that is of no use to a removed
person, and is taken away before they return.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Final

from msgspec.structs import replace

from integrates.db_model.access.departure import (
    TOGETHER,
    accesses_of,
    check_replaceable,
    withdraw_each,
    withdrawal,
)
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS
from integrates.db_model.access.member import sought
from integrates.db_model.access.rules import is_manager
from integrates.db_model.access.types import OrganizationAccess
from integrates.db_model.entity import claim, command, read
from integrates.db_model.entity.transaction import repeated, write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Conflict, NotFound, Raced, Rejected, Stale
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.sessions.commands import close_everywhere
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import Stakeholder, StakeholderState, StakeholderStatus
from integrates.db_model.store.port import Change, Check, Store, Version
from integrates.db_model.tokens.commands import revoke, tokens_of
from integrates.db_model.tokens.facet import slot_claims

_EMAIL: Final = ("email",)


async def remove(store: Store, email: str, stamp: Stamp, *, expected_version: int | None = None) -> Stakeholder:
    """Remove a person, by their e-mail, with their session, tokens and accesses; return them as stored.

    All revisions have the change id of the stamp. The version is compared before the first chunk. Vulnerabilities stay assigned
    to the person. Raise ``NotFound`` when nobody is known by the e-mail, ``Stale`` when they have another version, ``Rejected``
    (``last_manager``) when an organization would be left without a manager: nothing was removed then.
    """
    identity = sought(STAKEHOLDER, email)
    key = stakeholder_key(identity)
    known = await read.get(store, STAKEHOLDER, key)
    if known is None:
        raise NotFound(STAKEHOLDER.name, identity, _EMAIL)
    command.check_version(STAKEHOLDER, known, expected_version)
    await repeated(partial(_resign, store, identity, stamp), on=(Raced, Stale))
    for refused in await _strip(store, identity, stamp):
        raise refused
    gone = await command.update(store, STAKEHOLDER, key, partial(_gone, by=stamp.by), stamp)
    with suppress(Stale):  # who has brought them back meanwhile has cleared what was left
        await clear(store, gone, stamp)
    return gone


def _gone(old: Stakeholder, at: datetime, by: str) -> Stakeholder:
    return replace(old, state=StakeholderState(status=StakeholderStatus.DELETED, at=at, by=by))


async def _of_live_organizations(store: Store, email: str) -> tuple[OrganizationAccess, ...]:
    """Return the accesses of a person to organizations that exist: what hangs on removed ones is not touched (E8)."""
    accesses = await accesses_of(store, ORGANIZATION_ACCESS, email)
    found = await read.get_many(store, ORGANIZATION, [organization_key(access.organization_id) for access in accesses])
    return tuple(access for access, organization in zip(accesses, found, strict=True) if organization)


async def _resign(store: Store, email: str, stamp: Stamp) -> None:
    """Take the person's roles as manager away first, because only of these one may have to stay."""
    managed = [access for access in await _of_live_organizations(store, email) if is_manager(access)]
    await check_replaceable(store, managed)
    for first in range(0, len(managed), TOGETHER):
        part = managed[first : first + TOGETHER]
        await write(store, [withdrawal(ORGANIZATION_ACCESS, access, stamp) for access in part])


class _BackError(Exception):
    """The person came back. It is no error of the model or the store, so that nothing tries again to take things away."""


async def clear(store: Store, gone: Stakeholder, stamp: Stamp) -> None:
    """Take away what a removed person still has, as before they return.

    Raise ``Stale`` when somebody else brings them back meanwhile: what they are given then stays.
    """
    still = Check(stakeholder_key(gone.email), Version(gone.version))

    async def write_while_gone(changes: Sequence[Change]) -> None:
        try:
            await store.write((*changes, still))
        except Conflict as conflict:
            if all(failure.position != len(changes) for failure in conflict.failed):
                raise
            raise _BackError from conflict

    try:
        await _strip(replace(store, write=write_while_gone, max_changes=store.max_changes - 1), gone.email, stamp)
    except _BackError as error:
        raise Stale(STAKEHOLDER.name, gone.email, None) from error


async def _strip(store: Store, email: str, stamp: Stamp) -> tuple[Rejected, ...]:
    """Take away what a person has: the session, tokens and accesses.

    Return the refusal (``last_manager``) for each access that has to stay.
    """
    await close_everywhere(store, email)
    for token_id in await _tokens(store, email):
        try:
            await revoke(store, token_id, stamp)
        except NotFound:  # somebody else has just revoked it
            continue
    await withdraw_each(store, GROUP_ACCESS, await accesses_of(store, GROUP_ACCESS, email), stamp)
    return await withdraw_each(store, ORGANIZATION_ACCESS, await _of_live_organizations(store, email), stamp)


async def _tokens(store: Store, owner: str) -> tuple[str, ...]:
    """Return the ids of a person's live tokens: those that are listed, and those whose claims the list may not show yet."""
    held = [holder for item in await store.get(slot_claims(owner)) if (holder := claim.holder_of(item))]
    return tuple(dict.fromkeys((*held, *(token.id for token in await tokens_of(store, owner)))))
