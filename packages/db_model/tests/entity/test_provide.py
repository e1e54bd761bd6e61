"""Roles that a provider gives at a login, beside those that people granted (domain section 10.2)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.db_model import access, stakeholders
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, group_access_key, organization_access_key
from integrates.db_model.access.provide import Given, Provided, provide
from integrates.db_model.access.rules import role_of
from integrates.db_model.access.types import (
    AccessState,
    AccessStatus,
    GroupAccess,
    GroupGrant,
    GroupRole,
    Invitation,
    OrganizationGrant,
    OrganizationRole,
)
from integrates.db_model.entity import command, read
from integrates.db_model.entity.listing import listing
from integrates.db_model.errors import NotFound, Reason, Rejected
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.registration import Named, register
from integrates.db_model.stakeholders.types import PlatformRole, StakeholderInfo, StakeholderStatus
from integrates.db_model.testing.scene import add_group, ticking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.db_model.tests.entity.conftest import Intrude

    from integrates.db_model.groups.types import Group
    from integrates.db_model.store.port import Change, Store
    from integrates.db_model.testing.scene import Stamping

EVA, CORP, OTHER = "eva@demo.example", "service:oidc:corp", "service:oidc:other"
MANAGER, MEMBER = OrganizationRole.ORGANIZATION_MANAGER, OrganizationRole.USER
GM, US, HK, RE, RV = (
    GroupRole.GROUP_MANAGER,
    GroupRole.USER,
    GroupRole.HACKER,
    GroupRole.REATTACKER,
    GroupRole.REVIEWER,
)


class World:
    """An organization with a group and its manager, and eva, who has logged in."""

    def __init__(self, store: Store, group: Group, stamp: Stamping) -> None:
        self.store, self.group, self.stamp = store, group, stamp

    async def login(self, provider: str = CORP, **given: Any) -> Provided:
        return await provide(self.store, EVA, Given(**given), self.stamp(provider, "login"))

    async def role(self, facet: Any = GROUP_ACCESS) -> Any:
        in_group = facet is GROUP_ACCESS
        key = group_access_key(EVA, self.group.name) if in_group else organization_access_key(EVA, self.group.organization_id)
        found = await read.get(self.store, facet, key)
        return role_of(found) if found else None

    async def roles(self) -> tuple[Any, Any]:
        return await self.role(ORGANIZATION_ACCESS), await self.role()

    async def by_hand(self, role: GroupRole | None, by: str = "gus@demo.example") -> None:
        key, stamp = group_access_key(EVA, self.group.name), self.stamp(by)
        old = await read.get_any(self.store, GROUP_ACCESS, key)
        status = AccessStatus.ACTIVE if role else AccessStatus.REMOVED
        state, grant = AccessState(status=status, at=stamp.at, by=stamp.by), GroupGrant(role=role)
        new = (
            access.group_member(EVA, self.group.name, grant, stamp) if old is None else replace(old, access=grant, state=state)
        )
        await command.committed(self.store, GROUP_ACCESS, old, new, stamp)


@pytest.fixture
async def world(store: Store) -> World:
    stamp = ticking()
    group = await add_group(store, "webshop", stamp, organization="aurora")
    eva = stakeholders.new_stakeholder(StakeholderInfo(email=EVA), PlatformRole.USER, stamp())
    await stakeholders.add(store, eva, stamp())
    return World(store, group, stamp)


async def test_roles_are_granted_changed_and_taken_away_in_the_name_of_the_provider(world: World) -> None:
    assert await world.login(groups={"webshop": HK}) == Provided(changed=2)
    assert await world.roles() == (MEMBER, HK)
    assert await world.login(groups={"webshop": HK}) == Provided()
    assert await world.login(groups={"webshop": RE}, organizations={"aurora": MANAGER}) == Provided(changed=2)
    assert await world.roles() == (MANAGER, RE)
    assert await world.login() == Provided(changed=2)
    assert await world.roles() == (None, None)
    assert await world.login(groups={"webshop": US}) == Provided(changed=2)
    assert await world.roles() == (MEMBER, US)
    history = await read.history(world.store, group_access_key(EVA, "webshop"))
    assert [(one.by, one.operation) for one in history] == [(CORP, "login")] * 4


async def test_what_a_person_granted_is_raised_and_never_lowered(world: World) -> None:
    await world.by_hand(RE)
    await world.login(groups={"webshop": US})
    assert await world.role() is RE
    await world.login(groups={"webshop": HK})
    assert await world.role() is HK
    await world.login(groups={"webshop": GM})
    assert await world.role() is GM
    await world.login()
    assert await world.role() is RE
    await world.login()
    assert await world.role() is RE


async def test_a_persons_later_decision_replaces_what_the_provider_gave(world: World) -> None:
    await world.login(groups={"webshop": HK})
    await world.by_hand(RV)
    for given in ({"webshop": HK}, {}):
        await world.login(groups=given)
        assert await world.role() is RV
    await world.by_hand(None)
    await world.login()
    assert await world.role() is None
    await world.login(groups={"webshop": HK})
    assert await world.role() is HK


async def test_a_responsibility_stays_when_the_role_is_raised(world: World) -> None:
    stamp = world.stamp()
    grant = GroupGrant(role=RE, responsibility="Tester")
    await access.add_to_group(world.store, access.group_member(EVA, "webshop", grant, stamp), stamp)
    await world.login(groups={"webshop": HK})
    found = await read.get(world.store, GROUP_ACCESS, group_access_key(EVA, "webshop"))
    assert found is not None
    assert (found.access, found.state.by) == (GroupGrant(role=HK, responsibility="Tester"), stamp.by)


async def test_a_responsibility_of_a_membership_that_ended_does_not_return(world: World) -> None:
    stamp = world.stamp()
    grant = GroupGrant(role=RE, responsibility="Tester")
    await access.add_to_group(world.store, access.group_member(EVA, "webshop", grant, stamp), stamp)
    await access.leave_group(world.store, EVA, "webshop", world.stamp())
    await world.login(groups={"webshop": HK})
    found = await read.get(world.store, GROUP_ACCESS, group_access_key(EVA, "webshop"))
    assert found is not None
    assert found.access == GroupGrant(role=HK)


async def test_one_provider_leaves_what_another_gave(world: World) -> None:
    await world.login(OTHER, groups={"webshop": RE})
    await world.login(CORP)
    assert await world.role() is RE
    await world.login(CORP, groups={"webshop": HK})
    await world.login(OTHER)
    assert await world.role() is HK
    await world.login(CORP)
    assert await world.role() is RE  # what the other wanted before; it has its say at the next login by it
    await world.login(OTHER)
    assert await world.role() is None


async def test_membership_of_the_organization_stays_while_there_is_a_role_in_one_of_its_groups(world: World) -> None:
    await world.login(groups={"webshop": HK}, organizations={"aurora": MANAGER})
    await world.by_hand(RE)
    await world.login()
    assert await world.roles() == (MEMBER, RE)


@pytest.mark.parametrize("given", [{}, {"aurora": MEMBER}])
async def test_the_last_manager_stays_and_the_rest_is_done(world: World, given: dict[str, OrganizationRole]) -> None:
    await world.login(organizations={"aurora": MANAGER}, groups={"webshop": HK})
    for one in await read.everything(world.store, ORGANIZATION_ACCESS, members_of(world)):
        if one.email != EVA:
            await command.committed(world.store, ORGANIZATION_ACCESS, one, lowered(one), world.stamp())
    made = await world.login(organizations=given)
    assert made.changed == 1
    assert isinstance(made.refused["aurora"], Rejected)
    assert made.refused["aurora"].reason is Reason.LAST_MANAGER
    assert await world.roles() == (MANAGER, None)


def members_of(world: World) -> Any:
    return listing("organization_access", "members_of_organization", {"organization_id": world.group.organization_id})


def lowered(one: Any) -> Any:
    return replace(one, access=OrganizationGrant(role=MEMBER))


async def test_what_does_not_exist_is_told_and_the_rest_is_done(world: World) -> None:
    made = await world.login(
        groups={"webshop": HK, "webshpo": GM}, organizations={"auroar": MANAGER}, platform=PlatformRole.ADMIN
    )
    assert made.changed == 3
    assert {name: type(error) for name, error in made.refused.items()} == {"auroar": NotFound, "webshpo": NotFound}
    assert await world.roles() == (MEMBER, HK)


async def test_who_was_removed_meanwhile_is_given_nothing(world: World) -> None:
    await world.login(groups={"webshop": HK})
    gone = await stakeholders.remove(world.store, EVA, world.stamp())
    made = await world.login(groups={"webshop": HK}, organizations={"aurora": MANAGER}, platform=PlatformRole.ADMIN)
    assert {name: type(error) for name, error in made.refused.items()} == dict.fromkeys(
        ("aurora", "platform", "webshop"), NotFound
    )
    assert await read.get_any(world.store, STAKEHOLDER, stakeholder_key(EVA)) == gone
    assert await world.roles() == (None, None)


@pytest.mark.parametrize(
    ("offered", "role", "is_left"), [("hacker", RE, True), ("reattacker", HK, False), ("hacker", HK, False)]
)
async def test_an_invitation_that_offers_more_can_still_be_accepted(
    world: World, offered: str, role: GroupRole, *, is_left: bool
) -> None:
    stamp = world.stamp()
    invitation = Invitation(role=offered, jti_hash="0" * 64, sent_at=stamp.at, expires_at=world.stamp().at)
    await access.add_to_group(world.store, access.group_guest(EVA, "webshop", invitation, stamp), stamp)
    await world.login()
    assert await world.role() is None
    assert await world.login(groups={"webshop": role}) == Provided(changed=2)
    found = await read.get(world.store, GROUP_ACCESS, group_access_key(EVA, "webshop"))
    assert isinstance(found, GroupAccess)
    assert (role_of(found), found.invitation is not None, found.state.by) == (role, is_left, CORP)


async def test_the_role_on_the_platform_comes_and_goes(world: World) -> None:
    async def role() -> PlatformRole:
        found = await read.get(world.store, STAKEHOLDER, stakeholder_key(EVA))
        assert found is not None
        return found.access.role

    assert await world.login() == Provided()
    assert await world.login(platform=PlatformRole.ADMIN) == Provided(changed=1)
    assert await role() is PlatformRole.ADMIN
    assert await world.login(platform=PlatformRole.USER) == Provided(changed=1)
    assert await role() is PlatformRole.USER
    await world.login(platform=PlatformRole.ADMIN)
    assert await world.login() == Provided(changed=1)
    assert await role() is PlatformRole.USER


async def test_an_admin_whom_people_appointed_stays_one(world: World) -> None:
    def appointed(old: Any, _at: Any) -> Any:
        return replace(old, access=replace(old.access, role=PlatformRole.ADMIN))

    await command.update(world.store, STAKEHOLDER, stakeholder_key(EVA), appointed, world.stamp())
    for given in (None, PlatformRole.USER):
        assert await world.login(platform=given) == Provided()


async def test_two_logins_at_once_end_as_one(world: World) -> None:
    await asyncio.gather(*(world.login(groups={"webshop": HK}) for _ in range(3)))
    assert await world.roles() == (MEMBER, HK)
    history = await read.history(world.store, group_access_key(EVA, "webshop"))
    assert len(history) == 1


async def test_a_person_is_registered_once_with_names_that_are_missing(world: World) -> None:
    named = Named(email=EVA, first_name="Eva", last_name="x" * 51)
    first = await register(world.store, named, world.stamp(CORP, "login"), is_open=False)
    assert first is not None
    assert (first.access.is_registered, first.info.first_name, first.info.last_name, first.version) == (True, "Eva", None, 2)
    again = await register(world.store, Named(email=EVA, first_name="Evita"), world.stamp(CORP), is_open=True)
    assert again == first


async def test_strangers_are_let_in_only_when_registration_is_open(world: World) -> None:
    stranger = Named(email="stranger@demo.example", first_name=" ")
    assert await register(world.store, stranger, world.stamp(CORP), is_open=False) is None
    assert await read.get_any(world.store, STAKEHOLDER, stakeholder_key(stranger.email)) is None
    made = await register(world.store, stranger, world.stamp(CORP), is_open=True)
    assert made is not None
    assert (made.access.role, made.access.is_registered, made.created_by) == (PlatformRole.USER, True, CORP)


async def test_who_was_removed_comes_back_with_nothing_and_only_when_registration_is_open(world: World) -> None:
    def removed(old: Any, at: Any) -> Any:
        grant = replace(old.access, role=PlatformRole.ADMIN)
        return replace(old, access=grant, state=replace(old.state, status=StakeholderStatus.DELETED, at=at))

    await command.update(world.store, STAKEHOLDER, stakeholder_key(EVA), removed, world.stamp())
    assert await register(world.store, Named(email=EVA), world.stamp(CORP), is_open=False) is None
    made = await register(world.store, Named(email=EVA), world.stamp(CORP), is_open=True)
    assert made is not None
    assert (made.access.role, made.state.status, made.version) == (PlatformRole.USER, StakeholderStatus.ACTIVE, 3)


async def test_two_first_logins_at_once_make_one_person(world: World) -> None:
    named = Named(email="stranger@demo.example")
    made = await asyncio.gather(*(register(world.store, named, world.stamp(CORP), is_open=True) for _ in range(3)))
    assert [one.version for one in made if one] == [1, 1, 1]


async def test_who_leaves_the_organization_meanwhile_has_both_roles(world: World, intrude: Intrude) -> None:
    """A role in a group never comes without membership of its organization."""

    left = 0

    async def before(_: int, changes: Sequence[Change]) -> None:
        nonlocal left
        if not left and any(change.key == group_access_key(EVA, "webshop") for change in changes):
            left += 1
            await access.leave_organization(world.store, EVA, world.group.organization_id, world.stamp("gus@demo.example"))

    await provide(intrude(world.store, before), EVA, Given(groups={"webshop": HK}), world.stamp(CORP, "login"))
    assert (left, await world.roles()) == (1, (MEMBER, HK))
