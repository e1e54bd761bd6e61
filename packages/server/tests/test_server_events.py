"""Subscriptions as server-sent events, and on which terms streams go on."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from msgspec.structs import replace
from packages.server.tests.conftest import ADA, KEYS, new_world
from packages.server.tests.wire import PATIENCE, QUERY, Served, ended, flooded, serving, stuck

from integrates.db_model.tokens import commands as tokens
from integrates.server.auth.recognition import Credentials, still_holds
from integrates.server.auth.token import read_claims
from integrates.server.http.live.ending import PER_PERSON, Crowded, new_seats
from integrates.server.process.live import tell_until


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as found:
        yield found


@asynccontextmanager
async def events(served: Served, query: str = QUERY, token: str | None = None) -> AsyncIterator[httpx.Response]:
    given = {"authorization": f"Bearer {token or await served.world.token()}", "accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(base_url=served.url, timeout=PATIENCE) as client,
        client.stream("POST", "/api", json={"query": query}, headers=given) as answer,
    ):
        yield answer


async def test_a_change_is_told_as_an_event(served: Served) -> None:
    async with events(served) as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        lines = answer.aiter_lines()
        first = [await anext(lines) for _ in range(3)]
        identity = await served.described()
        second = [await anext(lines) for _ in range(3)]
    assert (first[0], first[2]) == ("event: next", "")
    assert json.loads(first[1].removeprefix("data: "))["data"]["groupChanged"]["count"] == 0
    assert json.loads(second[1].removeprefix("data: "))["data"]["groupChanged"]["items"][0]["id"] == identity


async def test_a_client_that_also_takes_json_is_answered_in_json(served: Served) -> None:
    kinds = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"
    given = {"authorization": f"Bearer {await served.world.token()}", "accept": kinds}
    async with httpx.AsyncClient(base_url=served.url, timeout=PATIENCE) as client:
        answer = await client.post("/api", json={"query": "{ me { email } }"}, headers=given)
    assert (answer.status_code, answer.json()["data"]) == (200, {"me": {"email": ADA}})


async def test_events_of_what_one_may_not_see_end_with_null(served: Served) -> None:
    async with events(served, QUERY.replace("webshop", "nothing")) as answer:
        lines = [line async for line in answer.aiter_lines() if line]
    assert lines[0] == "event: next"
    assert json.loads(lines[1].removeprefix("data: "))["data"] == {"groupChanged": None}
    assert lines[2:] == ["event: complete", "data: "]


async def test_events_end_with_the_proof(served: Served) -> None:
    world = served.world
    async with events(served) as answer:
        lines = answer.aiter_lines()
        for _ in range(3):
            await anext(lines)
        (token,) = await tokens.tokens_of(world.store, ADA)
        await tokens.revoke(world.live.store, token.id, world.stamp())
        rest = [line async for line in lines if line]
    assert json.loads(rest[1].removeprefix("data: "))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert rest[2:] == ["event: complete", "data: "]


async def test_a_stop_ends_events_without_completing_them(served: Served) -> None:
    async with events(served) as answer:
        lines = answer.aiter_lines()
        for _ in range(3):
            await anext(lines)
        served.world.live.ended.set()
        rest = [line async for line in lines if line]
    assert "event: complete" not in rest


async def test_events_outlive_the_time_of_a_request() -> None:
    async with serving(request_seconds=0.2) as served, events(served) as answer:
        lines = answer.aiter_lines()
        for _ in range(3):
            await anext(lines)
        until = asyncio.get_running_loop().time() + 0.5
        while asyncio.get_running_loop().time() < until:  # noqa: ASYNC110 -- the time of a request has to pass
            await asyncio.sleep(0)
        await served.described()
        assert await anext(lines) == "event: next"


async def test_a_query_has_no_events(served: Served) -> None:
    async with events(served, "{ me { email } }") as answer:
        assert answer.status_code == 200
        body = json.loads(await answer.aread())
    assert body["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_what_is_refused_holds_no_connection(served: Served) -> None:
    token = await served.world.token()
    for _ in range(PER_PERSON + 1):
        async with events(served, "{ me { email } }", token) as answer:
            assert answer.status_code == 200


async def test_events_are_connections_of_the_person(served: Served) -> None:
    token = await served.world.token()
    opened = [events(served, token=token) for _ in range(PER_PERSON)]
    answers = [(await one.__aenter__()).aiter_lines() for one in opened]
    for lines in answers:
        await anext(lines)
    async with events(served, token=token) as answer:
        assert answer.status_code == 429
    for one in opened:
        await one.__aexit__(None, None, None)


async def test_events_that_nobody_takes_are_cut_off(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrates.server.http.live.ending.FAREWELL", 0.01)
    async with events(served) as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        await flooded(served)


async def test_who_does_not_take_a_sign_of_life_is_cut_off(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where little is told, so that never too much waits: else the connection would be held for good."""
    monkeypatch.setattr("integrates.server.http.live.events.PING", 0.01)
    monkeypatch.setattr("integrates.server.http.live.ending.FAREWELL", 0.01)
    async with events(served) as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        following = await stuck(served)
        await ended(served)
    assert not following.flags.is_overrun
    assert not served.world.live.followers.groups


async def test_a_proof_is_looked_at_without_being_used() -> None:
    """Else whoever is told of changes would stay logged in for good."""
    world = await new_world()

    async def never(_changes: object) -> None:
        raise AssertionError("nothing is written")

    quiet = replace(world.store, write=never)
    token = Credentials(claims=read_claims(KEYS, await world.token(), world.now))
    async with world.client() as client:
        await client.get("/login", params={"provider": "local", "email": ADA})
        session = Credentials(cookie=client.cookies["integrates_session"])
    for minutes, expected in ((5, True), (39, True), (41, False)):
        now = world.now + timedelta(minutes=minutes)
        assert await still_holds(session, quiet, now) is expected
        assert await still_holds(token, quiet, now)
    assert not await still_holds(Credentials(), quiet, world.now)
    assert not await still_holds(Credentials(cookie="x"), quiet, world.now)
    assert not await still_holds(token, quiet, world.now + timedelta(days=31))


def test_a_service_has_so_many_connections() -> None:
    seat = new_seats(2)
    with seat("a"), seat("b"), pytest.raises(Crowded), seat("c"):
        pass
    with seat("c"):
        pass


async def test_a_stop_ends_the_streams_of_a_process() -> None:
    world, stopping = await new_world(), asyncio.Event()
    telling = asyncio.create_task(tell_until(world.service, stopping))
    await asyncio.sleep(0)
    assert not world.live.ended.is_set()
    stopping.set()
    await telling
    assert world.live.ended.is_set()
