"""Roles that an operator grants, whatever the person was before; a member of a group is one of its organization, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrates.db_model.access import answer, invite
from integrates.db_model.access.answer import Link
from integrates.db_model.access.commands import add_to_organization, organization_member
from integrates.db_model.access.departure import leave_organization
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, group_access_key, organization_access_key
from integrates.db_model.access.grant import grant_in_group
from integrates.db_model.access.rules import role_of
from integrates.db_model.access.types import GroupAccess, GroupGrant, GroupRole, OrganizationRole
from integrates.db_model.entity import read
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.testing.scene import address_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.db_model.tests.entity.conftest import House, Intrude

    from integrates.db_model.store.port import Change, Store

URI = address_of("uri")
HACKER = GroupGrant(role=GroupRole.HACKER)


async def granted(house: House, store: Store | None = None) -> GroupAccess:
    return await grant_in_group(store or house.store, URI, house.group, HACKER, house.stamp())


async def roles(house: House) -> tuple[GroupRole | None, OrganizationRole | None]:
    below = await read.get(house.store, GROUP_ACCESS, group_access_key(URI, house.group.name))
    above = await read.get(house.store, ORGANIZATION_ACCESS, organization_access_key(URI, house.group.organization_id))
    return role_of(below) if below else None, role_of(above) if above else None


async def test_who_leaves_the_organization_meanwhile_is_its_member_again(house: House, intrude: Intrude) -> None:
    stamp = house.stamp()
    access = organization_member(URI, house.group.organization_id, OrganizationRole.USER, stamp)
    await add_to_organization(house.store, access, stamp)

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await leave_organization(house.store, URI, house.group.organization_id, house.stamp())

    await granted(house, intrude(house.store, before))
    assert await roles(house) == (GroupRole.HACKER, OrganizationRole.USER)


async def test_an_invitation_to_manage_the_organization_stays_open(house: House) -> None:
    organization = await read.get(house.store, ORGANIZATION, organization_key(house.group.organization_id))
    assert organization is not None
    given, every = {"email": URI, "role": "organization_manager"}, frozenset(OrganizationRole)
    await invite.invite_to_organization(house.store, organization, given, house.stamp(), grantable=every, jti_hash="ab" * 32)
    await granted(house)
    assert await roles(house) == (GroupRole.HACKER, OrganizationRole.USER)
    assert await answer.offer(house.store, Link(email=URI, target=organization.id, jti_hash="ab" * 32), house.stamp().at)


async def test_the_same_role_again_writes_nothing(house: House, intrude: Intrude) -> None:
    first = await granted(house)

    async def never(_: int, __: Sequence[Change]) -> None:
        raise AssertionError

    assert await granted(house, intrude(house.store, never)) == first
