"""Changing what members may do, and taking the access to a group away.

``grantable`` are the roles that the caller may grant, change and take away; of the caller's own, everybody may get rid.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from msgspec.structs import replace

from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, group_access_key, organization_access_key
from integrates.db_model.access.invitation import A, withdrawn
from integrates.db_model.access.rules import GROUP_MEMBER, ORGANIZATION_MEMBER, check_grantable, is_member
from integrates.db_model.access.types import (
    GroupAccess,
    GroupGrant,
    GroupRole,
    OrganizationAccess,
    OrganizationGrant,
    OrganizationRole,
)
from integrates.db_model.entity import command, read
from integrates.db_model.entity.facet import Facet, entity_key
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import NotFound, Reason, Rejected
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.types import Organization
from integrates.db_model.store.port import Key, Store
from integrates.db_model.values.check import checked
from integrates.db_model.values.text import actor

_EMAIL: Final = ("email",)


def sought(facet: Facet[Any], text: str) -> str:
    """Return the e-mail, or other identity, of a member as it is stored. Raise ``NotFound`` for what can be nobody's."""
    try:
        return actor(text, _EMAIL)
    except Rejected:
        raise NotFound(facet.name, text, _EMAIL) from None


def offered_role(access: OrganizationAccess | GroupAccess) -> str | None:
    """Return the role that a member has, or that somebody would have who is only invited."""
    if is_member(access) or access.invitation is None:
        return access.access.role
    return access.invitation.role


async def known_member(store: Store, facet: Facet[A], key: Key, email: str, grantable: frozenset[Any]) -> A:
    """Return the access of a member, or of who is only invited.

    Raise ``NotFound`` when there is none, ``Rejected`` (``role_not_grantable``) for one in a role that is not ``grantable``.
    """
    found = await read.get(store, facet, key)
    if found is None:
        raise NotFound(facet.name, email, _EMAIL)
    check_grantable(offered_role(found), grantable, _EMAIL)
    return found


def _check_own(access: OrganizationAccess | GroupAccess, role: str, stamp: Stamp) -> None:
    if access.email == stamp.by and role != offered_role(access):
        raise Rejected(Reason.OWN_ROLE, ("role",))


def _in_organization(old: OrganizationAccess, _at: datetime, given: Mapping[str, Any], stamp: Stamp) -> OrganizationAccess:
    role = checked(ORGANIZATION_MEMBER, {**given, "email": old.email}).role
    _check_own(old, role, stamp)
    if role == offered_role(old):
        return old
    if old.invitation and not is_member(old):
        return replace(old, invitation=replace(old.invitation, role=role.value))
    return replace(old, access=OrganizationGrant(role=role), invitation=None)


async def _updated(
    store: Store, facet: Facet[A], found: A, alter: command.Alter[A], stamp: Stamp, expected_version: int | None
) -> A:
    key = entity_key(facet, found)
    try:
        return await command.update(store, facet, key, alter, stamp, expected_version=expected_version, seen=found)
    except NotFound as error:  # removed since it was found
        raise NotFound(error.facet, error.identity, error.path or _EMAIL) from error


async def change_organization_member(
    store: Store,
    seen: Organization,
    given: Mapping[str, Any],
    stamp: Stamp,
    *,
    grantable: frozenset[OrganizationRole],
    expected_version: int | None = None,
) -> OrganizationAccess:
    """Give the member of an organization whose ``email`` is ``given`` another ``role``; return the access as stored.

    Of who is only invited, the invitation is changed; another role of a member cancels an invitation that offered more. Raise
    what :func:`known_member` raises, ``Rejected`` (``own_role``) for whoever makes the change, ``Rejected`` (``last_manager``)
    when no manager would be left, ``Rejections`` for arguments at fault, and what
    :func:`integrates.db_model.entity.command.update` raises.
    """
    email = sought(ORGANIZATION_ACCESS, given["email"])
    found = await known_member(store, ORGANIZATION_ACCESS, organization_access_key(email, seen.id), email, grantable)
    check_grantable(given.get("role"), grantable)
    alter = partial(_in_organization, given=given, stamp=stamp)
    return await _updated(store, ORGANIZATION_ACCESS, found, alter, stamp, expected_version)


def _in_group(old: GroupAccess, _at: datetime, given: Mapping[str, Any], stamp: Stamp) -> GroupAccess:
    offered = None if is_member(old) else old.invitation
    known = {"role": offered_role(old), "responsibility": (offered or old.access).responsibility}
    details = checked(GROUP_MEMBER, {**known, **given, "email": old.email})
    _check_own(old, details.role, stamp)
    if offered:
        changed = replace(offered, role=details.role.value, responsibility=details.responsibility)
        return replace(old, invitation=changed)
    kept = old.invitation if details.role == old.access.role else None
    return replace(old, access=GroupGrant(role=details.role, responsibility=details.responsibility), invitation=kept)


async def change_group_member(
    store: Store,
    seen: Group,
    given: Mapping[str, Any],
    stamp: Stamp,
    *,
    grantable: frozenset[GroupRole],
    expected_version: int | None = None,
) -> GroupAccess:
    """Give the member of a group whose ``email`` is ``given`` another ``role`` or ``responsibility``; what is left out stays.

    Return the access as stored. Raise as :func:`change_organization_member` does.
    """
    email = sought(GROUP_ACCESS, given["email"])
    found = await known_member(store, GROUP_ACCESS, group_access_key(email, seen.name), email, grantable)
    check_grantable(given.get("role"), grantable)
    alter = partial(_in_group, given=given, stamp=stamp)
    return await _updated(store, GROUP_ACCESS, found, alter, stamp, expected_version)


async def remove_from_group(
    store: Store,
    seen: Group,
    email: str,
    stamp: Stamp,
    *,
    grantable: frozenset[GroupRole],
    expected_version: int | None = None,
) -> GroupAccess:
    """Take the access of a member to a group away, or the invitation of somebody; return it as stored.

    Raise what :func:`known_member` and :func:`integrates.db_model.entity.command.update` raise.
    """
    identity = sought(GROUP_ACCESS, email)
    found = await known_member(store, GROUP_ACCESS, group_access_key(identity, seen.name), identity, grantable)
    return await _updated(store, GROUP_ACCESS, found, partial(withdrawn, by=stamp.by), stamp, expected_version)


async def leave_group(store: Store, email: str, group_name: str, stamp: Stamp) -> GroupAccess:
    """Take the access of a person to a group away, an invitation too, whatever the role; return it as stored.

    Raise ``NotFound`` when there is none.
    """
    return await command.update(
        store, GROUP_ACCESS, group_access_key(email, group_name), partial(withdrawn, by=stamp.by), stamp
    )
