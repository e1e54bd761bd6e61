"""The layers around the routes: their order, and what follows from it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import structlog
from packages.server.tests.conftest import ME, ORIGIN, World, new_world, unanswered

from integrates.server.app import behind
from integrates.server.http.middleware.access_log import logged
from integrates.server.http.middleware.body_limit import bounded
from integrates.server.http.middleware.deadline import timed
from integrates.server.http.middleware.failure import contained
from integrates.server.http.middleware.rate_limit import limited
from integrates.server.http.middleware.request_id import identified
from integrates.server.http.middleware.security_headers import guarded
from integrates.server.http.middleware.unread import parted

ANYBODY = {"query": "{ __typename }"}


def test_the_layers_stand_in_this_order(world: World) -> None:
    outermost_first: list[Any] = [identified, logged, guarded, parted, timed, contained, bounded, limited]
    assert [layer.cls for layer in world.app.user_middleware] == outermost_first


async def test_what_a_layer_refuses_is_identified_logged_and_guarded() -> None:
    world = await new_world(max_body=10)
    async with world.client() as client:
        answer = await client.post("/api", content=b"x" * 11)
    assert answer.status_code == 413
    assert answer.headers["x-content-type-options"] == "nosniff"
    (line,) = world.lines
    assert (line["request_id"], line["status"]) == (answer.headers["x-request-id"], 413)


async def test_a_body_that_is_too_large_costs_nothing_of_the_rate() -> None:
    world = await new_world(max_body=100, api_rate=1)
    async with world.client() as client:
        found = [await client.post("/api", json={"query": "{ __typename }", "variables": {"a": "x" * 100}}) for _ in range(3)]
        last = await client.post("/api", json={"query": "{ __typename }"})
    assert [answer.status_code for answer in (*found, last)] == [413, 413, 413, 200]


async def test_above_the_rate_the_store_is_not_asked() -> None:
    world = await new_world(api_rate=1)
    token, asked = await world.token(), 0

    async def get(keys: Any) -> Any:
        nonlocal asked
        asked += 1
        return await inner.get(keys)

    inner = world.store
    world.serve_with(get=get)
    await world.ask(token)
    before = asked
    assert ((await world.ask(token)).status_code, asked > 0, asked) == (429, True, before)


async def test_tokens_of_nobody_count_against_their_address_and_not_against_a_good_one() -> None:
    world = await new_world(api_rate=2)
    token = await world.token()
    junk = [f"itg_junk-{number}" for number in range(2)]
    found = [(await world.ask(given)).status_code for given in (*junk, token[:-1], token, token, token)]
    assert found == [401, 401, 429, 200, 200, 429]


async def test_cookies_of_nobody_count_against_their_address_and_not_against_a_good_session() -> None:
    world = await new_world(api_rate=2)
    async with world.client(headers={"origin": ORIGIN}) as good, world.client() as bad:
        await good.get("/login", params={"provider": "local"})
        garbage = [
            await bad.post("/api", json=ANYBODY, headers={"cookie": f"integrates_session={number}"}) for number in range(3)
        ]
        mine = [await good.post("/api", json=ME) for _ in range(3)]
    assert [answer.status_code for answer in (*garbage, *mine)] == [200, 200, 429, 200, 200, 429]


async def test_all_means_of_an_actor_have_one_rate() -> None:
    world = await new_world(api_rate=2)
    token = await world.token()
    async with world.client(headers={"origin": ORIGIN}) as client:
        for _ in range(2):
            await client.get("/login", params={"provider": "local"})
            assert (await client.post("/api", json=ME)).status_code == 200
    assert (await world.ask(token)).status_code == 429


@pytest.mark.parametrize(
    ("hops", "statuses"), [(0, [200, 429, 429, 429]), (1, [200, 429, 200, 429]), (2, [200, 429, 429, 200])]
)
async def test_behind_trusted_proxies_addresses_are_those_that_they_serve(hops: int, statuses: list[int]) -> None:
    world = await new_world(api_rate=1)
    transport = httpx.ASGITransport(behind(world.app, hops))
    found = []
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.9, 192.0.2.1"):
            answer = await client.post("/api", json=ANYBODY, headers={"x-forwarded-for": address})
            found.append(answer.status_code)
    assert found == statuses


async def test_the_rate_is_told_by_the_service(world: World) -> None:
    async with world.client() as client:
        api = await client.post("/api", json={"query": "{ __typename }"})
        answers = [api, await client.get("/login"), await client.get("/")]
    assert [(answer.headers.get("ratelimit-policy"), answer.headers.get("ratelimit")) for answer in answers] == [
        ('"api";q=600;w=60', '"api";r=599;t=60'),
        ('"login";q=20;w=60', '"login";r=19;t=60'),
        (None, None),
    ]


@pytest.mark.parametrize(("path", "route"), [("/api", "/api"), ("/static/page.css", "/static"), ("/nowhere/secret", None)])
async def test_of_the_path_only_the_template_of_the_route_is_logged(world: World, path: str, route: str | None) -> None:
    async with world.client() as client:
        await client.get(path)
    assert [line["route"] for line in world.lines] == [route]


async def exchanged(world: World, scope: dict[str, Any], *received: dict[str, Any]) -> list[Any]:
    """What the application sends in an exchange that is not of HTTP."""
    incoming, sent = iter(received), []

    async def receive() -> Any:
        return next(incoming)

    async def send(message: Any) -> None:
        sent.append(message)

    await world.app({"state": {}, **scope}, receive, send)
    return sent


async def test_the_life_of_the_process_passes_through_the_layers(world: World) -> None:
    sent = await exchanged(world, {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    assert sent == [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]
    assert world.lines == []


async def test_a_websocket_is_closed_and_no_request(world: World) -> None:
    scope = {"type": "websocket", "path": "/else", "headers": [], "query_string": b"", "subprotocols": []}
    sent = await exchanged(world, scope, {"type": "websocket.connect"})
    assert [message["type"] for message in sent] == ["websocket.close"]
    assert [(line["status"], line["route"]) for line in world.lines] == [(403, None)]


async def test_what_takes_too_long_before_the_api_is_cut_as_well(world: World, elapse: Callable[[float], None]) -> None:
    settings, token, ids = world.service.settings, await world.token(), []

    async def get(_keys: Any) -> Any:
        ids.append(structlog.contextvars.get_contextvars()["request_id"])
        elapse(settings.request_seconds)
        await unanswered()

    world.serve_with(get=get)
    answer = await world.ask(token)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert ids == [answer.headers["x-request-id"]]  # what is logged meanwhile carries it
