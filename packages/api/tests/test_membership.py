"""Changing members through the API: who may, who may leave, and that it holds on the next request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.test_adding import ERRORS, call, reasons
from packages.api.tests.test_walker import token_of

from integrates.api.authorization.actor import Actor, Means
from integrates.api.execute import execute
from integrates.db_model.access.rules import ci_identity
from integrates.db_model.testing.scene import address_of

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

UPDATE = f"""mutation ($group: ID! = "webshop", $email: String!, $role: GroupRole, $version: Int) {{
  updateGroupMember(groupName: $group, email: $email, role: $role, expectedVersion: $version) {{
  member {{ role version }} {ERRORS} }} }}"""
REMOVE = f"""mutation ($group: ID! = "webshop", $email: String!, $version: Int) {{
  removeGroupMember(groupName: $group, email: $email, expectedVersion: $version) {{ id {ERRORS} }} }}"""
UPDATE_ABOVE = f"""mutation ($id: ID!, $email: String!, $role: OrganizationRole!, $version: Int) {{
  updateOrganizationMember(organizationId: $id, email: $email, role: $role, expectedVersion: $version) {{
  member {{ role version }} {ERRORS} }} }}"""
REMOVE_ABOVE = f"""mutation ($id: ID!, $email: String!, $version: Int) {{
  removeOrganizationMember(organizationId: $id, email: $email, expectedVersion: $version) {{ id {ERRORS} }} }}"""
PERSON = f"""mutation ($email: ID!, $version: Int) {{
  removeStakeholder(email: $email, expectedVersion: $version) {{ id {ERRORS} }} }}"""
ROLE = f"""mutation ($email: ID!, $role: PlatformRole!, $version: Int) {{
  updateStakeholderRole(email: $email, role: $role, expectedVersion: $version) {{
  stakeholder {{ email role version }} {ERRORS} }} }}"""
ME = f"""mutation ($first: String, $last: String, $version: Int) {{
  updateMe(firstName: $first, lastName: $last, expectedVersion: $version) {{
  me {{ firstName lastName version }} {ERRORS} }} }}"""
LEAVE = f"mutation ($version: Int) {{ removeMe(expectedVersion: $version) {{ id {ERRORS} }} }}"
SEES = """query ($id: ID!) { group(name: "webshop") { userRole } organization(id: $id) { userRole } }"""
FORBIDDEN, MISSING = "FORBIDDEN", "missing_permission"


async def sees(world: World, person: str) -> tuple[Any, Any]:
    """Return the roles that a person acts in, in the group and its organization; ``None`` for what they do not see."""
    found = await world.data(person, SEES, id=world.aurora.organization.id)
    group, organization = found["group"], found["organization"]
    return group and group["userRole"], organization and organization["userRole"]


@pytest.mark.parametrize("granter", ["greta", "olga", "ada"])
async def test_a_role_in_the_group_changes_with_the_next_request(world: World, granter: str) -> None:
    payload = await call(world, granter, UPDATE, email=address_of("uri"), role="HACKER", version=1)
    assert payload == {"member": {"role": "HACKER", "version": 2}, "errors": []}
    assert await sees(world, "uri") == ("HACKER", "USER")
    late = await call(world, granter, UPDATE, email=address_of("uri"), role="USER", version=1)
    assert (reasons(late), late["errors"][0]["currentVersion"]) == ([("CONFLICT", "stale_version", [])], 2)


@pytest.mark.parametrize("granter", ["greta", "olga", "ada"])
async def test_a_removed_member_of_the_group_sees_nothing_with_the_next_request(world: World, granter: str) -> None:
    assert await call(world, granter, REMOVE, email=address_of("uri")) == {"id": address_of("uri"), "errors": []}
    assert await sees(world, "uri") == (None, "USER")
    assert reasons(await call(world, granter, REMOVE, email=address_of("uri"))) == [("NOT_FOUND", "not_found", ["email"])]


@pytest.mark.parametrize("person", ["greta", "vera", "uri", "hana", "reto", "remy"])
async def test_everybody_may_leave_a_group(world: World, person: str) -> None:
    assert reasons(await call(world, person, REMOVE, email=address_of(person).upper())) == []
    assert await sees(world, person) == (None, "USER")


@pytest.mark.parametrize("person", ["vera", "uri", "hana", "reto", "remy"])
async def test_who_may_not_grant_removes_and_changes_nobody(world: World, person: str) -> None:
    for other in ("greta", "nobody"):
        refused = [(FORBIDDEN, MISSING, ["groupName"])]
        assert reasons(await call(world, person, REMOVE, email=address_of(other))) == refused
        assert reasons(await call(world, person, UPDATE, email=address_of(other), role="USER")) == refused


@pytest.mark.parametrize("person", ["greta2", "olga2", "otto"])
async def test_others_do_not_see_what_they_would_change(world: World, person: str) -> None:
    for query in (REMOVE, UPDATE):
        for email in (address_of("uri"), address_of(person)):
            found = await call(world, person, query, email=email)
            assert reasons(found) == [("NOT_FOUND", "not_found", ["groupName"])]
    for query, role in ((REMOVE_ABOVE, {}), (UPDATE_ABOVE, {"role": "USER"})):
        found = await call(world, person, query, email=address_of("uri"), id=world.aurora.organization.id, **role)
        assert reasons(found) == [("NOT_FOUND", "not_found", ["organizationId"])]


async def test_nobody_changes_their_own_role(world: World) -> None:
    assert reasons(await call(world, "greta", UPDATE, email=address_of("greta"), role="USER")) == [
        ("INVALID", "own_role", ["role"])
    ]
    ids = {"id": world.aurora.organization.id}
    assert reasons(await call(world, "olga", UPDATE_ABOVE, email=address_of("olga"), role="USER", **ids)) == [
        ("INVALID", "own_role", ["role"])
    ]
    assert await sees(world, "greta") == ("GROUP_MANAGER", "USER")


@pytest.mark.parametrize("granter", ["greta", "olga", "ada"])
async def test_the_role_of_the_ci_identity_is_given_and_taken_by_nobody(world: World, granter: str) -> None:
    await token_of(world, "webshop")
    refused = [(FORBIDDEN, "role_not_grantable", ["role"])]
    assert reasons(await call(world, granter, UPDATE, email=address_of("uri"), role="SERVICE_FORCES")) == refused
    for query in (REMOVE, UPDATE):
        payload = await call(world, granter, query, email=ci_identity("webshop"))
        assert reasons(payload) == [(FORBIDDEN, "role_not_grantable", ["email"])]


async def test_the_ci_identity_does_not_leave(world: World) -> None:
    await token_of(world, "webshop")
    identity = ci_identity("webshop")
    demand = {"query": REMOVE, "variables": {"email": identity}}
    answer = await execute(world.api, demand, replace(world.call(None), actor=Actor(identity, Means.CI_TOKEN)))
    assert reasons(answer.body["data"]["removeGroupMember"]) == [(FORBIDDEN, "role_not_grantable", ["email"])]


async def test_a_role_in_the_organization_changes_with_the_next_request(world: World) -> None:
    ids = {"id": world.aurora.organization.id, "email": address_of("uri")}
    payload = await call(world, "olga", UPDATE_ABOVE, role="ORGANIZATION_MANAGER", version=1, **ids)
    assert payload == {"member": {"role": "ORGANIZATION_MANAGER", "version": 2}, "errors": []}
    assert await sees(world, "uri") == ("GROUP_MANAGER", "ORGANIZATION_MANAGER")
    assert reasons(await call(world, "uri", UPDATE_ABOVE, role="USER", id=ids["id"], email=address_of("olga"))) == []
    assert await sees(world, "olga") == (None, "USER")
    last = await call(world, "ada", UPDATE_ABOVE, role="USER", **ids)
    assert reasons(last) == [("INVALID", "last_manager", [])]


async def test_leaving_an_organization_is_leaving_its_groups(world: World) -> None:
    ids = {"id": world.aurora.organization.id, "email": address_of("uri")}
    assert await call(world, "uri", REMOVE_ABOVE, **ids) == {"id": address_of("uri"), "errors": []}
    assert await sees(world, "uri") == (None, None)
    assert reasons(await call(world, "olga", REMOVE_ABOVE, **ids)) == [("NOT_FOUND", "not_found", ["email"])]


async def test_who_may_not_grant_removes_nobody_from_the_organization(world: World) -> None:
    ids = {"id": world.aurora.organization.id}
    for other in ("olga", "nobody"):
        payload = await call(world, "greta", REMOVE_ABOVE, email=address_of(other), **ids)
        assert reasons(payload) == [(FORBIDDEN, MISSING, ["organizationId"])]
        changed = await call(world, "greta", UPDATE_ABOVE, email=address_of(other), role="USER", **ids)
        assert reasons(changed) == [(FORBIDDEN, MISSING, ["organizationId"])]


async def test_of_two_managers_who_leave_at_once_one_stays(world: World) -> None:
    ids = {"id": world.aurora.organization.id}
    await call(world, "olga", UPDATE_ABOVE, role="ORGANIZATION_MANAGER", email=address_of("uri"), **ids)
    payloads = await asyncio.gather(
        *(call(world, name, REMOVE_ABOVE, email=address_of(name), **ids) for name in ("olga", "uri"))
    )
    assert sorted(map(reasons, payloads)) == [[], [("INVALID", "last_manager", [])]]


async def test_a_member_of_a_removed_person_is_not_shown_to_the_next_request(world: World) -> None:
    assert reasons(await call(world, "ada", PERSON, email=address_of("uri"))) == []
    found = await world.data("greta", '{ group(name: "webshop") { members { totalCount nodes { stakeholder { email } } } } }')
    emails = [node["stakeholder"]["email"] for node in found["group"]["members"]["nodes"]]
    assert (address_of("uri") in emails, found["group"]["members"]["totalCount"]) == (False, 5)
    assert await sees(world, "uri") == (None, None)


async def test_people_say_what_they_are_called(world: World) -> None:
    payload = await call(world, "otto", ME, last="Ohm", version=1)
    assert payload == {"me": {"firstName": "Otto", "lastName": "Ohm", "version": 2}, "errors": []}
    cleared = await call(
        world, "otto", "mutation { updateMe(firstName: null) { me { firstName lastName } errors { reason } } }"
    )
    assert cleared["me"] == {"firstName": None, "lastName": "Ohm"}
    assert reasons(await call(world, "otto", ME, first="x" * 51, last="")) == [
        ("INVALID", "too_long", ["firstName"]),
        ("INVALID", "required", ["lastName"]),
    ]
    late = await call(world, "otto", ME, first="x" * 51, version=1)
    assert (reasons(late), late["errors"][0]["currentVersion"]) == ([("CONFLICT", "stale_version", [])], 3)


async def test_a_role_on_the_platform_changes_with_the_next_request(world: World) -> None:
    payload = await call(world, "ada", ROLE, email=address_of("otto"), role="ADMIN", version=1)
    assert payload["stakeholder"] == {"email": address_of("otto"), "role": "ADMIN", "version": 2}
    assert await sees(world, "otto") == ("GROUP_MANAGER", "ORGANIZATION_MANAGER")
    assert reasons(await call(world, "otto", ROLE, email=address_of("ada"), role="USER")) == []
    assert reasons(await call(world, "ada", ROLE, email=address_of("otto"), role="USER")) == [(FORBIDDEN, MISSING, [])]
    assert reasons(await call(world, "otto", ROLE, email=address_of("otto"), role="USER")) == [
        ("INVALID", "own_role", ["role"])
    ]
    assert reasons(await call(world, "otto", ROLE, email="nobody", role="USER")) == [("NOT_FOUND", "not_found", ["email"])]


@pytest.mark.parametrize("person", ["olga", "greta", "uri", "otto"])
async def test_people_are_for_admins(world: World, person: str) -> None:
    for other in ("uri", "nobody"):
        assert reasons(await call(world, person, ROLE, email=address_of(other), role="ADMIN")) == [(FORBIDDEN, MISSING, [])]
        assert reasons(await call(world, person, PERSON, email=address_of(other))) == [(FORBIDDEN, MISSING, [])]


async def test_who_removes_themselves_is_nobody_with_the_next_request(world: World) -> None:
    late = await call(world, "uri", LEAVE, version=2)
    assert (reasons(late), late["errors"][0]["currentVersion"]) == ([("CONFLICT", "stale_version", [])], 1)
    assert await call(world, "uri", LEAVE, version=1) == {"id": address_of("uri"), "errors": []}
    assert await sees(world, "uri") == (None, None)
    answer = await world.answer("uri", "{ me { email } }")
    assert answer.body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_last_manager_cannot_be_removed(world: World) -> None:
    assert reasons(await call(world, "olga", LEAVE)) == [("INVALID", "last_manager", [])]
    assert reasons(await call(world, "ada", PERSON, email=address_of("olga"))) == [("INVALID", "last_manager", [])]
    assert await sees(world, "olga") == ("GROUP_MANAGER", "ORGANIZATION_MANAGER")
    assert reasons(await call(world, "ada", PERSON, email=address_of("nobody"))) == [("NOT_FOUND", "not_found", ["email"])]
