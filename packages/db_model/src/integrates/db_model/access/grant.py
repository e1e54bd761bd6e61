"""Making people members, whatever they were before."""

from typing import Final

from integrates.db_model.access.commands import group_member, organization_member
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, group_access_key, organization_access_key
from integrates.db_model.access.invitation import enrolled, raised
from integrates.db_model.access.rules import is_member
from integrates.db_model.access.types import GroupAccess, GroupGrant, OrganizationAccess, OrganizationRole
from integrates.db_model.entity import command, read
from integrates.db_model.entity.facet import as_read
from integrates.db_model.entity.transaction import repeated, write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Raced, Stale
from integrates.db_model.groups.types import Group
from integrates.db_model.store.port import Store

_RETRIED: Final = (Raced, Stale)


async def grant_in_organization(
    store: Store, email: str, organization_id: str, role: OrganizationRole, stamp: Stamp
) -> OrganizationAccess:
    """Give a known person a role in an organization, in place of an invitation or another role; return the access as stored.

    Raise ``NotFound`` for an unknown person or organization, ``Rejected`` (``last_manager``) when no manager would be left.
    """
    fresh = organization_member(email, organization_id, role, stamp)

    async def attempt() -> OrganizationAccess:
        old = await read.get_any(store, ORGANIZATION_ACCESS, organization_access_key(email, organization_id))
        return await command.committed(store, ORGANIZATION_ACCESS, old, enrolled(old, fresh, stamp), stamp)

    return await repeated(attempt, on=_RETRIED)


async def grant_in_group(store: Store, email: str, group: Group, grant: GroupGrant, stamp: Stamp) -> GroupAccess:
    """Give a known person a role in a group as :func:`grant_in_organization` does; return the access as stored.

    Who is no member of the organization becomes one, see :func:`join_group`. Raise also ``Rejected`` (``too_many``) when the
    group is full, ``Rejections`` (``service_role``) for the role of a CI identity.
    """
    fresh = group_member(email, group.name, grant, stamp)

    async def attempt() -> GroupAccess:
        old = await read.get_any(store, GROUP_ACCESS, group_access_key(email, group.name))
        return await join_group(store, old, enrolled(old, fresh, stamp), group.organization_id, stamp)

    return await repeated(attempt, on=_RETRIED)


async def join_group(
    store: Store, old: GroupAccess | None, new: GroupAccess, organization_id: str, stamp: Stamp
) -> GroupAccess:
    """Store a member of a group, in one transaction with the membership of the organization; return the access as stored.

    Who is no member of the organization becomes one, in the role ``user``; an invitation to manage it can still be accepted.
    Raise ``Raced`` when the membership that there is ends meanwhile.
    """
    key = organization_access_key(new.email, organization_id)
    above = await read.get_any(store, ORGANIZATION_ACCESS, key)
    fresh = organization_member(new.email, organization_id, OrganizationRole.USER, stamp)
    wanted = above if above is not None and is_member(above) else raised(above, fresh, stamp)
    made = await command.planned(store, GROUP_ACCESS, old, new, stamp)
    member = await command.planned(store, ORGANIZATION_ACCESS, above, wanted, stamp)
    lasting = as_read(key, member.entity)
    await write(store, (made, member), (lasting,) if made.own and not member.own else ())
    return made.entity
