"""How requests must look, and what the service answers to those that do not."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from packages.server.tests.conftest import ADA, ME, ORIGIN, URI, World, new_world, unanswered

from integrates.db_model.errors import Unavailable, Unfit


async def test_the_values_of_a_form_are_counted_before_they_are_decoded(world: World) -> None:
    headers = {"authorization": f"Bearer {await world.token()}"}
    for number, expected in ((9_000, "GRAPHQL_VALIDATION_FAILED"), (10_001, "QUERY_TOO_COMPLEX")):
        operations = {"query": "query ($v: [Upload]) { me { email } }", "variables": {"v": [None] * number}}
        async with world.client() as client:
            answer = await client.post(
                "/api",
                data={"operations": json.dumps(operations), "map": '{"0": ["variables.v.0"]}'},
                files={"0": ("a.txt", b"a")},
                headers=headers,
            )
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, expected)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"query": ' * 50_000,
        b'{"query": "{ me { email } }", "variables": {"a": NaN}}',
        b'{"query": "{ me { email } }", "variables": {"a": Infinity}}',
        b'{"query": "query ($a: ID!) { group(name: $a) { id } }", "variables": {"a": ' + b"9" * 5000 + b"}}",
        b'{"query": "query ($a: ID!) { group(name: $a) { id } }", "variables": {"a": 9223372036854775808}}',
        b'{"query": "query ($a: ID!) { group(name: $a) { id } }", "variables": {"a": 1e999}}',
        b'{"query": "\\ud800"}',
        b'{"query": "{ me { email } }", "variables": {"a": "\\udfff"}}',
        b'{"query": "\xff"}',
        b'\xef\xbb\xbf{"query": "{ me { email } }"}',
        b"[]",
        b"null",
        b"7",
        b'[{"query": "{ me { email } }"}]',
        b'{"query": null}',
        b'{"query": "{"}',
        json.dumps({"query": "{" * 20_000}).encode(),
        json.dumps({"query": "{ me(x: " + "[" * 9_000 + ") }"}).encode(),
    ],
)
async def test_a_malformed_body_is_the_clients_fault(world: World, body: bytes) -> None:
    headers = {"authorization": f"Bearer {await world.token()}", "content-type": "application/json"}
    async with world.client() as client:
        answer = await client.post("/api", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "application/graphql", "", "application/json5"]
)
async def test_what_forms_can_send_is_refused(world: World, media: str) -> None:
    async with world.client() as client:
        await client.get("/login", params={"provider": "local"})
        answer = await client.post("/api", content=json.dumps(ME), headers={"content-type": media, "origin": ORIGIN})
    assert answer.status_code == 415


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused(world: World, method: str) -> None:
    async with world.client() as client:
        answer = await client.request(method, "/api")
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


async def test_a_caller_has_so_many_requests_a_minute() -> None:
    world = await new_world(api_rate=3, login_rate=2)
    ada, again, uri = await world.token(), await world.token(), await world.token(URI)
    found = [(await world.ask(token)).status_code for token in (ada, again, ada, again, uri)]
    assert found == [200, 200, 200, 429, 200]
    async with world.client() as client:
        logins = [(await client.get("/login", params={"provider": "local"})).status_code for _ in range(3)]
    assert logins == [303, 303, 429]


async def test_what_exceeds_the_slots_is_told_to_try_again() -> None:
    world = await new_world(concurrency=1)
    inner, executing, go_on = world.store, asyncio.Event(), asyncio.Event()
    first_token, second_token = await world.token(), await world.token(URI)

    async def get(keys: Any) -> Any:
        if len(keys) == 1:  # the query's own; recognition reads several at once
            executing.set()
            await go_on.wait()
        return await inner.get(keys)

    world.serve_with(get=get)
    first = asyncio.create_task(world.ask(first_token))
    await executing.wait()
    second = await world.ask(second_token)
    go_on.set()
    assert (second.status_code, second.headers.get("retry-after")) == (503, "1")
    assert (await first).status_code == 200


async def test_uploads_that_arrive_hold_slots_too() -> None:
    world = await new_world(concurrency=1)
    arriving, go_on = asyncio.Event(), asyncio.Event()
    media = {"content-type": "multipart/form-data; boundary=b"}
    first_headers, second_headers = [{"authorization": f"Bearer {await world.token(who)}", **media} for who in (ADA, URI)]

    async def content() -> AsyncIterator[bytes]:
        yield b"--b\r\n"
        arriving.set()
        await go_on.wait()
        yield b"nonsense"

    async with world.client() as client:
        first = asyncio.create_task(client.post("/api", content=content(), headers=first_headers))
        await arriving.wait()
        second = await client.post("/api", content=b"nonsense", headers=second_headers)
        go_on.set()
        assert (second.status_code, (await first).status_code) == (503, 400)


async def test_slow_uploads_of_one_person_leave_room_for_others() -> None:
    world = await new_world(concurrency=8)
    arriving, go_on, media = asyncio.Semaphore(0), asyncio.Event(), {"content-type": "multipart/form-data; boundary=b"}
    hog, other = [{"authorization": f"Bearer {await world.token(who)}", **media} for who in (URI, ADA)]

    async def content() -> AsyncIterator[bytes]:
        yield b"--b\r\n"
        arriving.release()
        await go_on.wait()
        yield b"nonsense"

    async with world.client() as client:
        slow = [asyncio.create_task(client.post("/api", content=content(), headers=hog)) for _ in range(2)]
        for _ in slow:
            await arriving.acquire()
        refused = await client.post("/api", content=b"nonsense", headers=hog)
        served = await client.post("/api", content=b"nonsense", headers=other)
        go_on.set()
        assert [answer.status_code for answer in (refused, served, *await asyncio.gather(*slow))] == [429, 400, 400, 400]
    (error,) = refused.json()["errors"]
    assert (refused.headers["retry-after"], error["extensions"]["code"]) == ("1", "RATE_LIMITED")
    assert "no more than 2" in error["message"]


async def test_health_and_readiness(world: World) -> None:
    async with world.client() as client:
        assert [(await client.get(path)).status_code for path in ("/healthz", "/readyz")] == [200, 200]
        world.ready = False
        assert [(await client.get(path)).status_code for path in ("/healthz", "/readyz")] == [200, 503]


async def test_a_store_that_does_not_answer_in_two_seconds_is_not_ready(world: World, elapse: Callable[[float], None]) -> None:
    async def stuck(_keys: Any) -> Any:
        elapse(2)
        await unanswered()

    world.serve_with(get=stuck)
    async with world.client() as client:
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/healthz")).status_code == 200


@pytest.mark.parametrize("means", ["token", "session"])
@pytest.mark.parametrize("error", [Unavailable("away"), Unfit("replaced"), None])
async def test_what_needs_no_store_is_served_without_one(
    world: World, elapse: Callable[[float], None], means: str, error: Exception | None
) -> None:
    headers = {"authorization": f"Bearer {await world.token()}"} if means == "token" else {"cookie": "integrates_session=x"}

    async def away(_asked: Any) -> Any:
        if error:
            raise error
        elapse(2)
        await unanswered()

    world.serve_with(get=away, query=away, write=away)
    paths = ("/healthz", "/", "/static/page.css", "/nowhere", "/readyz")
    async with world.client(headers=headers) as client:
        assert [(await client.get(path)).status_code for path in paths] == [200, 200, 200, 404, 503]


async def test_pages_hold_to_the_content_security_policy(world: World) -> None:
    async with world.client() as client:
        landing, missing = await client.get("/"), await client.get("/nowhere")
        style = await client.get("/static/page.css")
        outside = [(await client.get(f"/static/{path}")).status_code for path in ("..%2fapp.py", "../app.py", "")]
    assert (landing.status_code, missing.status_code, style.status_code) == (200, 404, 200)
    assert all("/static/page.css" in page.text for page in (landing, missing))
    assert "Integrates" in landing.text
    assert missing.headers["x-request-id"] in missing.text
    assert not any(mark in page.text for page in (landing, missing) for mark in ("<script", "style=", "<style", "onload"))
    assert outside == [404, 404, 404]


async def test_a_path_is_not_reflected(world: World) -> None:
    async with world.client() as client:
        answer = await client.get("/<script>alert(1)</script>")
    assert answer.status_code == 404
    assert "alert" not in answer.text


async def test_a_request_that_takes_too_long_is_cut_with_its_store_calls(world: World, elapse: Callable[[float], None]) -> None:
    token, calls = await world.token(), 0

    async def query(_queries: Any) -> Any:
        nonlocal calls
        calls += 1
        elapse(world.service.settings.request_seconds)
        try:
            await unanswered()
        finally:
            calls -= 1

    world.serve_with(query=query)
    before = asyncio.all_tasks()
    answer = await world.ask(token, {"query": '{ group(name: "webshop") { name roots { id } findings { nodes { id } } } }'})
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    for _turn in range(10):  # what the request leaves is told and ends
        await asyncio.sleep(0)
    assert (calls, asyncio.all_tasks() - before) == (0, set())


async def test_a_store_that_is_away_is_unavailable_and_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    world = await new_world()
    token = await world.token()

    async def away(_keys: Any) -> Any:
        raise Unavailable("arn:aws:dynamodb:eu-west-1:123456789012")

    world.serve_with(get=away)
    answer = await world.ask(token)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert "arn:" not in answer.text
    assert "arn:" in caplog.text


@pytest.mark.parametrize("size, status", [(1000, 200), (3000, 413)])
@pytest.mark.parametrize("announced", [True, False])
async def test_an_upload_may_have_so_many_bytes(size: int, status: int, *, announced: bool) -> None:
    world = await new_world(max_body=500, max_upload=2000)
    fields = {"operations": json.dumps({**ME, "variables": {"f": None}}), "map": json.dumps({"0": ["variables.f"]})}
    async with world.client() as client:
        built = client.build_request("POST", "/api", data=fields, files={"0": ("a", b"x" * size)})
        whole = await built.aread()

        async def chunks() -> AsyncIterator[bytes]:
            for begin in range(0, len(whole), 100):
                yield whole[begin : begin + 100]

        headers = {"authorization": f"Bearer {await world.token()}", "content-type": built.headers["content-type"]}
        answer = await client.post("/api", content=whole if announced else chunks(), headers=headers)
    assert answer.status_code == status


async def test_an_upload_with_a_boundary_of_nothing_is_the_clients_fault(world: World) -> None:
    headers = {"authorization": f"Bearer {await world.token()}"}
    async with world.client() as client:
        for media in ("multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=b"):
            answer = await client.post("/api", content=b"--b\r\nnonsense", headers={**headers, "content-type": media})
            assert answer.status_code == 400
