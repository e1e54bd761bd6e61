"""A person is removed with their session, tokens and accesses: in chunks, the person last; and may return (rules E8 and M3)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.db_model.access.commands import add_to_group, add_to_organization, group_member, organization_member
from integrates.db_model.access.departure import TOGETHER, accesses_of
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, group_access_key, organization_access_key
from integrates.db_model.access.invite import invite_to_group
from integrates.db_model.access.types import AccessStatus, GroupGrant, GroupRole, OrganizationRole
from integrates.db_model.entity import command, read
from integrates.db_model.errors import NotFound, Rejected, Rejections, Stale
from integrates.db_model.organizations.facet import ORGANIZATION, organization_counters_key, organization_key
from integrates.db_model.organizations.types import OrganizationStatus
from integrates.db_model.sessions.commands import find_session, open_session
from integrates.db_model.stakeholders import commands, removal
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.registration import Named, register
from integrates.db_model.stakeholders.types import PlatformRole, Stakeholder, StakeholderInfo, StakeholderStatus
from integrates.db_model.store.port import Put
from integrates.db_model.testing.scene import FIRST, HANA, add_group, add_member, add_organization, address_of, ticking, uid
from integrates.db_model.tokens.commands import issue, new_token, tokens_of
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.facet import vulnerability_key
from integrates.db_model.vulnerabilities.lists import assigned_to
from integrates.db_model.vulnerabilities.types import TreatmentStatus, Vulnerability

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from packages.db_model.tests.entity.conftest import House, Intrude

    from integrates.db_model.store.port import Change, Item, Key, Store

URI = address_of("uri")
SESSION = "ab" * 32


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


class Killed(Exception):
    """The process ends here."""


async def join(house: House, organization_id: str, role: OrganizationRole = OrganizationRole.USER) -> None:
    made = house.stamp()
    await add_to_organization(house.store, organization_member(URI, organization_id, role, made), made)


async def settle(house: House) -> None:
    """Give Uri a session, two tokens, and accesses to two organizations and three groups."""
    await open_session(house.store, URI, SESSION, FIRST)
    for name in ("one", "two"):
        made = house.stamp(by=URI)
        await issue(house.store, new_token(uid(name), name, made.at + timedelta(days=9), hashed(name), made), made)
    await join(house, house.group.organization_id)
    await join(house, house.other.organization_id, OrganizationRole.ORGANIZATION_MANAGER)
    third = await add_group(house.store, "third", house.stamp)
    for group in (house.group, house.other, third):
        await add_member(house.store, group, URI, GroupRole.HACKER, house.stamp)


async def remove(house: House, store: Store | None = None, **expected: Any) -> Stakeholder:
    return await removal.remove(store or house.store, URI, house.stamp(operation="remove_stakeholder"), **expected)


async def person(house: House, email: str = URI) -> Stakeholder:
    found = await read.get_any(house.store, STAKEHOLDER, stakeholder_key(email))
    assert found is not None
    return found


async def left(house: House) -> tuple[bool, int, int, int]:
    """Return whether Uri has a session, and how many tokens, accesses to organizations and to groups."""
    return (
        await find_session(house.store, SESSION, FIRST) is not None,
        len(await tokens_of(house.store, URI)),
        len(await accesses_of(house.store, ORGANIZATION_ACCESS, URI)),
        len(await accesses_of(house.store, GROUP_ACCESS, URI)),
    )


def is_about_uri(changes: Sequence[Change]) -> bool:
    """Return whether a write changes the person."""
    return any(change.key == stakeholder_key(URI) and isinstance(change, Put) for change in changes)


NOTHING = (False, 0, 0, 0)
ALL = (True, 2, 2, 3)


async def test_a_person_goes_with_everything_that_lets_them_in(house: House) -> None:
    await settle(house)
    assert await left(house) == ALL
    gone = await remove(house)
    assert (gone.state.status, gone.state.by, gone.version) == (StakeholderStatus.DELETED, HANA, 2)
    assert await left(house) == NOTHING
    keys = (
        stakeholder_key(URI),
        organization_access_key(URI, house.group.organization_id),
        organization_access_key(URI, house.other.organization_id),
        *(group_access_key(URI, name) for name in ("webshop", "rival", "third")),
    )
    last = [(await read.history(house.store, key))[-1] for key in keys]
    assert {(one.change_id, one.operation, one.version) for one in last} == {(last[0].change_id, "remove_stakeholder", 2)}
    with pytest.raises(NotFound) as caught:
        await remove(house)
    assert caught.value.path == ("email",)


async def test_somebody_with_nothing_goes_too(house: House) -> None:
    assert (await remove(house, expected_version=1)).state.status is StakeholderStatus.DELETED


@pytest.mark.parametrize("email", [address_of("nobody"), "nobody", "", "a#b", "system", "service:forces:webshop"])
async def test_nobody_cannot_be_removed(house: House, email: str) -> None:
    for act in (
        removal.remove(house.store, email, house.stamp()),
        commands.change_role(house.store, email, PlatformRole.ADMIN, house.stamp()),
    ):
        with pytest.raises(NotFound) as caught:
            await act
        assert caught.value.path == ("email",)


async def test_a_version_is_compared_before_anything_is_removed(house: House) -> None:
    await settle(house)
    with pytest.raises(Stale) as caught:
        await remove(house, expected_version=2)
    assert (caught.value.current, await left(house)) == (1, ALL)


async def test_a_removal_is_cut_at_every_write_and_finished_by_repeating_it(house: House, intrude: Intrude) -> None:
    await settle(house)
    count = 0

    async def note(_: int, __: Sequence[Change]) -> None:
        nonlocal count
        count += 1

    for number in range(1, 20):

        async def killed(write: int, _: Sequence[Change], number: int = number) -> None:
            if write >= number:
                raise Killed

        before = await left(house)
        with pytest.raises(Killed):
            await remove(house, intrude(house.store, killed))
        assert (await person(house)).state.status is StakeholderStatus.ACTIVE
        if number == 1:
            assert await left(house) == before
            continue
        if await left(house) == NOTHING:
            break
    await remove(house, intrude(house.store, note))
    assert (count, (await person(house)).version, await left(house)) == (1, 2, NOTHING)


async def test_the_last_manager_of_an_organization_cannot_be_removed(house: House) -> None:
    await settle(house)
    with pytest.raises(Rejected, match="last_manager"):
        await removal.remove(house.store, HANA, house.stamp())
    assert (await person(house, HANA)).state.status is StakeholderStatus.ACTIVE
    assert len(await accesses_of(house.store, ORGANIZATION_ACCESS, HANA)) == 2, "boreal has another manager, and keeps this one"


async def test_of_two_managers_who_are_removed_at_once_one_stays(house: House) -> None:
    for organization in (house.group.organization_id, house.other.organization_id):
        await join(house, organization, OrganizationRole.ORGANIZATION_MANAGER)
    results = await asyncio.gather(remove(house), removal.remove(house.store, HANA, house.stamp()), return_exceptions=True)
    assert sorted(isinstance(one, Rejected) and one.reason == "last_manager" for one in results) == [False, True]
    for organization in (house.group.organization_id, house.other.organization_id):
        (item,) = await house.store.get((organization_counters_key(organization),))
        assert item is not None
        assert item.attributes["managers"] == 1


async def test_a_removed_organization_keeps_nobody(house: House) -> None:
    alone = await add_organization(house.store, "alone", house.stamp, manager=URI)

    def closed(old: Any, _: Any) -> Any:
        return replace(old, state=replace(old.state, status=OrganizationStatus.DELETED))

    await command.update(house.store, ORGANIZATION, organization_key(alone.id), closed, house.stamp())
    assert (await remove(house)).state.status is StakeholderStatus.DELETED


async def test_a_manager_of_many_organizations(house: House) -> None:
    for number in range(TOGETHER + 1):
        found = await add_organization(house.store, f"many-{number:02}", house.stamp)
        await join(house, found.id, OrganizationRole.ORGANIZATION_MANAGER)
    await remove(house)
    assert await left(house) == NOTHING


async def test_nothing_is_removed_when_one_of_many_organizations_would_be_left_alone(house: House) -> None:
    *shared, alone = sorted((f"many-{number:02}" for number in range(TOGETHER + 1)), key=uid)
    for name in shared:
        found = await add_organization(house.store, name, house.stamp)
        await join(house, found.id, OrganizationRole.ORGANIZATION_MANAGER)
    await add_organization(house.store, alone, house.stamp, manager=URI)
    with pytest.raises(Rejected, match="last_manager"):
        await remove(house)
    assert len(await accesses_of(house.store, ORGANIZATION_ACCESS, URI)) == TOGETHER + 1


async def test_what_is_given_meanwhile_is_taken_away(house: House, intrude: Intrude) -> None:
    await settle(house)
    given = 0

    async def others(_: int, changes: Sequence[Change]) -> None:
        nonlocal given
        if is_about_uri(changes):
            given += 1
            made = house.stamp(by=URI)
            await open_session(house.store, URI, SESSION, FIRST)
            await issue(house.store, new_token(uid("late"), "late", made.at + timedelta(days=9), hashed("late"), made), made)
            late = await add_group(house.store, "late", house.stamp)
            await add_to_group(house.store, group_member(URI, late.name, GroupGrant(role=GroupRole.USER), made), made)

    await remove(house, intrude(house.store, others))
    assert (given, await left(house)) == (1, NOTHING)


async def by_adding(house: House) -> None:
    made = house.stamp()
    new = commands.new_stakeholder(StakeholderInfo(email=URI), PlatformRole.USER, made)
    await commands.add(house.store, new, made)


async def by_login(house: House) -> None:
    await register(house.store, Named(email=URI), house.stamp(), is_open=True)


async def by_invitation(house: House) -> None:
    given, roles = {"email": URI, "role": "user"}, frozenset(GroupRole)
    await invite_to_group(house.store, house.group, given, house.stamp(), grantable=roles, jti_hash=hashed("link"))


@pytest.mark.parametrize("back", [by_adding, by_login, by_invitation])
async def test_what_a_cut_left_is_taken_away_before_they_return(
    house: House, intrude: Intrude, back: Callable[[House], Awaitable[None]]
) -> None:
    """Whatever was given in the last moment, and not taken away because the process ended, never works again."""
    await settle(house)
    is_gone = False

    async def others(_: int, changes: Sequence[Change]) -> None:
        nonlocal is_gone
        if is_gone:
            raise Killed
        if is_about_uri(changes):
            is_gone = True
            made = house.stamp(by=URI)
            await issue(house.store, new_token(uid("late"), "late", made.at + timedelta(days=9), hashed("late"), made), made)
            late = await add_group(house.store, "late", house.stamp)
            await add_to_group(house.store, group_member(URI, late.name, GroupGrant(role=GroupRole.USER), made), made)

    with pytest.raises(Killed):
        await remove(house, intrude(house.store, others))
    assert (await person(house)).state.status is StakeholderStatus.DELETED
    assert await left(house) == (False, 1, 0, 1)
    await back(house)
    returned = await person(house)
    assert (returned.version, returned.state.status) == (3, StakeholderStatus.ACTIVE)
    assert (await left(house))[:2] == (False, 0)
    access = await read.get_any(house.store, GROUP_ACCESS, group_access_key(URI, "late"))
    assert access is not None
    assert access.state.status is AccessStatus.REMOVED


async def test_who_returns_has_neither_role_nor_name(house: House) -> None:
    await commands.change_role(house.store, URI, PlatformRole.ADMIN, house.stamp())
    await commands.describe(house.store, URI, {"first_name": "Uri"}, house.stamp())
    await remove(house)
    made = house.stamp()
    back = await commands.add(house.store, commands.new_stakeholder(StakeholderInfo(email=URI), PlatformRole.USER, made), made)
    assert (back.version, back.info, back.access.role) == (5, StakeholderInfo(email=URI), PlatformRole.USER)
    as_of = await read.as_of(house.store, STAKEHOLDER, stakeholder_key(URI), made.at - timedelta(microseconds=1))
    assert as_of is None


async def test_what_is_assigned_stays_assigned(house: House) -> None:
    await settle(house)

    def taken(old: Vulnerability, _: datetime) -> Vulnerability:
        return replace(old, treatment=replace(old.treatment, status=TreatmentStatus.IN_PROGRESS, assigned=URI))

    await vulnerabilities.update(house.store, house.one.id, taken, house.stamp())
    await remove(house)
    listed = [item.key async for items in read.pages(house.store, assigned_to(URI)) for item in items]
    assert listed == [vulnerability_key(house.one.id)]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, (None, None)),
        ({"first_name": " Uri "}, ("Uri", None)),
        ({"first_name": "Uri", "last_name": "Unger"}, ("Uri", "Unger")),
        ({"first_name": None}, (None, None)),
    ],
)
async def test_people_say_what_they_are_called(house: House, given: dict[str, Any], names: tuple[Any, Any]) -> None:
    found = await commands.describe(house.store, URI, given, house.stamp())
    assert (found.info.first_name, found.info.last_name) == names
    cleared = await commands.describe(house.store, URI, {"first_name": None}, house.stamp())
    assert (cleared.info.first_name, cleared.info.last_name) == (None, names[1])


@pytest.mark.parametrize("given", [{"first_name": "x" * 51}, {"last_name": "two\nlines"}, {"first_name": " "}])
async def test_bad_names_are_refused(house: House, given: dict[str, Any]) -> None:
    with pytest.raises(Rejections):
        await commands.describe(house.store, URI, given, house.stamp())
    assert (await person(house)).version == 1


async def test_nobody_changes_their_own_role_on_the_platform(house: House) -> None:
    with pytest.raises(Rejected, match="own_role"):
        await commands.change_role(house.store, URI, PlatformRole.ADMIN, house.stamp(by=URI))
    assert (await commands.change_role(house.store, URI, PlatformRole.USER, house.stamp(by=URI))).version == 1
    found = await commands.change_role(house.store, URI.upper(), PlatformRole.ADMIN, house.stamp(), expected_version=1)
    assert (found.access.role, found.version) == (PlatformRole.ADMIN, 2)
    with pytest.raises(Stale):
        await commands.change_role(house.store, URI, PlatformRole.USER, house.stamp(), expected_version=1)


@pytest.mark.parametrize("back", [by_adding, by_login, by_invitation])
async def test_what_they_are_given_by_who_is_faster_stays(house: House, back: Callable[[House], Awaitable[None]]) -> None:
    """Of two who bring a person back at once, the second takes nothing away that the first gave."""
    await remove(house)
    is_back = False

    async def get(keys: Sequence[Key]) -> Sequence[Item | None]:
        nonlocal is_back
        found = await house.store.get(keys)
        if stakeholder_key(URI) in keys and not is_back:
            is_back = True
            await by_adding(house)
            await add_member(house.store, house.other, URI, GroupRole.HACKER, house.stamp)
            await join(house, house.other.organization_id)
            made = house.stamp(by=URI)
            await open_session(house.store, URI, SESSION, FIRST)
            await issue(house.store, new_token(uid("new"), "new", made.at + timedelta(days=9), hashed("new"), made), made)
        return found

    with suppress(Stale):  # which tells who adds a person that they are known already
        await back(replace(house, store=replace(house.store, get=get)))
    assert is_back
    session, tokens, above, below = await left(house)
    assert (session, tokens, above) == (True, 1, 1)
    assert below == (2 if back is by_invitation else 1)


async def test_who_is_invited_when_just_removed_stays_invited(house: House) -> None:
    await settle(house)

    async def write(changes: Sequence[Change]) -> None:
        await house.store.write(changes)
        if is_about_uri(changes):
            await by_invitation(house)

    gone = await remove(house, replace(house.store, write=write))
    assert (gone.state.status, (await person(house)).state.status) == (StakeholderStatus.DELETED, StakeholderStatus.ACTIVE)
    assert await left(house) == (False, 0, 0, 1)


@pytest.mark.parametrize("back", [by_adding, by_login, by_invitation])
async def test_who_returns_by_a_clock_that_is_behind_returns_after_the_removal(
    house: House, back: Callable[[House], Awaitable[None]]
) -> None:
    gone = await remove(house)
    stamp = ticking()
    await back(replace(house, stamp=stamp))
    returned = await person(house)
    assert (returned.state.at, returned.state.at > gone.state.at) == (returned.updated_at, True)
