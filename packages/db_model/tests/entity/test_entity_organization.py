"""An organization has a manager from its beginning, and is removed without groups only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from integrates.db_model.access.commands import organization_member
from integrates.db_model.access.facet import ORGANIZATION_ACCESS, organization_access_key
from integrates.db_model.access.types import (
    AccessStatus,
    OrganizationAccess,
    OrganizationGrant,
    OrganizationRole,
)
from integrates.db_model.entity import command, read
from integrates.db_model.errors import NotFound, Rejected
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.commands import add, describe, new_organization
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.organizations.types import Organization, OrganizationInfo, OrganizationStatus
from integrates.db_model.store.port import Store
from integrates.db_model.testing.scene import HANA, Stamping, add_organization, add_person, address_of, ticking, uid

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House

URI = address_of("uri")


async def test_an_organization_begins_with_a_manager(store: Store) -> None:
    stamp = ticking()
    await add_person(store, HANA, stamp)
    made = stamp()
    new = new_organization(uid("aurora"), OrganizationInfo(name="aurora"), made)
    with pytest.raises(Rejected, match="last_manager"):
        await command.add(store, ORGANIZATION, new, made)
    assert await read.get_any(store, ORGANIZATION, organization_key(uid("aurora"))) is None
    with pytest.raises(NotFound) as caught:
        await add_organization_of(store, address_of("none"), stamp)
    assert (caught.value.facet, caught.value.path) == ("stakeholder", ("email",))
    assert (await add_organization(store, "aurora", stamp)).version == 1


async def add_organization_of(store: Store, manager: str, stamp: Stamping) -> Organization:
    made = stamp()
    return await add(store, new_organization(uid("aurora"), OrganizationInfo(name="aurora"), made), manager, made)


def demoted(old: OrganizationAccess, _: datetime) -> OrganizationAccess:
    return replace(old, access=OrganizationGrant(role=OrganizationRole.USER))


def dismissed(old: OrganizationAccess, at: datetime) -> OrganizationAccess:
    return replace(old, access=OrganizationGrant(), state=replace(old.state, status=AccessStatus.REMOVED, at=at))


@pytest.mark.parametrize("alter", [demoted, dismissed])
async def test_an_organization_keeps_its_last_manager(
    store: Store, house: House, alter: Callable[[OrganizationAccess, datetime], OrganizationAccess]
) -> None:
    first, second = (organization_access_key(person, uid("aurora")) for person in (HANA, URI))
    with pytest.raises(Rejected, match="last_manager"):
        await command.update(store, ORGANIZATION_ACCESS, first, alter, house.stamp())
    made = house.stamp()
    manager = organization_member(URI, uid("aurora"), OrganizationRole.ORGANIZATION_MANAGER, made)
    await command.add(store, ORGANIZATION_ACCESS, manager, made)
    await command.update(store, ORGANIZATION_ACCESS, first, alter, house.stamp())
    with pytest.raises(Rejected, match="last_manager"):
        await command.update(store, ORGANIZATION_ACCESS, second, alter, house.stamp())


async def test_an_organization_is_removed_without_groups_only(store: Store, house: House) -> None:
    key = organization_key(uid("aurora"))

    def alter(old: Organization, at: datetime) -> Organization:
        return replace(old, state=replace(old.state, status=OrganizationStatus.DELETED, at=at))

    with pytest.raises(Rejected, match="has_groups"):
        await command.update(store, ORGANIZATION, key, alter, house.stamp())
    await house.remove_group()
    await command.update(store, ORGANIZATION, key, alter, house.stamp())
    with pytest.raises(NotFound):
        await add_group_of(house, "another")
    assert (await add_organization_named(house, "aurora")).id == uid("second"), "the name is free again"


async def add_group_of(house: House, name: str) -> Group:
    made = house.stamp()
    info = replace(house.group.info, name=name)
    return await command.add(house.store, GROUP, replace(house.group, info=info), made)


async def add_organization_named(house: House, name: str) -> Organization:
    made = house.stamp()
    return await add(house.store, new_organization(uid("second"), OrganizationInfo(name=name), made), HANA, made)


async def test_an_organization_that_was_seen_removed_is_not_found(store: Store, house: House) -> None:
    found = await read.get(store, ORGANIZATION, organization_key(uid("aurora")))
    assert found is not None
    gone = replace(found, state=replace(found.state, status=OrganizationStatus.DELETED))
    with pytest.raises(NotFound):
        await describe(store, gone, {"country": "DE"}, house.stamp())
    assert await read.get(store, ORGANIZATION, organization_key(uid("aurora"))) == found
