"""Adding organizations, groups, roots and access tokens."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.api.authorization.actor import Means
from integrates.db_model.entity import read
from integrates.db_model.entity.command import update
from integrates.db_model.groups.facet import GROUP as FACET
from integrates.db_model.groups.facet import group_key
from integrates.db_model.groups.types import GroupRemovalReason, GroupStatus
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import Stakeholder, StakeholderStatus
from integrates.db_model.testing.scene import address_of
from integrates.db_model.tokens.facet import ACCESS_TOKEN, access_token_key

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from packages.api.tests.conftest import World

    from integrates.db_model.store.port import Store

ERRORS = "errors { code reason message path currentVersion }"
ORGANIZATION = f"""mutation ($name: String!, $country: String) {{ addOrganization(name: $name, country: $country) {{
  organization {{ id name country userRole version createdBy groups {{ name }} }} {ERRORS} }} }}"""
GROUP = f"""mutation ($id: ID!, $name: String!, $description: String = "A group", $language: Language) {{
  addGroup(organizationId: $id, name: $name, description: $description, language: $language) {{
  group {{ name language userRole organization {{ name }} summary {{ open }} }} {ERRORS} }} }}"""
ROOT = f"""mutation ($group: ID!, $url: String!, $branch: String = "main", $nickname: String, $gitignore: [String!]) {{
  addGitRoot(groupName: $group, url: $url, branch: $branch, nickname: $nickname, gitignore: $gitignore) {{
  root {{ id nickname url branch gitignore criticality state summary {{ open openByLevel {{ name }} openCvssf }} }}
  {ERRORS} }} }}"""
TOKEN = f"""mutation ($name: String!, $until: DateTime!) {{ addAccessToken(name: $name, expiresAt: $until) {{
  token {{ id name expiresAt lastUse history {{ nodes {{ aspects }} }} }} secret {ERRORS} }} }}"""


def reasons(payload: Any) -> list[tuple[str, str, list[str]]]:
    """Return code, reason and path of each refusal; objects are null exactly then."""
    objects = [value for name, value in payload.items() if name != "errors"]
    assert bool(payload["errors"]) is not any(objects)
    return [(error["code"], error["reason"].lower(), error["path"]) for error in payload["errors"]]


async def call(world: World, person: str, query: str, **variables: Any) -> Any:
    """Send a mutation and return its payload."""
    (payload,) = (await world.data(person, query, **variables)).values()
    return payload


async def test_the_founder_of_an_organization_manages_it(world: World) -> None:
    payload = await call(world, "otto", ORGANIZATION, name="otto-works", country="de")
    assert reasons(payload) == []
    shown = payload["organization"]
    assert (shown["name"], shown["country"], shown["userRole"]) == ("otto-works", "DE", "ORGANIZATION_MANAGER")
    assert (shown["version"], shown["createdBy"]) == (1, "otto@demo.example")
    group = await call(world, "otto", GROUP, id=shown["id"], name="otto-shop", language="ES")
    assert group["group"] == {
        "name": "otto-shop",
        "language": "ES",
        "userRole": "GROUP_MANAGER",
        "organization": {"name": "otto-works"},
        "summary": {"open": 0},
    }
    found = await world.data("otto", '{ organization(name: "otto-works") { id groups { name } } }')
    assert found["organization"] == {"id": shown["id"], "groups": [{"name": "otto-shop"}]}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"name": "a#b-c"}, [("INVALID", "bad_characters", ["name"])]),
        ({"name": "abc"}, [("INVALID", "too_short", ["name"])]),
        ({"name": "a" * 41}, [("INVALID", "too_long", ["name"])]),
        ({"name": "Abcd"}, [("INVALID", "bad_characters", ["name"])]),
        ({"name": "abc-"}, [("INVALID", "bad_format", ["name"])]),
        ({"name": "aurora"}, [("ALREADY_EXISTS", "name_taken", ["name"])]),
        (
            {"name": "x", "country": "XX"},
            [("INVALID", "too_short", ["name"]), ("INVALID", "bad_format", ["country"])],
        ),
    ],
)
async def test_organizations_are_refused(world: World, variables: dict[str, str], expected: Any) -> None:
    assert reasons(await call(world, "otto", ORGANIZATION, **variables)) == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"name": "cargo"}, [("ALREADY_EXISTS", "name_taken", ["name"])]),
        ({"name": "a#b-c"}, [("INVALID", "bad_characters", ["name"])]),
        (
            {"name": "x", "description": ""},
            [("INVALID", "too_short", ["name"]), ("INVALID", "required", ["description"])],
        ),
    ],
)
async def test_groups_are_refused(world: World, variables: dict[str, str], expected: Any) -> None:
    payload = await call(world, "olga", GROUP, id=world.aurora.organization.id, **variables)
    assert reasons(payload) == expected


async def test_groups_are_added_by_managers_only(world: World) -> None:
    payload = await call(world, "uri", GROUP, id=world.aurora.organization.id, name="another")
    assert reasons(payload) == [("FORBIDDEN", "missing_permission", ["organizationId"])]
    payload = await call(world, "olga", GROUP, id=world.harbor.organization.id, name="another")
    assert reasons(payload) == [("NOT_FOUND", "not_found", ["organizationId"])]


async def test_a_root_is_added_with_what_is_left_out(world: World) -> None:
    url = "https://someone@GIT.example/team/Shop.git/"
    payload = await call(world, "vera", ROOT, group="webshop", url=url)
    assert reasons(payload) == []
    root = payload["root"]
    assert (root["nickname"], root["url"], root["branch"]) == ("Shop", "https://git.example/team/Shop", "main")
    assert (root["criticality"], root["state"], root["gitignore"]) == ("MEDIUM", "ACTIVE", [])
    assert root["summary"] == {"open": 0, "openByLevel": [], "openCvssf": None}
    shown = await world.data("uri", "query ($id: ID!) { root(id: $id) { __typename nickname } }", id=root["id"])
    assert shown["root"] == {"__typename": "GitRoot", "nickname": "Shop"}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (
            {"url": "https://git.example/webshop"},
            [
                ("ALREADY_EXISTS", "location_taken", ["url"]),
                ("ALREADY_EXISTS", "nickname_taken", ["nickname"]),
            ],
        ),
        ({"url": "https://git.example/webshop", "nickname": "other"}, [("ALREADY_EXISTS", "location_taken", ["url"])]),
        ({"url": "https://git.example/new", "nickname": "webshop"}, [("ALREADY_EXISTS", "nickname_taken", ["nickname"])]),
        ({"url": "ftp://git.example/new"}, [("INVALID", "bad_format", ["url"])]),
        ({"url": "https://git.example/new", "nickname": "a#b"}, [("INVALID", "bad_characters", ["nickname"])]),
        (
            {"url": "ftp://git.example/new", "nickname": "a#b"},
            [("INVALID", "bad_format", ["url"]), ("INVALID", "bad_characters", ["nickname"])],
        ),
        ({"url": "https://git.example/new", "gitignore": ["ok.txt", "**"]}, [("INVALID", "bad_exclusion", ["gitignore", "1"])]),
        ({"url": "x", "branch": "-"}, [("INVALID", "bad_format", ["url"]), ("INVALID", "bad_format", ["branch"])]),
    ],
)
async def test_roots_are_refused(world: World, variables: dict[str, Any], expected: Any) -> None:
    assert reasons(await call(world, "vera", ROOT, group="webshop", **variables)) == expected


def beaten(world: World, others: Callable[[], Awaitable[Any]], number: int = 1) -> Store:
    """A store in which others do something just before a write, counted from 1."""
    written: list[int] = []

    async def write(changes: Sequence[Any]) -> None:
        written.append(len(changes))
        if len(written) == number:
            await others()
        await world.store.write(changes)

    return replace(world.store, write=write)


async def test_of_two_equal_roots_added_at_once_one_is_told_all_that_is_taken(world: World) -> None:
    same = {"group": "webshop", "url": "https://git.example/new"}

    async def first() -> None:
        assert reasons(await call(world, "vera", ROOT, **same)) == []

    answer = await world.answer("vera", ROOT, store=beaten(world, first), **same)  # type: ignore[arg-type] # variables
    assert reasons(answer.body["data"]["addGitRoot"]) == [
        ("ALREADY_EXISTS", "location_taken", ["url"]),
        ("ALREADY_EXISTS", "nickname_taken", ["nickname"]),
    ]


async def test_of_two_equal_groups_added_at_once_one_is_told_that_the_name_is_taken(world: World) -> None:
    same = {"id": world.aurora.organization.id, "name": "another"}

    async def first() -> None:
        assert reasons(await call(world, "olga", GROUP, **same)) == []

    answer = await world.answer("olga", GROUP, store=beaten(world, first), **same)  # type: ignore[arg-type] # variables
    assert reasons(answer.body["data"]["addGroup"]) == [("ALREADY_EXISTS", "name_taken", ["name"])]


async def remove(world: World, name: str) -> None:
    """Remove a person."""

    def removed(old: Stakeholder, _: datetime) -> Stakeholder:
        return replace(old, state=replace(old.state, status=StakeholderStatus.DELETED))

    await update(world.store, STAKEHOLDER, stakeholder_key(address_of(name)), removed, world.stamp())


@pytest.mark.parametrize(("field", "query"), [("addOrganization", ORGANIZATION), ("addAccessToken", TOKEN)])
async def test_who_is_removed_in_the_meantime_adds_nothing(world: World, field: str, query: str) -> None:
    store = beaten(world, lambda: remove(world, "otto"))
    variables = {"name": "otto-works"} if field == "addOrganization" else {"name": "laptop", "until": _until(world, 1)}
    answer = await world.answer("otto", query, store=store, **variables)  # type: ignore[arg-type] # variables
    assert reasons(answer.body["data"][field]) == [("FORBIDDEN", "missing_permission", [])]


async def test_a_root_of_a_group_that_is_removed_in_the_meantime_is_not_added(world: World) -> None:
    async def gone() -> None:
        state = replace(world.aurora.group.state, status=GroupStatus.DELETED, reason=GroupRemovalReason.NO_SYSTEM)
        await update(world.store, FACET, group_key("webshop"), lambda old, _: replace(old, state=state), world.stamp())

    same = {"group": "webshop", "url": "https://git.example/new"}
    answer = await world.answer("vera", ROOT, store=beaten(world, gone), **same)  # type: ignore[arg-type] # variables
    assert reasons(answer.body["data"]["addGitRoot"]) == [("NOT_FOUND", "not_found", ["groupName"])]
    assert reasons(await call(world, "olga2", GROUP, id=world.harbor.organization.id, name="webshop")) == [
        ("ALREADY_EXISTS", "name_taken", ["name"])
    ]


async def test_roots_are_added_by_those_who_may(world: World) -> None:
    for person, code in (("uri", "FORBIDDEN"), ("uri2", "NOT_FOUND"), ("otto", "NOT_FOUND")):
        payload = await call(world, person, ROOT, group="webshop", url="https://git.example/new")
        assert [(code, path) for code, _, path in reasons(payload)] == [(code, ["groupName"])]


def _until(world: World, days: float) -> str:
    return (world.now() + timedelta(days=days)).isoformat()


async def test_a_token_is_issued_and_its_secret_shown_once(world: World) -> None:
    payload = await call(world, "uri", TOKEN, name="laptop", until=_until(world, 30))
    assert reasons(payload) == []
    token = payload["token"]
    assert payload["secret"] == f"signed laptop {token['id']}.secret"
    assert "jti_hash" not in str(token["history"])
    stored = await read.get(world.store, ACCESS_TOKEN, access_token_key(token["id"]))
    assert stored is not None
    assert stored.jti_hash == sha256(f"{token['id']}.secret".encode()).hexdigest()
    mine = await world.data("uri", "{ me { accessTokens { name } } }")
    assert mine["me"]["accessTokens"] == [{"name": "laptop"}]
    assert (await world.data("vera", "{ me { accessTokens { name } } }"))["me"]["accessTokens"] == []


async def test_tokens_are_refused(world: World) -> None:
    for number in range(5):
        assert reasons(await call(world, "uri", TOKEN, name=f"t{number}", until=_until(world, 30))) == []
    late = await call(world, "uri", TOKEN, name="", until=_until(world, 181))
    assert reasons(late) == [("INVALID", "required", ["name"]), ("INVALID", "expiry_out_of_range", ["expiresAt"])]
    assert reasons(await call(world, "uri", TOKEN, name="t1", until=_until(world, 1))) == [
        ("ALREADY_EXISTS", "name_taken", ["name"])
    ]
    assert reasons(await call(world, "uri", TOKEN, name="t9", until=_until(world, 1))) == [
        ("LIMIT_EXCEEDED", "too_many_tokens", [])
    ]


async def test_a_token_makes_no_tokens(world: World) -> None:
    answer = await world.answer("uri", TOKEN, means=Means.API_TOKEN, name="x", until=_until(world, 1))
    assert reasons(answer.body["data"]["addAccessToken"]) == [("FORBIDDEN", "session_required", [])]


async def test_mutations_of_one_request_see_each_other(world: World) -> None:
    query = f"""mutation ($id: ID!) {{
      none: addGitRoot(groupName: "fresh", url: "https://git.example/fresh", branch: "main") {{ {ERRORS} }}
      group: addGroup(organizationId: $id, name: "fresh", description: "Fresh") {{ {ERRORS} }}
      root: addGitRoot(groupName: "fresh", url: "https://git.example/fresh", branch: "main") {{ root {{ url }} {ERRORS} }}
    }}"""
    data = await world.data("olga", query, id=world.aurora.organization.id)
    assert data["none"]["errors"][0]["code"] == "NOT_FOUND"
    assert data["root"] == {"root": {"url": "https://git.example/fresh"}, "errors": []}
