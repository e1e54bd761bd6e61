"""Changing one object: versions before arguments, what is left out, and what is nobody else's (M3, M5, E9)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from integrates.api.authorization.actor import Means
from integrates.db_model.entity import read
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.testing.scene import address_of

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

ERRORS = "errors { code reason message path currentVersion }"
UPDATE = f"""mutation ($id: ID!, $version: Int, $country: String) {{
  updateOrganization(id: $id, country: $country, expectedVersion: $version) {{
    organization {{ country version }} {ERRORS} }} }}"""
KEEP = f"mutation ($id: ID!) {{ updateOrganization(id: $id) {{ organization {{ country version }} {ERRORS} }} }}"
ADD = """mutation ($name: String!) { addAccessToken(name: $name, expiresAt: "2026-06-01T00:00:00Z") {
  token { id } errors { code } } }"""
REVOKE = f"mutation ($id: ID!) {{ revokeAccessToken(id: $id) {{ id {ERRORS} }} }}"
NOWHERE = "00000000-0000-4000-8000-00000000dead"


async def update(world: World, person: str = "olga", query: str = UPDATE, **variables: Any) -> Any:
    answer = await world.data(person, query, id=world.aurora.organization.id, **variables)
    return answer["updateOrganization"]


def reasons(payload: Any) -> list[tuple[str, str, list[str]]]:
    return [(error["code"], error["reason"], error["path"]) for error in payload["errors"]]


async def test_what_is_left_out_stays_and_null_takes_away(world: World) -> None:
    assert (await update(world, country="co"))["organization"] == {"country": "CO", "version": 2}
    assert (await update(world, query=KEEP))["organization"] == {"country": "CO", "version": 2}
    assert (await update(world, country=None))["organization"] == {"country": None, "version": 3}


async def test_equal_values_write_nothing(world: World) -> None:
    await update(world, country="CO")
    assert (await update(world, country="CO"))["organization"]["version"] == 2


@pytest.mark.parametrize("country", ["CO", "nowhere"])
async def test_a_version_is_compared_before_arguments_are_looked_at(world: World, country: str) -> None:
    await update(world, country="DE")
    payload = await update(world, country=country, version=1)
    assert reasons(payload) == [("CONFLICT", "STALE_VERSION", [])]
    assert (payload["errors"][0]["currentVersion"], payload["organization"]) == (2, None)


async def test_an_argument_at_fault_changes_nothing(world: World) -> None:
    payload = await update(world, country="XX", version=1)
    assert reasons(payload) == [("INVALID", "BAD_FORMAT", ["country"])]
    stored = await read.get(world.store, ORGANIZATION, organization_key(world.aurora.organization.id))
    assert stored == world.aurora.organization


async def test_of_two_with_one_version_one_wins(world: World) -> None:
    both = await asyncio.gather(*(update(world, country=country, version=1) for country in ("DE", "FR")))
    assert sorted(len(payload["errors"]) for payload in both) == [0, 1]
    (lost,) = (payload for payload in both if payload["errors"])
    assert reasons(lost) == [("CONFLICT", "STALE_VERSION", [])]


async def test_without_a_version_both_are_done(world: World) -> None:
    both = await asyncio.gather(*(update(world, country=country) for country in ("DE", "FR")))
    assert [payload["errors"] for payload in both] == [[], []]
    assert {payload["organization"]["version"] for payload in both} == {2, 3}


async def test_members_may_not_and_strangers_see_nothing(world: World) -> None:
    assert reasons(await update(world, "uri", country="CO")) == [("FORBIDDEN", "MISSING_PERMISSION", ["id"])]
    assert reasons(await update(world, "olga2", country="CO")) == [("NOT_FOUND", "NOT_FOUND", ["id"])]


async def issued(world: World, person: str) -> str:
    identity: str = (await world.data(person, ADD, name="laptop"))["addAccessToken"]["token"]["id"]
    return identity


async def test_a_token_is_revoked_once_by_its_owner(world: World) -> None:
    identity = await issued(world, "uri")
    payload = (await world.data("uri", REVOKE, id=identity))["revokeAccessToken"]
    assert payload == {"id": identity, "errors": []}
    assert (await world.data("uri", "{ me { accessTokens { id } } }"))["me"]["accessTokens"] == []
    again = (await world.data("uri", REVOKE, id=identity))["revokeAccessToken"]
    assert reasons(again) == [("NOT_FOUND", "NOT_FOUND", ["id"])]


@pytest.mark.parametrize("person", ["vera", "olga", "ada", "otto"])
async def test_nobody_elses_token_is_anything(world: World, person: str) -> None:
    identity = await issued(world, "uri")
    assert await world.answer(person, REVOKE, id=identity) == await world.answer(person, REVOKE, id=NOWHERE)
    assert (await world.data("uri", "{ me { accessTokens { id } } }"))["me"]["accessTokens"] == [{"id": identity}]


async def test_a_token_ends_no_token(world: World) -> None:
    identity = await issued(world, "uri")
    answer = await world.answer("uri", REVOKE, means=Means.API_TOKEN, id=identity)
    assert reasons(answer.body["data"]["revokeAccessToken"]) == [("FORBIDDEN", "SESSION_REQUIRED", [])]
    assert address_of("uri") not in str(answer.body)
