"""Members: changing roles, removing members, and leaving an organization with all of its groups (domain sections 3 and 10)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.db_model.access import answer, departure, invite, member
from integrates.db_model.access.answer import Link
from integrates.db_model.access.commands import add_to_group, add_to_organization, group_member, organization_member
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, group_access_key, organization_access_key
from integrates.db_model.access.grant import grant_in_organization
from integrates.db_model.access.provide import Given, provide
from integrates.db_model.access.rules import check_grantable, ci_identity, role_of
from integrates.db_model.access.types import (
    AccessStatus,
    GroupAccess,
    GroupGrant,
    GroupRole,
    OrganizationAccess,
    OrganizationRole,
)
from integrates.db_model.entity import read
from integrates.db_model.errors import NotFound, Raced, Rejected, Rejections, Stale
from integrates.db_model.groups.facet import group_counters_key
from integrates.db_model.organizations.facet import ORGANIZATION, organization_counters_key, organization_key
from integrates.db_model.testing.scene import HANA, add_group, add_member, add_person, address_of, uid
from integrates.db_model.tokens.ci import issue_ci_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.db_model.tests.entity.conftest import House, Intrude

    from integrates.db_model.organizations.types import Organization
    from integrates.db_model.store.port import Change, Store

URI, VERA = address_of("uri"), address_of("vera")
MANAGER, USER = OrganizationRole.ORGANIZATION_MANAGER, OrganizationRole.USER
ROLES = frozenset(OrganizationRole)
GROUP_ROLES = frozenset(GroupRole) - {GroupRole.SERVICE_FORCES}
MANY = departure.TOGETHER + 3


class Killed(Exception):
    """The process ends here."""


async def organization_of(house: House) -> Organization:
    found = await read.get(house.store, ORGANIZATION, organization_key(house.group.organization_id))
    assert found is not None
    return found


async def join(house: House, email: str, role: OrganizationRole = USER) -> OrganizationAccess:
    await add_person(house.store, email, house.stamp)
    made = house.stamp()
    access = organization_member(email, house.group.organization_id, role, made)
    return await add_to_organization(house.store, access, made)


async def change(house: House, email: str = URI, by: str = HANA, version: int | None = None, **given: Any) -> GroupAccess:
    stamp = house.stamp(by=by)
    return await member.change_group_member(
        house.store, house.group, {"email": email, **given}, stamp, grantable=GROUP_ROLES, expected_version=version
    )


async def change_above(house: House, email: str, role: Any, by: str = HANA, version: int | None = None) -> OrganizationAccess:
    given, stamp = {"email": email, "role": role}, house.stamp(by=by)
    return await member.change_organization_member(
        house.store, await organization_of(house), given, stamp, grantable=ROLES, expected_version=version
    )


async def leave(house: House, email: str, store: Store | None = None, version: int | None = None) -> OrganizationAccess:
    return await departure.remove_from_organization(
        store or house.store,
        await organization_of(house),
        email,
        house.stamp(operation="remove_organization_member"),
        grantable=ROLES,
        expected_version=version,
    )


async def in_group(house: House, email: str = URI, group: str = "webshop") -> GroupAccess:
    found = await read.get_any(house.store, GROUP_ACCESS, group_access_key(email, group))
    assert found is not None
    return found


async def above(house: House, email: str = URI) -> OrganizationAccess:
    key = organization_access_key(email, house.group.organization_id)
    found = await read.get_any(house.store, ORGANIZATION_ACCESS, key)
    assert found is not None
    return found


async def managers(house: House) -> Any:
    (item,) = await house.store.get((organization_counters_key(house.group.organization_id),))
    assert item is not None
    return item.attributes["managers"]


async def members(house: House, group: str) -> Any:
    (item,) = await house.store.get((group_counters_key(group, 0),))
    assert item is not None
    return item.attributes.get("members", 0)


async def test_what_is_left_out_stays(house: House) -> None:
    await add_member(house.store, house.group, URI, GroupRole.USER, house.stamp)
    one = await change(house, responsibility=" Payments ")
    assert (one.access, one.version) == (GroupGrant(role=GroupRole.USER, responsibility="Payments"), 2)
    two = await change(house, role="hacker")
    assert two.access == GroupGrant(role=GroupRole.HACKER, responsibility="Payments")
    three = await change(house, responsibility=None)
    assert three.access == GroupGrant(role=GroupRole.HACKER)
    assert (await change(house, role="hacker", version=4)).version == 4
    assert (await members(house, "webshop")) == 1


@pytest.mark.parametrize(
    ("email", "given", "refused"),
    [
        (URI, {"role": "service_forces"}, [("role_not_grantable", ("role",))]),
        (URI, {"role": "boss"}, [("role_not_grantable", ("role",))]),
        (URI, {"role": None}, [("required", ("role",))]),
        (URI, {"responsibility": "x" * 51}, [("too_long", ("responsibility",))]),
        (URI, {"responsibility": ""}, [("required", ("responsibility",))]),
    ],
)
async def test_bad_arguments(house: House, email: str, given: dict[str, Any], refused: list[Any]) -> None:
    await add_member(house.store, house.group, URI, GroupRole.USER, house.stamp)
    with pytest.raises((Rejected, Rejections)) as caught:
        await change(house, email, **given)
    found: list[Any] = [*caught.value.refusals] if isinstance(caught.value, Rejections) else [caught.value]
    assert [(one.reason.value, one.path) for one in found] == refused
    assert (await in_group(house)).version == 1


@pytest.mark.parametrize(
    "email", [VERA, address_of("nobody"), "nobody", "", "a#b@demo.example", "service:forces:webshop", "system"]
)
async def test_who_is_no_member_is_not_found(house: House, email: str) -> None:
    await add_person(house.store, VERA, house.stamp)
    acts = (
        change(house, email, role="user"),
        change_above(house, email, "user"),
        leave(house, email),
        member.remove_from_group(house.store, house.group, email, house.stamp(), grantable=GROUP_ROLES),
    )
    for act in acts:
        with pytest.raises(NotFound) as caught:
            await act
        assert caught.value.path == ("email",)


async def test_a_member_of_another_group_is_not_found(house: House) -> None:
    await add_member(house.store, house.other, URI, GroupRole.USER, house.stamp)
    with pytest.raises(NotFound):
        await change(house, role="hacker")


async def test_the_case_of_an_email_does_not_matter(house: House) -> None:
    await add_member(house.store, house.group, URI, GroupRole.USER, house.stamp)
    assert (await change(house, URI.upper(), role="hacker")).access.role is GroupRole.HACKER


async def test_nobody_changes_their_own_role(house: House) -> None:
    await add_member(house.store, house.group, URI, GroupRole.GROUP_MANAGER, house.stamp)
    with pytest.raises(Rejected, match="own_role") as caught:
        await change(house, by=URI, role="user")
    assert caught.value.path == ("role",)
    assert (await change(house, by=URI, role="group_manager", responsibility="Own")).access.responsibility == "Own"
    with pytest.raises(Rejected, match="own_role"):
        await change_above(house, HANA, "user")
    assert (await change_above(house, HANA, MANAGER)).version == 1


async def test_the_ci_identity_is_not_changed_by_hand(house: House) -> None:
    await issue_ci_token(house.store, house.group.name, house.stamp(), uid("token"), "ab" * 32)
    identity = ci_identity(house.group.name)
    for act in (
        change(house, identity, role="user"),
        change(house, identity, responsibility="CI"),
        member.remove_from_group(house.store, house.group, identity, house.stamp(), grantable=GROUP_ROLES),
    ):
        with pytest.raises(Rejected, match="role_not_grantable") as caught:
            await act
        assert caught.value.path == ("email",)


def test_what_may_be_granted_is_said_by_the_granter() -> None:
    check_grantable(None, frozenset())
    check_grantable("user", GROUP_ROLES)
    with pytest.raises(Rejected):
        check_grantable("user", frozenset())


async def test_versions_are_compared_before_arguments_and_rules(house: House) -> None:
    await add_member(house.store, house.group, URI, GroupRole.USER, house.stamp)
    for act in (
        change(house, by=URI, role="hacker", responsibility="x" * 51, version=2),
        change_above(house, HANA, "user", version=2),
        leave(house, HANA, version=2),
        member.remove_from_group(house.store, house.group, URI, house.stamp(), grantable=GROUP_ROLES, expected_version=2),
    ):
        with pytest.raises(Stale) as caught:
            await act
        assert caught.value.current == 1


async def test_of_two_changes_of_one_version_one_counts(house: House) -> None:
    await add_member(house.store, house.group, URI, GroupRole.USER, house.stamp)
    results = await asyncio.gather(
        change(house, role="hacker", version=1), change(house, role="reviewer", version=1), return_exceptions=True
    )
    assert sorted(isinstance(one, Stale) for one in results) == [False, True]
    assert (await in_group(house)).version == 2


async def test_two_changes_without_version_both_count(house: House) -> None:
    await add_member(house.store, house.group, URI, GroupRole.USER, house.stamp)
    await asyncio.gather(change(house, role="hacker"), change(house, responsibility="Payments"))
    assert (await in_group(house)).access == GroupGrant(role=GroupRole.HACKER, responsibility="Payments")


async def test_of_who_is_only_invited_the_invitation_is_changed(house: House) -> None:
    link = Link(email=URI, target=house.group.name, jti_hash="ab" * 32)
    given = {"email": URI, "role": "user", "responsibility": "Payments"}
    await invite.invite_to_group(house.store, house.group, given, house.stamp(), grantable=GROUP_ROLES, jti_hash=link.jti_hash)
    access = await change(house, role="hacker")
    assert (access.state.status, access.access) == (AccessStatus.INVITED, GroupGrant())
    joined = await answer.accept(house.store, link, house.stamp(by=URI))
    assert joined.access == GroupGrant(role=GroupRole.HACKER, responsibility="Payments")
    organization = await organization_of(house)
    wanted = {"email": VERA, "role": "user"}
    await invite.invite_to_organization(
        house.store, organization, wanted, house.stamp(), grantable=ROLES, jti_hash=link.jti_hash
    )
    assert (await change_above(house, VERA, MANAGER)).state.status is AccessStatus.INVITED
    assert await managers(house) == 1
    above_it = Link(email=VERA, target=organization.id, jti_hash=link.jti_hash)
    assert (await answer.accept(house.store, above_it, house.stamp(by=VERA))).access.role is MANAGER
    assert await managers(house) == 2


async def test_a_removed_member_is_none_and_may_be_invited_again(house: House) -> None:
    await add_member(house.store, house.group, URI, GroupRole.USER, house.stamp)
    gone = await member.remove_from_group(house.store, house.group, URI, house.stamp(by=URI), grantable=GROUP_ROLES)
    assert (gone.state.status, gone.state.by, role_of(gone), gone.version) == (AccessStatus.REMOVED, URI, None, 2)
    assert await members(house, "webshop") == 0
    with pytest.raises(NotFound):
        await member.remove_from_group(house.store, house.group, URI, house.stamp(), grantable=GROUP_ROLES)
    given = {"email": URI, "role": "user"}
    again = await invite.invite_to_group(
        house.store, house.group, given, house.stamp(), grantable=GROUP_ROLES, jti_hash="cd" * 32
    )
    assert (again.version, again.state.status, await members(house, "webshop")) == (3, AccessStatus.INVITED, 1)
    assert again.access == GroupGrant(), "nothing is left of the role before"


async def test_the_last_manager_stays(house: House) -> None:
    await join(house, URI)
    for act in (leave(house, HANA), change_above(house, HANA, USER, by=URI)):
        with pytest.raises(Rejected, match="last_manager"):
            await act
    assert (await above(house, HANA)).version == 1
    await change_above(house, URI, MANAGER)
    assert await managers(house) == 2
    await change_above(house, HANA, USER, by=URI)
    assert await managers(house) == 1


async def test_of_two_managers_who_leave_at_once_one_stays(house: House) -> None:
    await join(house, URI, MANAGER)
    for person in (HANA, URI):
        await add_member(house.store, house.group, person, GroupRole.USER, house.stamp)
    results = await asyncio.gather(leave(house, HANA), leave(house, URI), return_exceptions=True)
    assert sorted(isinstance(one, Rejected) and one.reason == "last_manager" for one in results) == [False, True]
    assert await managers(house) == 1
    stays = HANA if isinstance(results[0], Rejected) else URI
    assert (await in_group(house, stays)).state.status is AccessStatus.ACTIVE, "nothing was changed for who has to stay"
    assert await members(house, "webshop") == 1


async def test_of_two_managers_who_demote_each_other_one_stays(house: House) -> None:
    await join(house, URI, MANAGER)
    results = await asyncio.gather(
        change_above(house, URI, USER, by=HANA), change_above(house, HANA, USER, by=URI), return_exceptions=True
    )
    assert sorted(isinstance(one, Rejected) for one in results) == [False, True]
    assert await managers(house) == 1


async def spread(house: House, count: int) -> list[str]:
    """Make Uri a member of the organization and of so many of its groups; of one of another organization too."""
    await join(house, URI)
    await add_member(house.store, house.other, URI, GroupRole.USER, house.stamp)
    names = [f"shop-{number:02}" for number in range(count)]
    for name in names:
        group = await add_group(house.store, name, house.stamp)
        await add_member(house.store, group, URI, GroupRole.HACKER, house.stamp)
    return names


async def live(house: House) -> int:
    """Return of how many groups Uri is a member."""
    return len(await departure.accesses_of(house.store, GROUP_ACCESS, URI))


@pytest.mark.parametrize("count", [0, 1, departure.TOGETHER, MANY])
async def test_leaving_an_organization_is_leaving_its_groups(house: House, count: int) -> None:
    names = await spread(house, count)
    gone = await leave(house, URI)
    assert (gone.state.status, await live(house)) == (AccessStatus.REMOVED, 1)
    last = (await read.history(house.store, organization_access_key(URI, house.group.organization_id)))[-1]
    for name in names:
        access = await in_group(house, URI, name)
        assert (access.state.status, access.version) == (AccessStatus.REMOVED, 2)
        assert (await read.history(house.store, group_access_key(URI, name)))[-1].change_id == last.change_id
        assert await members(house, name) == 0


async def test_few_groups_are_left_in_one_transaction(house: House, intrude: Intrude) -> None:
    await spread(house, departure.TOGETHER)
    sizes: list[int] = []

    async def note(_: int, changes: Sequence[Change]) -> None:
        sizes.append(len(changes))

    await leave(house, URI, intrude(house.store, note))
    assert len(sizes) == 1
    assert sizes[0] <= 100


@pytest.mark.parametrize("number", [1, 2])
async def test_what_was_cut_at_a_write_is_finished_by_repeating_it(house: House, intrude: Intrude, number: int) -> None:
    await spread(house, MANY)

    async def killed(count: int, _: Sequence[Change]) -> None:
        if count >= number:
            raise Killed

    with pytest.raises(Killed):
        await leave(house, URI, intrude(house.store, killed))
    assert (await above(house)).state.status is AccessStatus.ACTIVE
    assert (await live(house) < MANY + 1) == (number > 1)
    assert (await leave(house, URI)).state.status is AccessStatus.REMOVED
    assert await live(house) == 1


async def test_the_last_manager_keeps_many_groups_too(house: House) -> None:
    names = await spread(house, MANY)
    await change_above(house, URI, MANAGER)
    await leave(house, HANA)
    with pytest.raises(Rejected, match="last_manager"):
        await leave(house, URI)
    assert await live(house) == len(names) + 1


async def test_a_group_that_is_joined_meanwhile_is_left_too(house: House, intrude: Intrude) -> None:
    await spread(house, 1)

    async def others(count: int, _: Sequence[Change]) -> None:
        if count == 1:
            made = house.stamp()
            new = group_member(URI, house.group.name, GroupGrant(role=GroupRole.USER), made)
            await add_to_group(house.store, new, made)

    await leave(house, URI, intrude(house.store, others))
    assert (await live(house), await members(house, "webshop")) == (1, 0)


async def test_what_a_cut_left_of_that_is_taken_away_by_repeating_the_call(house: House, intrude: Intrude) -> None:
    await spread(house, 1)

    async def others(count: int, _: Sequence[Change]) -> None:
        if count == 2:
            raise Killed
        made = house.stamp()
        await add_to_group(house.store, group_member(URI, house.group.name, GroupGrant(role=GroupRole.USER), made), made)

    with pytest.raises(Killed):
        await leave(house, URI, intrude(house.store, others))
    assert ((await above(house)).state.status, await live(house)) == (AccessStatus.REMOVED, 2)
    with pytest.raises(NotFound):
        await leave(house, URI)
    assert await live(house) == 1


async def test_who_has_left_keeps_a_later_invitation_to_a_group_when_the_call_is_repeated(house: House) -> None:
    await spread(house, 0)
    await leave(house, URI)
    given = {"email": URI, "role": "user"}
    await invite.invite_to_group(house.store, house.group, given, house.stamp(), grantable=GROUP_ROLES, jti_hash="ab" * 32)
    with pytest.raises(NotFound):
        await leave(house, URI)
    access = await read.get(house.store, GROUP_ACCESS, group_access_key(URI, house.group.name))
    assert access is not None
    assert access.state.status is AccessStatus.INVITED


async def test_who_comes_back_before_that_is_swept_keeps_it(house: House, intrude: Intrude) -> None:
    await spread(house, 1)

    async def others(count: int, _: Sequence[Change]) -> None:
        made = house.stamp()
        if count == 1:
            new = group_member(URI, house.group.name, GroupGrant(role=GroupRole.USER), made)
            await add_to_group(house.store, new, made)
        if count == 2:
            await grant_in_organization(house.store, URI, house.group.organization_id, USER, made)

    await leave(house, URI, intrude(house.store, others))
    assert ((await above(house)).state.status, await live(house)) == (AccessStatus.ACTIVE, 2)


async def test_who_comes_back_keeps_what_they_were_given_then(house: House) -> None:
    await spread(house, 0)
    await add_member(house.store, house.group, URI, GroupRole.USER, house.stamp)
    await leave(house, URI)
    link = Link(email=URI, target=house.group.name, jti_hash="ab" * 32)
    given = {"email": URI, "role": "user"}
    await invite.invite_to_group(house.store, house.group, given, house.stamp(), grantable=GROUP_ROLES, jti_hash=link.jti_hash)
    await answer.accept(house.store, link, house.stamp(by=URI))
    access = await above(house)
    assert (access.access.role, access.version, access.state.status) == (USER, 3, AccessStatus.ACTIVE)
    assert (await in_group(house)).version == 4


async def test_an_access_to_a_group_that_changes_meanwhile_is_removed_as_it_is(house: House, intrude: Intrude) -> None:
    await spread(house, 1)

    async def others(count: int, _: Sequence[Change]) -> None:
        if count == 1:
            group = replace(house.group, info=replace(house.group.info, name="shop-00"))
            given = {"email": URI, "role": "reviewer"}
            await member.change_group_member(house.store, group, given, house.stamp(), grantable=GROUP_ROLES)

    await leave(house, URI, intrude(house.store, others), version=1)
    assert ((await in_group(house, URI, "shop-00")).version, await live(house)) == (3, 1)


async def test_a_role_that_changes_meanwhile_refuses_who_named_a_version(house: House, intrude: Intrude) -> None:
    await spread(house, 1)

    async def others(count: int, _: Sequence[Change]) -> None:
        if count == 1:
            await change_above(house, URI, MANAGER)

    with pytest.raises(Stale) as caught:
        await leave(house, URI, intrude(house.store, others), version=1)
    assert (caught.value.current, await live(house)) == (2, 2)


async def test_who_never_stops_changing_is_not_waited_for(house: House, intrude: Intrude) -> None:
    await spread(house, 0)
    roles = [USER, MANAGER] * 10

    async def others(_: int, __: Sequence[Change]) -> None:
        await change_above(house, URI, roles.pop())

    with pytest.raises(Raced):
        await leave(house, URI, intrude(house.store, others))


async def test_another_role_cancels_an_invitation_that_offers_more(house: House) -> None:
    """Somebody who is invited to manage, and was given less by a provider, keeps nothing of that when a person decides."""
    given = {"email": URI, "role": "group_manager"}
    await invite.invite_to_group(house.store, house.group, given, house.stamp(), grantable=GROUP_ROLES, jti_hash="ab" * 32)
    await provide(house.store, URI, Given(groups={"webshop": GroupRole.USER}), house.stamp(by="service:oidc:corp"))
    link = Link(email=URI, target="webshop", jti_hash="ab" * 32)
    assert await answer.offer(house.store, link, house.stamp().at)
    described = await change(house, responsibility="Tills")
    assert (described.access.responsibility, described.invitation is None) == ("Tills", False)
    demoted = await change(house, role=GroupRole.REVIEWER)
    assert (demoted.access.role, demoted.invitation) == (GroupRole.REVIEWER, None)
    assert await answer.offer(house.store, link, house.stamp().at) is None
