"""Members, people and open invitations: who sees them, and that those who are invited are told apart from members."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import stamping

from integrates.db_model.access.commands import add_to_group, add_to_organization, group_guest
from integrates.db_model.access.types import AccessState, AccessStatus, Invitation, OrganizationAccess
from integrates.db_model.entity.command import update
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import Stakeholder, StakeholderStatus
from integrates.db_model.testing import scene
from integrates.db_model.testing.scene import address_of

if TYPE_CHECKING:
    from datetime import datetime

    from packages.api.tests.conftest import World

MEMBERS = """query ($first: Int, $after: String) { group(name: "webshop") { members(first: $first, after: $after) {
  totalCount pageInfo { hasNextPage endCursor } nodes { role state invitedRole invitationExpiresAt responsibility version
    stakeholder { email firstName isRegistered role lastLogin history { nodes { version } } }
    history { nodes { operation aspects } } } } } }"""
OF_ORGANIZATION = """query ($id: ID!) { organization(id: $id) { members(first: 50) {
  totalCount nodes { role state invitedRole stakeholder { email } history { nodes { version } } } } } }"""
INVITATIONS = "{ me { groups { name } organizations { name } invitations { organizationName groupName role expiresAt } } }"
PEOPLE = """query ($text: String, $first: Int, $after: String) { stakeholders(text: $text, first: $first, after: $after) {
  totalCount pageInfo { hasNextPage endCursor } nodes { email role version history { nodes { operation } } } } }"""


def invitation(world: World, role: str, days: int = 7) -> Invitation:
    """Make an invitation of last week that ends in some days."""
    at = world.now()
    return Invitation(role=role, jti_hash="ab" * 32, sent_at=at - timedelta(days=7), expires_at=at + timedelta(days=days))


async def add_person(world: World, name: str) -> None:
    """Store somebody who has never logged in."""
    await scene.add_person(world.store, address_of(name), stamping())


async def invite(world: World, name: str, group_name: str, days: int = 7) -> None:
    """Invite a person to a group as a hacker."""
    stamp = world.stamp()
    await add_to_group(world.store, group_guest(address_of(name), group_name, invitation(world, "hacker", days), stamp), stamp)


async def invite_to_aurora(world: World, name: str) -> None:
    """Invite a person to the first organization as a manager."""
    stamp = world.stamp()
    access = OrganizationAccess(
        email=address_of(name),
        organization_id=world.aurora.organization.id,
        invitation=invitation(world, "organization_manager"),
        state=AccessState(status=AccessStatus.INVITED, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )
    await add_to_organization(world.store, access, stamp)


@pytest.fixture
async def nina(world: World) -> str:
    """Somebody who is invited to the group ``webshop`` and its organization, and was invited to ``cargo`` in vain."""
    await add_person(world, "nina")
    await invite(world, "nina", "webshop")
    await invite(world, "nina", "cargo", days=0)
    await invite_to_aurora(world, "nina")
    return address_of("nina")


async def members(world: World, person: str, **page: Any) -> Any:
    """Read a page of the group's members."""
    return (await world.data(person, MEMBERS, **page))["group"]["members"]


async def test_members_are_listed_with_their_roles(world: World, nina: str) -> None:
    found = await members(world, "vera", first=50)
    by_email = {node["stakeholder"]["email"]: node for node in found["nodes"]}
    assert list(by_email) == sorted([nina, *map(address_of, ("greta", "hana", "remy", "reto", "uri", "vera"))])
    assert found["totalCount"] == 7
    greta, invited = by_email[address_of("greta")], by_email[nina]
    assert (greta["role"], greta["state"], greta["invitedRole"]) == ("GROUP_MANAGER", "ACTIVE", None)
    assert (invited["role"], invited["state"], invited["invitedRole"]) == (None, "INVITED", "HACKER")
    assert invited["invitationExpiresAt"].startswith("2026-05-08T")
    assert (greta["stakeholder"]["firstName"], invited["stakeholder"]["isRegistered"]) == ("Greta", False)
    assert "jti_hash" not in str(found)
    assert invited["history"]["nodes"][0]["aspects"]["invitation"]["role"] == "hacker"


