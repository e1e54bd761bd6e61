"""Looking at an invitation through its link, accepting and declining it (domain section 10.2)."""

from datetime import datetime
from typing import Any

import msgspec

from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, group_access_key, organization_access_key
from integrates.db_model.access.grant import join_group
from integrates.db_model.access.invitation import A, accepted, declined, opens
from integrates.db_model.access.types import GroupAccess, OrganizationAccess
from integrates.db_model.entity import command, read
from integrates.db_model.entity.facet import Facet
from integrates.db_model.entity.plan import effective_at
from integrates.db_model.entity.transaction import repeated
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import NotFound, Raced, Stale
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.organizations.types import Organization
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.store.port import Store


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What the link of an invitation says: whom it invites, the id of the organization or name of the group, and its secret.

    ``jti_hash`` is the SHA-256 of the secret.
    """

    email: str
    target: str
    jti_hash: str


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """An open invitation: the access that it is part of, the organization and, unless it is to that alone, the group."""

    access: OrganizationAccess | GroupAccess
    organization: Organization
    group: Group | None = None


async def offer(store: Store, link: Link, now: datetime) -> Offer | None:
    """Return the invitation to which a link leads.

    Return ``None`` when it was accepted, declined, cancelled or has expired, or when the person, the organization or the group
    was removed. Nobody but the invited person may be shown the difference, or the invitation.
    """
    found = await store.get(
        (
            stakeholder_key(link.email),
            organization_access_key(link.email, link.target),
            group_access_key(link.email, link.target),
            organization_key(link.target),
            group_key(link.target),
        )
    )
    kinds: tuple[Facet[Any], ...] = (STAKEHOLDER, ORGANIZATION_ACCESS, GROUP_ACCESS, ORGANIZATION, GROUP)
    person, *accesses, organization, group = (read.live(facet, item) for facet, item in zip(kinds, found, strict=True))
    access = next((one for one in accesses if one and opens(one, link.jti_hash, now)), None)
    if person is None or access is None:
        return None
    if isinstance(access, OrganizationAccess):
        return Offer(access=access, organization=organization) if organization else None
    above = await read.get(store, ORGANIZATION, organization_key(group.organization_id)) if group else None
    return Offer(access=access, organization=above, group=group) if above else None


async def accept(store: Store, link: Link, stamp: Stamp) -> OrganizationAccess | GroupAccess:
    """Accept the invitation to which a link leads; return the access as stored.

    One to a group also makes the person a member of its organization, with the role ``user``, who was none. Raise ``NotFound``
    whenever :func:`offer` returns ``None``.
    """

    async def attempt() -> OrganizationAccess | GroupAccess:
        found = await _open(store, link, stamp)
        if isinstance(found.access, OrganizationAccess):
            return await _joined(store, ORGANIZATION_ACCESS, found.access, stamp)
        old = found.access
        new = accepted(old, effective_at(stamp, old), stamp.by)
        return await join_group(store, old, new, found.organization.id, stamp)

    return await repeated(attempt, on=(Raced, Stale))


async def decline(store: Store, link: Link, stamp: Stamp) -> OrganizationAccess | GroupAccess:
    """Decline the invitation to which a link leads; return the access as stored. Raise ``NotFound`` as :func:`accept` does."""

    async def attempt() -> OrganizationAccess | GroupAccess:
        found = (await _open(store, link, stamp)).access
        if isinstance(found, OrganizationAccess):
            return await _refused(store, ORGANIZATION_ACCESS, found, stamp)
        return await _refused(store, GROUP_ACCESS, found, stamp)

    return await repeated(attempt, on=(Raced, Stale))


async def _open(store: Store, link: Link, stamp: Stamp) -> Offer:
    found = await offer(store, link, stamp.at)
    if found is None:
        raise NotFound("invitation", link.email)
    return found


async def _joined(store: Store, facet: Facet[A], old: A, stamp: Stamp) -> A:
    return await command.committed(store, facet, old, accepted(old, effective_at(stamp, old), stamp.by), stamp)


async def _refused(store: Store, facet: Facet[A], old: A, stamp: Stamp) -> A:
    return await command.committed(store, facet, old, declined(old, effective_at(stamp, old), stamp.by), stamp)
