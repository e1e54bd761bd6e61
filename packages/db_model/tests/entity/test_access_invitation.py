"""Invitations: who is invited how often, and that each link is good for one answer of one person (domain section 10.2)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.db_model.access import answer, invite
from integrates.db_model.access.answer import Link
from integrates.db_model.access.commands import add_to_organization, group_guest, organization_member
from integrates.db_model.access.departure import leave_organization
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, group_access_key, organization_access_key
from integrates.db_model.access.invitation import accepted, is_open, new_invitation, withdrawn
from integrates.db_model.access.member import leave_group
from integrates.db_model.access.types import AccessStatus, GroupAccess, GroupRole, OrganizationAccess, OrganizationRole
from integrates.db_model.entity import command, read
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, ModelError, NotFound, Rejected, Rejections
from integrates.db_model.groups.facet import MAX_MEMBERS, group_counters_key
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.stakeholders import commands as stakeholders
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import PlatformRole, StakeholderStatus
from integrates.db_model.store.port import ANYTHING, Add
from integrates.db_model.testing.scene import FIRST, HANA, address_of, uid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from packages.db_model.tests.entity.conftest import House, Intrude

    from integrates.db_model.store.port import Change

NINA, URI = address_of("nina"), address_of("uri")
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
NOW = FIRST + DAY
GROUP_ROLES = frozenset(GroupRole) - {GroupRole.SERVICE_FORCES}
ROLES = frozenset(OrganizationRole)


def made(at: datetime = NOW, by: str = HANA, operation: str = "add_group_member") -> Stamp:
    return Stamp(by=by, at=at, operation=operation, change_id=uid(f"{at}{by}{operation}"))


def hashed(jti: str) -> str:
    return sha256(jti.encode()).hexdigest()


async def to_group(house: House, at: datetime = NOW, jti: str = "one", **given: Any) -> GroupAccess:
    """Invite somebody to the group, Nina as a hacker unless told otherwise."""
    details = {"email": NINA, "role": "hacker", **given}
    return await invite.invite_to_group(
        house.store, house.group, details, made(at), grantable=GROUP_ROLES, jti_hash=hashed(jti)
    )


async def to_organization(house: House, at: datetime = NOW, jti: str = "org", **given: Any) -> OrganizationAccess:
    """Invite somebody to the organization of the group, Nina as a manager unless told otherwise."""
    organization = await read.get(house.store, ORGANIZATION, organization_key(house.group.organization_id))
    assert organization is not None
    details = {"email": NINA, "role": "organization_manager", **given}
    return await invite.invite_to_organization(
        house.store, organization, details, made(at), grantable=ROLES, jti_hash=hashed(jti)
    )


def group_link(house: House, jti: str = "one", email: str = NINA) -> Link:
    return Link(email=email, target=house.group.name, jti_hash=hashed(jti))


def organization_link(house: House, jti: str = "org") -> Link:
    return Link(email=NINA, target=house.group.organization_id, jti_hash=hashed(jti))


async def in_group(house: House, email: str = NINA) -> GroupAccess | None:
    return await read.get_any(house.store, GROUP_ACCESS, group_access_key(email, house.group.name))


async def in_organization(house: House, email: str = NINA) -> OrganizationAccess | None:
    return await read.get_any(house.store, ORGANIZATION_ACCESS, organization_access_key(email, house.group.organization_id))


async def members(house: House) -> int:
    (item,) = await house.store.get((group_counters_key(house.group.name, 0),))
    assert item is not None
    return int(str(item.attributes.get("members", 0)))


async def test_somebody_unknown_becomes_a_person_who_has_not_logged_in(house: House) -> None:
    access = await to_group(house, email="Nina@Demo.Example", responsibility="  Payments ")
    assert (access.email, access.version, access.state.status) == (NINA, 1, AccessStatus.INVITED)
    assert access.invitation is not None
    assert (access.invitation.role, access.invitation.responsibility) == ("hacker", "Payments")
    assert (access.invitation.sent_at, access.invitation.expires_at) == (NOW, NOW + 7 * DAY)
    assert (access.access.role, access.access.responsibility) == (None, None)
    person = await read.get(house.store, STAKEHOLDER, stakeholder_key(NINA))
    assert person is not None
    assert (person.access.role, person.access.is_registered, person.created_by) == (PlatformRole.USER, False, HANA)
    (first,), (born,) = [
        await read.history(house.store, key) for key in (group_access_key(NINA, "webshop"), stakeholder_key(NINA))
    ]
    assert (first.change_id, first.operation) == (born.change_id, born.operation)
    assert await members(house) == 1


async def test_somebody_known_stays_as_they_are(house: House) -> None:
    before = await read.get(house.store, STAKEHOLDER, stakeholder_key(URI))
    await to_group(house, email=URI)
    assert await read.get(house.store, STAKEHOLDER, stakeholder_key(URI)) == before


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"role": "service_forces"}, [("role_not_grantable", ("role",))]),
        ({"role": "service_forces", "email": "?"}, [("role_not_grantable", ("role",))]),
        ({"role": "boss"}, [("role_not_grantable", ("role",))]),
        ({"role": None}, [("required", ("role",))]),
        ({"email": None}, [("required", ("email",))]),
        ({"email": "nina"}, [("bad_format", ("email",))]),
        ({"email": "service:forces:webshop"}, [("bad_format", ("email",))]),
        ({"email": "ni na@demo.example"}, [("bad_characters", ("email",))]),
        ({"email": f"{'n' * 243}@demo.example"}, [("too_long", ("email",))]),
        ({"email": "", "responsibility": "x" * 51}, [("required", ("email",)), ("too_long", ("responsibility",))]),
        ({"responsibility": "two\nlines"}, [("bad_characters", ("responsibility",))]),
    ],
)
async def test_bad_arguments_are_refused_and_nothing_is_written(
    house: House, given: dict[str, Any], refused: list[tuple[str, tuple[str, ...]]]
) -> None:
    with pytest.raises((Rejected, Rejections)) as caught:
        await to_group(house, **given)
    found: list[ModelError] = [*caught.value.refusals] if isinstance(caught.value, Rejections) else [caught.value]
    assert [(one.reason.value, one.path) for one in found if isinstance(one, Rejected)] == refused
    assert await in_group(house) is None
    assert await read.get_any(house.store, STAKEHOLDER, stakeholder_key(NINA)) is None


async def test_a_role_that_may_not_be_granted_in_an_organization(house: House) -> None:
    organization = await read.get(house.store, ORGANIZATION, organization_key(house.group.organization_id))
    assert organization is not None
    given, only = {"email": NINA, "role": "organization_manager"}, frozenset({OrganizationRole.USER})
    with pytest.raises(Rejected, match="role_not_grantable"):
        await invite.invite_to_organization(house.store, organization, given, made(), grantable=only, jti_hash=hashed("x"))


@pytest.mark.parametrize(("later", "ok"), [(timedelta(0), False), (59.999 * SECOND, False), (60 * SECOND, True), (DAY, True)])
async def test_the_next_invitation_has_to_wait_and_cancels_the_one_before(house: House, later: timedelta, ok: bool) -> None:
    await to_group(house)
    if not ok:
        with pytest.raises(Rejected, match="invited_too_soon") as caught:
            await to_group(house, NOW + later, "two", role="user")
        assert caught.value.path == ("email",)
        assert await answer.offer(house.store, group_link(house), NOW + later) is not None
        return
    again = await to_group(house, NOW + later, "two", role="user")
    assert (again.version, again.invitation and again.invitation.role, await members(house)) == (2, "user", 1)
    assert await answer.offer(house.store, group_link(house), NOW + later) is None
    assert await answer.offer(house.store, group_link(house, "two"), NOW + later) is not None


async def test_an_invitation_by_a_clock_that_was_ahead_keeps_nobody_waiting(house: House) -> None:
    """Rule E15."""
    await to_group(house, NOW + DAY)
    assert await answer.offer(house.store, group_link(house), NOW) is None
    assert (await to_group(house, NOW, "two")).version == 2


async def test_an_invitation_by_a_clock_that_is_behind_comes_after_the_removal(house: House) -> None:
    await to_group(house)
    await leave_group(house.store, NINA, house.group.name, made(NOW + DAY))
    again = await to_group(house, NOW, "two")
    assert (again.state.at, again.state.at > NOW + DAY) == (again.updated_at, True)


async def test_one_to_the_group_does_not_delay_one_to_the_organization(house: House) -> None:
    await to_group(house)
    assert (await to_organization(house)).state.status is AccessStatus.INVITED


@pytest.mark.parametrize("role", sorted(GROUP_ROLES))
async def test_accepting_gives_the_role_and_makes_the_person_a_member_of_the_organization(house: House, role: str) -> None:
    await to_group(house, role=role, responsibility="Payments")
    stamp = made(NOW + DAY, NINA, "accept_invitation")
    access = await answer.accept(house.store, group_link(house), stamp)
    assert isinstance(access, GroupAccess)
    assert (access.access.role, access.access.responsibility) == (role, "Payments")
    assert (access.state.status, access.state.by, access.invitation) == (AccessStatus.ACTIVE, NINA, None)
    above = await in_organization(house)
    assert above is not None
    assert (above.access.role, above.state.status, above.version) == (OrganizationRole.USER, AccessStatus.ACTIVE, 1)
    assert await members(house) == 1


@pytest.mark.parametrize("role", OrganizationRole)
async def test_accepting_an_invitation_to_an_organization(house: House, role: OrganizationRole) -> None:
    await to_organization(house, role=role.value)
    access = await answer.accept(house.store, organization_link(house), made(NOW + DAY, NINA))
    assert (access.access.role, access.state.status, access.invitation) == (role, AccessStatus.ACTIVE, None)
    assert await in_group(house) is None


async def test_a_member_of_the_organization_stays_as_they_are(house: House) -> None:
    stamp = house.stamp()
    organization_id, manager = house.group.organization_id, OrganizationRole.ORGANIZATION_MANAGER
    await add_to_organization(house.store, organization_member(URI, organization_id, manager, stamp), stamp)
    await to_group(house, email=URI)
    await answer.accept(house.store, group_link(house, email=URI), made(NOW + DAY, URI))
    above = await in_organization(house, URI)
    assert above is not None
    assert (above.access.role, above.version) == (manager, 1)


async def test_an_open_invitation_to_manage_the_organization_stays_open(house: House) -> None:
    await to_organization(house)
    await to_group(house)
    await answer.accept(house.store, group_link(house), made(NOW + DAY, NINA))
    above = await in_organization(house)
    assert above is not None
    assert (above.access.role, above.state.status) == (OrganizationRole.USER, AccessStatus.ACTIVE)
    access = await answer.accept(house.store, organization_link(house), made(NOW + 2 * DAY, NINA))
    assert (access.access.role, access.invitation) == (OrganizationRole.ORGANIZATION_MANAGER, None)


async def test_an_invitation_that_offers_no_more_is_used_up_with_that_to_the_group(house: House) -> None:
    await to_organization(house, role="user")
    await to_group(house)
    await answer.accept(house.store, group_link(house), made(NOW + DAY, NINA))
    assert await answer.offer(house.store, organization_link(house), NOW + DAY) is None


async def test_declining_what_offers_more_leaves_the_member(house: House) -> None:
    await to_organization(house)
    await to_group(house)
    await answer.accept(house.store, group_link(house), made(NOW + DAY, NINA))
    access = await answer.decline(house.store, organization_link(house), made(NOW + DAY, NINA, "decline_invitation"))
    assert (access.access.role, access.state.status, access.invitation) == (OrganizationRole.USER, AccessStatus.ACTIVE, None)


async def test_declining_removes_the_access(house: House) -> None:
    await to_group(house)
    access = await answer.decline(house.store, group_link(house), made(NOW + DAY, NINA, "decline_invitation"))
    assert (access.access.role, access.state.status, access.invitation) == (None, AccessStatus.REMOVED, None)
    assert (await members(house), await in_organization(house)) == (0, None)
    again = await to_group(house, NOW + DAY, "two")
    assert (again.version, again.created_at, again.state.status) == (3, NOW, AccessStatus.INVITED)


@pytest.mark.parametrize("first", [answer.accept, answer.decline])
@pytest.mark.parametrize("then", [answer.accept, answer.decline])
async def test_a_link_is_good_for_one_answer(house: House, first: Any, then: Any) -> None:
    await to_group(house)
    await first(house.store, group_link(house), made(NOW + DAY, NINA))
    with pytest.raises(NotFound):
        await then(house.store, group_link(house), made(NOW + DAY, NINA))
    assert await answer.offer(house.store, group_link(house), NOW + DAY) is None


@pytest.mark.parametrize("act", [answer.accept, answer.decline])
async def test_a_link_is_of_no_use_once_the_access_was_taken_away(house: House, act: Any) -> None:
    await to_group(house)
    await command.update(house.store, GROUP_ACCESS, group_access_key(NINA, "webshop"), gone, made(NOW + DAY))
    with pytest.raises(NotFound):
        await act(house.store, group_link(house), made(NOW + DAY, NINA))


def gone(old: GroupAccess, at: datetime) -> GroupAccess:
    return withdrawn(old, at, HANA)


async def test_of_two_answers_at_once_one_counts(house: House) -> None:
    await to_group(house)
    acts = (answer.accept, answer.accept, answer.decline)
    results = await asyncio.gather(
        *(act(house.store, group_link(house), made(NOW + SECOND, NINA, f"act_{number}")) for number, act in enumerate(acts)),
        return_exceptions=True,
    )
    assert sorted(isinstance(one, NotFound) for one in results) == [False, True, True]
    current = await in_group(house)
    assert current is not None
    assert current.version == 2


async def test_of_two_invitations_at_once_one_counts(house: House) -> None:
    results = await asyncio.gather(to_group(house), to_group(house, jti="two"), return_exceptions=True)
    assert sorted(isinstance(one, Rejected) and one.reason == "invited_too_soon" for one in results) == [False, True]
    assert await members(house) == 1


@pytest.mark.parametrize(
    ("after", "ok"), [(timedelta(0), True), (7 * DAY - SECOND, True), (7 * DAY, False), (-61 * SECOND, False)]
)
async def test_an_invitation_lasts_for_seven_days(house: House, after: timedelta, ok: bool) -> None:
    await to_group(house)
    assert (await answer.offer(house.store, group_link(house), NOW + after) is not None) is ok
    if not ok:
        for act in (answer.accept, answer.decline):
            with pytest.raises(NotFound):
                await act(house.store, group_link(house), made(NOW + after, NINA))
        current = await in_group(house)
        assert current is not None
        assert current.version == 1


async def test_nobody_else_and_nothing_else_opens_it(house: House) -> None:
    await to_group(house)
    sound = group_link(house)
    for odd in (
        replace(sound, email=URI),
        replace(sound, target="rival"),
        replace(sound, target=house.group.organization_id),
        replace(sound, jti_hash=hashed("two")),
    ):
        assert await answer.offer(house.store, odd, NOW) is None
        for act in (answer.accept, answer.decline):
            with pytest.raises(NotFound):
                await act(house.store, odd, made(NOW, NINA))


async def test_an_offer_tells_what_it_is_to(house: House) -> None:
    await to_group(house)
    await to_organization(house)
    one, other = [await answer.offer(house.store, link(house), NOW) for link in (group_link, organization_link)]
    assert one is not None
    assert other is not None
    assert (one.group, one.organization.id) == (house.group, house.group.organization_id)
    assert (other.group, other.organization) == (None, one.organization)


async def test_a_removed_group_cannot_be_joined(house: House, intrude: Intrude) -> None:
    await to_group(house)

    async def others(count: int, _: Sequence[Change]) -> None:
        if count == 1:
            await house.remove_group()

    with pytest.raises(NotFound):
        await answer.accept(intrude(house.store, others), group_link(house), made(NOW + DAY, NINA))
    current = await in_group(house)
    assert current is not None
    assert (current.state.status, await in_organization(house)) == (AccessStatus.INVITED, None)
    with pytest.raises(NotFound):
        await to_group(house, email=URI)


async def test_a_person_who_was_removed_meanwhile_cannot_join(house: House, intrude: Intrude) -> None:
    await to_group(house)

    async def others(count: int, _: Sequence[Change]) -> None:
        if count == 1:
            await command.update(
                house.store,
                STAKEHOLDER,
                stakeholder_key(NINA),
                lambda old, _: replace(old, state=replace(old.state, status=StakeholderStatus.DELETED)),
                made(NOW + DAY),
            )

    with pytest.raises(NotFound):
        await answer.accept(intrude(house.store, others), group_link(house), made(NOW + DAY, NINA))
    assert await in_organization(house) is None


async def test_a_person_who_returns_continues_their_versions(house: House) -> None:
    await to_group(house)
    key = stakeholder_key(NINA)
    await command.update(
        house.store,
        STAKEHOLDER,
        key,
        lambda old, _: replace(old, state=replace(old.state, status=StakeholderStatus.DELETED)),
        made(NOW + DAY),
    )
    await to_organization(house, NOW + 2 * DAY)
    person = await read.get(house.store, STAKEHOLDER, key)
    assert person is not None
    assert (person.version, person.access.role, person.access.is_registered) == (3, PlatformRole.USER, False)
    with pytest.raises(ModelError, match="stakeholder"):
        await stakeholders.add(house.store, person, made(NOW + 3 * DAY))


async def test_a_member_is_not_invited_again(house: House) -> None:
    await to_group(house)
    await to_organization(house)
    for link in (group_link, organization_link):
        await answer.accept(house.store, link(house), made(NOW + DAY, NINA))
    for again in (to_group, to_organization):
        with pytest.raises(AlreadyExists, match="already_member") as caught:
            await again(house, NOW + 2 * DAY)
        assert caught.value.path == ("email",)


def test_nothing_is_accepted_without_an_invitation() -> None:
    stamp = made()
    with pytest.raises(ValueError, match="no invitation"):
        accepted(organization_member(NINA, uid("aurora"), OrganizationRole.USER, stamp), NOW, NINA)


async def test_a_full_group_takes_no_more_invitations(house: House) -> None:
    """The limit, and one more; whoever leaves makes room."""
    filled = Add(group_counters_key(house.group.name, 0), {"members": MAX_MEMBERS - 1}, {}, ANYTHING)
    await house.store.write((filled,))
    await to_group(house)
    assert await members(house) == MAX_MEMBERS
    with pytest.raises(Rejected, match="too_many") as caught:
        await to_group(house, email=URI)
    assert (caught.value.detail, await in_group(house, URI)) == ("1,000 members of a group", None)
    with pytest.raises(Rejected, match="too_many"):
        await to_group(house, email=address_of("unknown"))
    assert await read.get_any(house.store, STAKEHOLDER, stakeholder_key(address_of("unknown"))) is None
    again = await to_group(house, NOW + DAY, "two")
    assert again.version == 2
    await answer.decline(house.store, group_link(house, "two"), made(NOW + DAY, NINA))
    await to_group(house, email=URI)
    assert await members(house) == MAX_MEMBERS


def test_an_access_that_was_removed_offers_nothing() -> None:
    stamp = made()
    open_one = group_guest(NINA, "webshop", new_invitation("user", hashed("one"), stamp), stamp)
    assert is_open(open_one, NOW)
    assert not is_open(replace(open_one, state=replace(open_one.state, status=AccessStatus.REMOVED)), NOW)


async def test_a_membership_that_ends_meanwhile_begins_again(house: House, intrude: Intrude) -> None:
    """Who accepts an invitation to a group is a member of its organization, whatever happens at that moment."""
    await to_organization(house, role="user")
    await answer.accept(house.store, organization_link(house), made(NOW, NINA))
    await to_group(house)

    async def others(count: int, _: Sequence[Change]) -> None:
        if count == 1:
            await leave_organization(house.store, NINA, house.group.organization_id, made(NOW + SECOND))

    with pytest.raises(NotFound):  # leaving the organization cancels the invitation too
        await answer.accept(intrude(house.store, others), group_link(house), made(NOW + DAY, NINA))

    await to_organization(house, NOW + DAY, role="user")
    await answer.accept(house.store, organization_link(house), made(NOW + DAY, NINA))
    await to_group(house, NOW + DAY, "two")

    async def only_above(count: int, _: Sequence[Change]) -> None:
        if count == 1:
            key = organization_access_key(NINA, house.group.organization_id)
            alter = partial(withdrawn, by=HANA)
            await command.update(house.store, ORGANIZATION_ACCESS, key, alter, made(NOW + DAY + SECOND))

    await answer.accept(intrude(house.store, only_above), group_link(house, "two"), made(NOW + 2 * DAY, NINA))
    above = await in_organization(house)
    assert above is not None
    assert above.state.status is AccessStatus.ACTIVE