async def test_what_only_admins_may_know_of_people_is_withheld(world: World) -> None:
    seen, all_of_it = await members(world, "greta", first=1), await members(world, "ada", first=1)
    (withheld,), (shown,) = seen["nodes"], all_of_it["nodes"]
    assert (withheld["stakeholder"]["role"], withheld["stakeholder"]["history"]) == (None, None)
    assert (shown["stakeholder"]["role"], len(shown["stakeholder"]["history"]["nodes"])) == ("USER", 1)


@pytest.mark.parametrize(("person", "may"), [("greta", True), ("remy", True), ("olga", True), ("uri", False), ("hana", False)])
async def test_members_are_for_those_who_may_read_them(world: World, person: str, may: bool) -> None:
    assert (await members(world, person, first=50) is not None) is may


async def test_who_was_removed_as_a_person_is_left_out(world: World) -> None:
    def removed(old: Stakeholder, _: datetime) -> Stakeholder:
        return replace(old, state=replace(old.state, status=StakeholderStatus.DELETED))

    await update(world.store, STAKEHOLDER, stakeholder_key(address_of("uri")), removed, world.stamp())
    found = await members(world, "greta", first=50)
    assert [node["stakeholder"]["email"] for node in found["nodes"]] == [
        address_of(name) for name in ("greta", "hana", "remy", "reto", "vera")
    ]


async def test_members_are_walked_at_every_page_size(world: World, nina: str) -> None:
    for size in range(1, 9):
        emails, after = [], None
        while True:
            page = await members(world, "greta", first=size, after=after)
            emails += [node["stakeholder"]["email"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert emails == sorted(emails)
        assert (len(emails), nina in emails) == (7, True)


async def test_members_of_an_organization(world: World, nina: str) -> None:
    ids = {"id": world.aurora.organization.id}
    found = (await world.data("olga", OF_ORGANIZATION, **ids))["organization"]["members"]
    roles = {node["stakeholder"]["email"]: (node["role"], node["state"], node["invitedRole"]) for node in found["nodes"]}
    assert roles[address_of("olga")] == ("ORGANIZATION_MANAGER", "ACTIVE", None)
    assert roles[nina] == (None, "INVITED", "ORGANIZATION_MANAGER")
    assert (len(roles), found["totalCount"]) == (8, None)
    assert all(node["history"]["nodes"] for node in found["nodes"])
    assert (await world.data("greta", OF_ORGANIZATION, **ids))["organization"] == {"members": None}


async def test_open_invitations_are_shown_and_give_nothing_yet(world: World, nina: str) -> None:
    me = (await world.data(nina.partition("@")[0], INVITATIONS))["me"]
    assert (me["groups"], me["organizations"]) == ([], [])
    assert [(one["organizationName"], one["groupName"], one["role"]) for one in me["invitations"]] == [
        ("aurora", None, "ORGANIZATION_MANAGER"),
        ("aurora", "webshop", "HACKER"),
    ]
    assert (await world.data("uri", INVITATIONS))["me"]["invitations"] == []


async def test_people_are_for_admins(world: World) -> None:
    for person in ("olga", "uri", "otto"):
        assert await world.data(person, PEOPLE) == {"stakeholders": None}
    emails, after = [], None
    while True:
        page = (await world.data("ada", PEOPLE, first=3, after=after))["stakeholders"]
        emails += [node["email"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert (len(emails), len(set(emails))) == (16, 16)
    found = (await world.data("ada", PEOPLE, text="GRETA"))["stakeholders"]
    assert sorted(node["email"] for node in found["nodes"]) == [address_of("greta2"), address_of("greta")]
    assert found["nodes"][0]["history"]["nodes"] == [{"operation": "log_in"}]
