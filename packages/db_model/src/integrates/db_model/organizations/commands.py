"""Changing organizations."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from msgspec.structs import asdict, replace

from integrates.db_model.access.commands import organization_member
from integrates.db_model.access.facet import ORGANIZATION_ACCESS
from integrates.db_model.access.types import OrganizationRole
from integrates.db_model.entity import command
from integrates.db_model.entity.plan import needs, plan
from integrates.db_model.entity.transaction import gathered, repeated, write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.organizations.rules import ARGUMENTS
from integrates.db_model.organizations.types import Organization, OrganizationInfo, OrganizationState, OrganizationStatus
from integrates.db_model.policies.rules import reworked
from integrates.db_model.store.port import Store
from integrates.db_model.values.check import checked


def new_organization(identity: str, info: OrganizationInfo, stamp: Stamp) -> Organization:
    """Return a new organization. It is not stored yet."""
    state = OrganizationState(status=OrganizationStatus.ACTIVE, at=stamp.at, by=stamp.by)
    return Organization(id=identity, info=info, state=state, created_at=stamp.at, created_by=stamp.by)


async def add(store: Store, new: Organization, manager: str, stamp: Stamp) -> Organization:
    """Store a new organization together with its first manager, a known person; return it as stored.

    Raise ``AlreadyExists`` when its name is taken, ``NotFound`` when nobody is known by that e-mail.
    """
    access = organization_member(manager, new.id, OrganizationRole.ORGANIZATION_MANAGER, stamp)

    async def attempt() -> Organization:
        wanted = (needs(ORGANIZATION, None, new), needs(ORGANIZATION_ACCESS, None, access))
        given = await gathered(store, wanted)
        made = plan(ORGANIZATION, None, new, stamp, given)
        founded = replace(given, known={**given.known, organization_key(new.id): made.entity})
        member = plan(ORGANIZATION_ACCESS, None, access, stamp, founded)
        await write(store, (made, member))
        return made.entity

    return await repeated(attempt)


async def create(store: Store, given: Mapping[str, Any], stamp: Stamp, identity: str) -> Organization:
    """Store a new organization of the arguments ``given``, with whoever makes it as first manager; return it as stored.

    Raise ``Rejections`` for arguments at fault, and what :func:`add` raises.
    """
    return await add(store, new_organization(identity, checked(ARGUMENTS, given), stamp), stamp.by, stamp)


async def _updated(
    store: Store, seen: Organization, alter: command.Alter[Organization], stamp: Stamp, version: int | None
) -> Organization:
    """Change one organization, ``seen`` as just read; see :func:`integrates.db_model.entity.command.update`."""
    key = organization_key(seen.id)
    return await command.update(store, ORGANIZATION, key, alter, stamp, expected_version=version, seen=seen)


def _described(old: Organization, _at: datetime, given: Mapping[str, Any]) -> Organization:
    return replace(old, info=checked(ARGUMENTS, {**asdict(old.info), **given}))


async def describe(
    store: Store, seen: Organization, given: Mapping[str, Any], stamp: Stamp, *, expected_version: int | None = None
) -> Organization:
    """Change what an organization says of itself: what is not ``given`` stays, ``None`` takes it away; return it as stored.

    Raise ``Rejections`` for arguments at fault, and what :func:`integrates.db_model.entity.command.update` raises.
    """
    return await _updated(store, seen, partial(_described, given=given), stamp, expected_version)


def _regulated(old: Organization, _at: datetime, given: Mapping[str, Any]) -> Organization:
    return replace(old, policies=reworked(old.policies, given))


async def regulate(
    store: Store, seen: Organization, given: Mapping[str, Any], stamp: Stamp, *, expected_version: int | None = None
) -> Organization:
    """Set or clear ``policies`` of an organization, see :func:`integrates.db_model.policies.rules.reworked`.

    Return it as stored. They count for what is decided later, in its groups that set none of their own. Raise ``Rejections``
    for values at fault and for those that contradict each other (``range_inverted``, ``debt_before_grace``), and what
    :func:`integrates.db_model.entity.command.update` raises.
    """
    return await _updated(store, seen, partial(_regulated, given=given), stamp, expected_version)


async def remove(store: Store, seen: Organization, stamp: Stamp, *, expected_version: int | None = None) -> Organization:
    """Remove an organization that has no groups; return it as stored. Its name is free from then on.

    What else is below it, such as its members, stays as it is and behaves as if it were not there. Raise ``Rejected``
    (``has_groups``), and what :func:`integrates.db_model.entity.command.update` raises.
    """

    def alter(old: Organization, at: datetime) -> Organization:
        return replace(old, state=OrganizationState(status=OrganizationStatus.DELETED, at=at, by=stamp.by))

    return await _updated(store, seen, alter, stamp, expected_version)
