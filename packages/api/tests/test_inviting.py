"""Inviting people through the API: who may offer which role, and what the link leads to."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from packages.api.tests.test_adding import ERRORS, call, reasons

from integrates.db_model.access import answer
from integrates.db_model.access.answer import Link
from integrates.db_model.entity.types import Stamp
from integrates.db_model.testing.scene import address_of

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

    from integrates.db_model.access.types import GroupAccess, OrganizationAccess

MEMBER = "id version role state invitedRole invitationExpiresAt stakeholder { email isRegistered }"
TO_GROUP = f"""mutation ($group: ID! = "webshop", $email: String!, $role: GroupRole! = HACKER, $for: String) {{
  addGroupMember(groupName: $group, email: $email, role: $role, responsibility: $for) {{
  member {{ {MEMBER} responsibility }} invitationUrl {ERRORS} }} }}"""
TO_ORGANIZATION = f"""mutation ($id: ID!, $email: String!, $role: OrganizationRole! = USER) {{
  addOrganizationMember(organizationId: $id, email: $email, role: $role) {{
  member {{ {MEMBER} }} invitationUrl {ERRORS} }} }}"""
NINAS = '{ group(name: "webshop") { userRole organization { userRole } } me { invitations { role } } }'
NINA = address_of("nina")


async def accept(world: World, url: str) -> GroupAccess | OrganizationAccess:
    """Accept as the page does: the link names the person, the target and the secret."""
    email, _, jti = url.removeprefix("/invitations/").partition(" ")
    link = Link(email=email, target=jti.partition(".")[0], jti_hash=sha256(jti.encode()).hexdigest())
    stamp = Stamp(by=email, at=world.now(), operation="accept_invitation", change_id=world.new_id())
    return await answer.accept(world.store, link, stamp)


@pytest.mark.parametrize("person", ["greta", "olga", "ada"])
async def test_who_is_invited_to_a_group_gets_in_by_the_link(world: World, person: str) -> None:
    payload = await call(world, person, TO_GROUP, **{"email": "Nina@demo.example", "for": "Payments"})
    assert reasons(payload) == []
    member = payload["member"]
    assert (member["id"], member["stakeholder"]) == (f"webshop/{NINA}", {"email": NINA, "isRegistered": False})
    assert (member["role"], member["state"], member["invitedRole"]) == (None, "INVITED", "HACKER")
    assert (member["responsibility"], member["version"], member["invitationExpiresAt"][:10]) == ("Payments", 1, "2026-05-08")
    assert await world.data("nina", '{ group(name: "webshop") { name } }') == {"group": None}
    await accept(world, payload["invitationUrl"])
    found = await world.data(
        "nina", '{ group(name: "webshop") { userRole organization { userRole } } me { invitations { role } } }'
    )
    assert found["group"] == {"userRole": "HACKER", "organization": {"userRole": "USER"}}
    assert found["me"]["invitations"] == []


async def test_who_is_invited_to_an_organization_gets_in_by_the_link(world: World) -> None:
    ids = {"id": world.aurora.organization.id}
    payload = await call(world, "olga", TO_ORGANIZATION, email=NINA, role="ORGANIZATION_MANAGER", **ids)
    assert reasons(payload) == []
    assert payload["member"]["invitedRole"] == "ORGANIZATION_MANAGER"
    me = (await world.data("nina", "{ me { invitations { organizationName groupName role } } }"))["me"]
    assert me["invitations"] == [{"organizationName": "aurora", "groupName": None, "role": "ORGANIZATION_MANAGER"}]
    await accept(world, payload["invitationUrl"])
    found = await world.data("nina", "query ($id: ID!) { organization(id: $id) { userRole } }", **ids)
    assert found == {"organization": {"userRole": "ORGANIZATION_MANAGER"}}


@pytest.mark.parametrize(
    ("person", "refused"),
    [
        ("vera", ("FORBIDDEN", "missing_permission", ["groupName"])),
        ("uri", ("FORBIDDEN", "missing_permission", ["groupName"])),
        ("hana", ("FORBIDDEN", "missing_permission", ["groupName"])),
        ("greta2", ("NOT_FOUND", "not_found", ["groupName"])),
        ("olga2", ("NOT_FOUND", "not_found", ["groupName"])),
        ("otto", ("NOT_FOUND", "not_found", ["groupName"])),
    ],
)
async def test_others_invite_nobody(world: World, person: str, refused: tuple[str, str, list[str]]) -> None:
    assert reasons(await call(world, person, TO_GROUP, email=NINA)) == [refused]


async def test_a_group_manager_invites_nobody_to_the_organization(world: World) -> None:
    payload = await call(world, "greta", TO_ORGANIZATION, email=NINA, id=world.aurora.organization.id)
    assert reasons(payload) == [("FORBIDDEN", "missing_permission", ["organizationId"])]


@pytest.mark.parametrize("person", ["greta", "olga", "ada"])
async def test_the_role_of_the_ci_identity_is_granted_by_nobody(world: World, person: str) -> None:
    payload = await call(world, person, TO_GROUP, email=NINA, role="SERVICE_FORCES")
    assert reasons(payload) == [("FORBIDDEN", "role_not_grantable", ["role"])]


async def test_what_else_is_refused(world: World) -> None:
    assert reasons(await call(world, "greta", TO_GROUP, email=address_of("uri"))) == [
        ("ALREADY_EXISTS", "already_member", ["email"])
    ]
    assert reasons(await call(world, "greta", TO_GROUP, email="nobody")) == [("INVALID", "bad_format", ["email"])]
    assert reasons(await call(world, "greta", TO_GROUP, email=NINA)) == []
    assert reasons(await call(world, "olga", TO_GROUP, email=NINA, role="USER")) == [
        ("LIMIT_EXCEEDED", "invited_too_soon", ["email"])
    ]
    assert reasons(await call(world, "olga", TO_ORGANIZATION, email=NINA, id=world.aurora.organization.id)) == []


@pytest.mark.parametrize("odd", [{"role": "BOSS"}, {"email": 7}, {"role": None}])
async def test_wrong_types_are_refused_by_the_schema(world: World, odd: dict[str, Any]) -> None:
    answered = await world.answer("greta", TO_GROUP, **{"email": NINA, **odd})
    assert answered.status == 400
