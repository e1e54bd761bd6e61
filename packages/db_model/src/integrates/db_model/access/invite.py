"""Inviting people to organizations and groups."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from integrates.db_model.access.commands import group_guest, organization_guest
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS
from integrates.db_model.access.invitation import A, invited, new_invitation
from integrates.db_model.access.rules import GROUP_MEMBER, ORGANIZATION_MEMBER, check_grantable
from integrates.db_model.access.types import GroupAccess, GroupRole, Invitation, OrganizationAccess, OrganizationRole
from integrates.db_model.entity import read
from integrates.db_model.entity.facet import Facet, Given, entity_key
from integrates.db_model.entity.plan import needs, plan
from integrates.db_model.entity.transaction import gathered, repeated, write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Raced, Stale
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.types import Organization
from integrates.db_model.stakeholders.commands import guest_planned
from integrates.db_model.stakeholders.facet import stakeholder_key
from integrates.db_model.store.port import Store
from integrates.db_model.values.check import checked


async def invite_to_organization(
    store: Store,
    seen: Organization,
    given: Mapping[str, Any],
    stamp: Stamp,
    *,
    grantable: frozenset[OrganizationRole],
    jti_hash: str,
) -> OrganizationAccess:
    """Invite a person to an organization, by the ``email`` and ``role`` that are ``given``; return the access as stored.

    Somebody unknown becomes a person who has not logged in yet, and an invitation that was open is cancelled. ``jti_hash`` is
    the SHA-256 of the secret in the link. Raise ``Rejected`` (``role_not_grantable``) for a role that is not ``grantable``,
    ``Rejections`` for arguments at fault, and what :func:`integrates.db_model.access.invitation.invited` raises.
    """
    check_grantable(given.get("role"), grantable)
    details = checked(ORGANIZATION_MEMBER, given)
    invitation = new_invitation(details.role.value, jti_hash, stamp)
    new = organization_guest(details.email, seen.id, invitation, stamp)
    return await _invite(store, ORGANIZATION_ACCESS, new, invitation, stamp)


async def invite_to_group(
    store: Store, seen: Group, given: Mapping[str, Any], stamp: Stamp, *, grantable: frozenset[GroupRole], jti_hash: str
) -> GroupAccess:
    """Invite a person to a group as :func:`invite_to_organization` does, with a ``responsibility`` too if one is ``given``.

    Raise also ``Rejected`` (``too_many``) when the group is full.
    """
    check_grantable(given.get("role"), grantable)
    details = checked(GROUP_MEMBER, given)
    invitation = new_invitation(details.role.value, jti_hash, stamp, details.responsibility)
    new = group_guest(details.email, seen.name, invitation, stamp)
    return await _invite(store, GROUP_ACCESS, new, invitation, stamp)


async def _invite(store: Store, facet: Facet[A], new: A, invitation: Invitation, stamp: Stamp) -> A:
    return await repeated(partial(_invited, store, facet, new, invitation, stamp), on=(Raced, Stale))


async def _invited(store: Store, facet: Facet[A], new: A, invitation: Invitation, stamp: Stamp) -> A:
    """Store an invitation, in one transaction with a person who is not known yet."""
    person = await guest_planned(store, new.email, stamp)
    old = await read.get_any(store, facet, entity_key(facet, new))
    wanted = new if old is None else invited(old, invitation, stamp)
    known = Given(known={stakeholder_key(new.email): person.entity})
    made = plan(facet, old, wanted, stamp, await gathered(store, (needs(facet, old, wanted),), known))
    await write(store, (person, made))
    return made.entity
