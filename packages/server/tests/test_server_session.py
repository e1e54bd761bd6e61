"""Sessions as a browser and the API see them."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from packages.server.tests.conftest import ADA, ORIGIN, URI, World

from integrates.server.auth.session import hash_session_id, new_session_id


def test_ids_are_256_random_bits() -> None:
    assert len({new_session_id() for _ in range(100)}) == 100
    assert all(len(new_session_id()) == 43 for _ in range(9))


def test_only_the_hash_of_the_cookie_is_stored() -> None:
    assert hash_session_id("secret") == "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"


SHOWN = "me { email isConcurrentSession sessionExpiresAt }"
ACKNOWLEDGE = {"query": f"mutation {{ acknowledgeConcurrentSession {{ {SHOWN} errors {{ code reason path }} }} }}"}


async def shown(client: httpx.AsyncClient) -> tuple[bool, datetime | None]:
    body = (await client.post("/api", json={"query": f"{{ {SHOWN} }}"})).json()
    assert "errors" not in body, body
    me = body["data"]["me"]
    return me["isConcurrentSession"], datetime.fromisoformat(me["sessionExpiresAt"]) if me["sessionExpiresAt"] else None


async def acknowledged(client: httpx.AsyncClient) -> Any:
    return (await client.post("/api", json=ACKNOWLEDGE)).json()["data"]["acknowledgeConcurrentSession"]


async def login(client: httpx.AsyncClient, email: str = ADA) -> None:
    assert (await client.get("/login", params={"provider": "local", "email": email})).status_code == 303


def browser(world: World) -> httpx.AsyncClient:
    return world.client(headers={"origin": ORIGIN})


async def test_the_newer_of_two_sessions_is_told_until_it_says_that_it_knows(world: World) -> None:
    async with browser(world) as first, browser(world) as second:
        await login(first)
        assert await shown(first) == (False, world.now + timedelta(minutes=40))
        world.now += timedelta(minutes=5)
        await login(second)
        assert (await first.post("/api", json={"query": "{ me { email } }"})).status_code == 401
        assert await shown(second) == (True, world.now + timedelta(minutes=40))
        for _ in range(2):
            payload = await acknowledged(second)
            assert (payload["errors"], payload["me"]["isConcurrentSession"]) == ([], False)
        assert (await shown(second))[0] is False


async def test_somebody_elses_session_is_beside_nothing(world: World) -> None:
    async with browser(world) as first, browser(world) as second:
        await login(first)
        await login(second, URI)
        assert [(await shown(one))[0] for one in (first, second)] == [False, False]


async def test_the_end_of_a_session_moves_with_its_use_up_to_twelve_hours(world: World) -> None:
    begun = world.now
    async with browser(world) as client:
        await login(client)
        for minutes in range(30, 12 * 60, 30):
            world.now = begun + timedelta(minutes=minutes)
            end = min(world.now + timedelta(minutes=40), begun + timedelta(hours=12))
            assert await shown(client) == (False, end)
        world.now = begun + timedelta(hours=12)
        assert (await client.post("/api", json={"query": "{ me { email } }"})).status_code == 401


async def test_a_token_is_no_session(world: World) -> None:
    token = await world.token()
    me = (await world.ask(token, {"query": f"{{ {SHOWN} }}"})).json()["data"]["me"]
    assert me == {"email": ADA, "isConcurrentSession": False, "sessionExpiresAt": None}
    payload = (await world.ask(token, ACKNOWLEDGE)).json()["data"]["acknowledgeConcurrentSession"]
    assert payload == {"me": None, "errors": [{"code": "FORBIDDEN", "reason": "SESSION_REQUIRED", "path": []}]}


@pytest.mark.parametrize("query", ["", "?everywhere=1"])
async def test_a_logout_ends_the_session_and_clears_the_cookie(world: World, query: str) -> None:
    async with browser(world) as client, browser(world) as other:
        await login(client)
        await login(other, URI)
        stolen = dict(client.cookies)
        answer = await client.post(f"/logout{query}")
        assert (answer.status_code, dict(client.cookies)) == (303, {})
        client.cookies.update(stolen)
        again = await client.post("/api", json={"query": "{ me { email } }"})
        assert again.status_code == 401
        assert (await shown(other))[0] is False


async def test_a_logout_with_an_ended_session_leaves_the_newer_one(world: World) -> None:
    async with browser(world) as first, browser(world) as second:
        await login(first)
        await login(second)
        for query in ("", "?everywhere=1"):
            assert (await first.post(f"/logout{query}")).status_code == 303
        assert (await shown(second))[0] is True
