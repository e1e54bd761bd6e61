"""CI tokens: who may issue them, what the identity behind one may do, and how that ends."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import World
from packages.api.tests.test_import_mutation import IMPORT, reasons, sarif

from integrates.api.authorization.actor import Actor, Means
from integrates.api.authorization.permissions import group_permissions
from integrates.api.execute import execute
from integrates.api.upload import in_memory
from integrates.db_model import tokens
from integrates.db_model.access.types import GroupRole
from integrates.db_model.entity import command, read
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import Stakeholder, StakeholderStatus
from integrates.db_model.store.port import Store
from integrates.db_model.testing.scene import address_of
from integrates.db_model.tokens.facet import ACCESS_TOKEN, access_token_key
from integrates.db_model.tokens.usage import record_use

CI: Final = "service:forces:webshop"
ISSUE: Final = """mutation ($group: ID!) { issueForcesToken(groupName: $group) {
  token { id name issuedAt expiresAt lastUse expiresSoon } secret errors { code reason message path } } }"""
REVOKE: Final = "mutation ($group: ID!) { revokeForcesToken(groupName: $group) { id errors { code reason message path } } }"
SHOWN: Final = 'query { group(name: "webshop") { forcesToken { id name lastUse expiresSoon } } }'
ME: Final = """{ me { id email role permissions firstName organizations { name } groups { name userRole permissions }
  accessTokens { name expiresSoon } invitations { role } assignedVulnerabilities(first: 5) { nodes { id } } } }"""


async def issued(world: World, person: str = "greta", group: str = "webshop") -> Any:
    return (await world.data(person, ISSUE, group=group))["issueForcesToken"]


async def asked_by_ci(
    world: World, query: str, *, token: str | None = None, store: Store | None = None, **variables: Any
) -> Any:
    """Send a query as the CI identity of ``webshop`` and return the answer."""
    call = replace(world.call("uri", store=store), actor=Actor(CI, Means.CI_TOKEN, token))
    return (await execute(world.api, {"query": query, "variables": variables}, call)).body


@pytest.mark.parametrize("person", ["greta", "olga", "ada"])
async def test_who_manages_a_group_issues_its_token(world: World, person: str) -> None:
    payload = await issued(world, person)
    token = payload["token"]
    assert (payload["errors"], token["name"], token["lastUse"], token["expiresSoon"]) == ([], "ci", None, False)
    stored = await read.get(world.store, ACCESS_TOKEN, access_token_key(token["id"]))
    assert stored is not None
    assert stored.expires_at - stored.issued_at == timedelta(days=180)
    assert stored.jti_hash == sha256(f"{token['id']}.secret".encode()).hexdigest()
    assert payload["secret"] == f"signed ci {token['id']}.secret"
    shown = (await world.data(person, SHOWN))["group"]["forcesToken"]
    assert shown == {"id": token["id"], "name": "ci", "lastUse": None, "expiresSoon": False}


@pytest.mark.parametrize("person", ["vera", "uri", "hana", "reto", "remy"])
@pytest.mark.parametrize(("field", "query"), [("issueForcesToken", ISSUE), ("revokeForcesToken", REVOKE)])
async def test_nobody_else_of_the_group_does(world: World, person: str, field: str, query: str) -> None:
    token = (await issued(world))["token"]["id"]
    payload = (await world.data(person, query, group="webshop"))[field]
    assert reasons(payload) == [("FORBIDDEN", "missing_permission", ["groupName"])]
    assert (await world.data(person, SHOWN))["group"]["forcesToken"] is None
    assert (await world.data("greta", SHOWN))["group"]["forcesToken"]["id"] == token


@pytest.mark.parametrize(("field", "query"), [("issueForcesToken", ISSUE), ("revokeForcesToken", REVOKE)])
async def test_tokens_are_managed_in_a_session(world: World, field: str, query: str) -> None:
    await issued(world)
    answer = await world.answer("greta", query, means=Means.API_TOKEN, group="webshop")
    assert reasons(answer.body["data"][field]) == [("FORBIDDEN", "session_required", [])]


async def test_another_tenant_finds_no_group(world: World) -> None:
    foreign = await world.answer("greta2", ISSUE, group="webshop")
    assert foreign == await world.answer("greta2", ISSUE, group="nothing-here")
    assert reasons(foreign.body["data"]["issueForcesToken"]) == [("NOT_FOUND", "not_found", ["groupName"])]


async def test_what_was_revoked_is_revoked_once(world: World) -> None:
    token = (await issued(world))["token"]["id"]
    assert (await world.data("greta", REVOKE, group="webshop"))["revokeForcesToken"] == {"id": token, "errors": []}
    assert (await world.data("greta", SHOWN))["group"]["forcesToken"] is None
    again = (await world.data("greta", REVOKE, group="webshop"))["revokeForcesToken"]
    assert (again["id"], reasons(again)) == (None, [("NOT_FOUND", "no_token", [])])


async def test_the_ci_identity_is_shown_to_itself_as_a_mere_user(world: World) -> None:
    await issued(world)
    me = (await asked_by_ci(world, ME))["data"]["me"]
    expected = sorted(group_permissions(GroupRole.SERVICE_FORCES))
    assert me == {
        "id": CI,
        "email": CI,
        "role": "USER",
        "permissions": [],
        "firstName": None,
        "organizations": [],
        "groups": [{"name": "webshop", "userRole": "SERVICE_FORCES", "permissions": expected}],
        "accessTokens": [{"name": "ci", "expiresSoon": False}],
        "invitations": [],
        "assignedVulnerabilities": {"nodes": []},
    }


@pytest.mark.parametrize("days, soon", [(165, False), (166, True), (179, True)])
async def test_it_is_told_when_its_token_ends(world: World, days: int, *, soon: bool) -> None:
    stamp = replace(world.stamp(), at=world.now() - timedelta(days=days))
    made = await tokens.issue_ci_token(world.store, "webshop", stamp, world.new_id(), "0" * 64)
    assert (await asked_by_ci(world, ME))["data"]["me"]["accessTokens"] == [{"name": "ci", "expiresSoon": soon}]
    await record_use(world.store, "TOKEN", made.id, None, stamp.at)
    shown = (await world.data("greta", SHOWN))["group"]["forcesToken"]
    assert (shown["lastUse"] is not None, shown["expiresSoon"]) == (True, soon)


async def test_a_token_that_has_expired_is_shown_to_nobody(world: World) -> None:
    stamp = replace(world.stamp(), at=world.now() - timedelta(days=180))
    await tokens.issue_ci_token(world.store, "webshop", stamp, world.new_id(), "0" * 64)
    assert (await world.data("greta", SHOWN))["group"]["forcesToken"] is None


MANAGING: Final = {
    'addAccessToken(name: "mine", expiresAt: "2026-06-01T00:00:00Z")': [],
    "revokeAccessToken(id: $own)": ["id"],
    'issueForcesToken(groupName: "webshop")': ["groupName"],
    'revokeForcesToken(groupName: "webshop")': ["groupName"],
    'addOrganization(name: "founded")': [],
}


@pytest.mark.parametrize("call", MANAGING)
async def test_it_manages_neither_tokens_nor_anything_of_the_platform(world: World, call: str) -> None:
    own = (await issued(world))["token"]["id"]
    declared, given = ("($own: ID!)", {"own": own}) if "$own" in call else ("", {})
    answer = await asked_by_ci(world, f"mutation {declared} {{ x: {call} {{ errors {{ code reason path }} }} }}", **given)
    assert reasons(answer["data"]["x"]) == [("FORBIDDEN", "missing_permission", MANAGING[call])]


async def test_it_sees_its_own_group_only(world: World) -> None:
    await issued(world)
    await issued(world, "greta2", "cargo")
    query = """{ own: group(name: "webshop") { name organization { name } members(first: 5) { nodes { id } } }
      cargo: group(name: "cargo") { name } }"""
    data = (await asked_by_ci(world, query))["data"]
    assert data == {"own": {"name": "webshop", "organization": None, "members": None}, "cargo": None}


async def test_members_and_their_number_leave_it_out(world: World) -> None:
    query = '{ group(name: "webshop") { members(first: 50) { totalCount nodes { role } } } }'
    before = (await world.data("greta", query))["group"]["members"]
    await issued(world)
    assert (await world.data("greta", query))["group"]["members"] == before


async def imported(world: World, store: Store | None = None, token: str | None = None, results: int = 1) -> Any:
    file = in_memory("scan.sarif", sarif(*(("r1", f"app/{number}.py", 1) for number in range(results))))
    answer = await asked_by_ci(world, IMPORT, store=store, token=token, root=world.aurora.root.id, file=file)
    return answer["data"]["importVulnerabilities"]


async def test_it_imports_and_history_says_so(world: World) -> None:
    token = (await issued(world))["token"]["id"]
    payload = await imported(world, token=token)
    assert (payload["errors"], payload["import"]["state"], payload["import"]["counts"]["created"]) == ([], "COMPLETED", 1)
    query = '{ group(name: "webshop") { imports(first: 1) { nodes { createdBy } } } }'
    assert (await world.data("greta", query))["group"]["imports"]["nodes"] == [{"createdBy": CI}]


@pytest.mark.parametrize("end", ["revoked", "issued again"])
async def test_what_its_token_began_ends_with_it_before_the_next_chunk(world: World, end: str) -> None:
    """The token ends while the second chunk is being written: what is written stays, nothing follows."""
    token = (await issued(world))["token"]["id"]
    writes = 0

    async def write(changes: Sequence[Any]) -> None:
        nonlocal writes
        await world.store.write(changes)
        writes += len(changes) > 50
        if writes == 2 and len(changes) > 50:
            if end == "revoked":
                await tokens.revoke_ci_token(world.store, "webshop", world.stamp())
            else:
                await tokens.issue_ci_token(world.store, "webshop", world.stamp(), world.new_id(), "0" * 64)

    narrow = replace(world.store, write=write, max_changes=100)
    payload = await imported(world, store=narrow, token=token, results=120)
    run = payload["import"]
    assert (run["state"], run["reason"]) == ("FAILED", "not_allowed")
    assert 0 < run["counts"]["created"] < 120


async def test_without_its_access_the_identity_is_nobody(world: World) -> None:
    assert (await asked_by_ci(world, "{ me { email } }"))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await asked_by_ci(world, '{ group(name: "webshop") { name } }'))["data"] == {"group": None}
    await issued(world)
    await world.data("greta", REVOKE, group="webshop")
    assert (await asked_by_ci(world, '{ group(name: "webshop") { name } }'))["data"] == {"group": None}


async def test_a_removed_persons_access_is_none_either(world: World) -> None:
    """Removing a person takes their accesses; what a cut left of these opens nothing."""

    def removed(old: Stakeholder, at: datetime) -> Stakeholder:
        return replace(old, state=replace(old.state, status=StakeholderStatus.DELETED, at=at))

    await command.update(world.store, STAKEHOLDER, stakeholder_key(address_of("uri")), removed, world.stamp())
    assert await world.data("uri", '{ group(name: "webshop") { name } }') == {"group": None}
