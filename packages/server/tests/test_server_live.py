"""Subscriptions through real sockets: by WebSocket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from packages.server.tests.conftest import ADA, URI, new_world
from packages.server.tests.wire import PATIENCE, QUERY, Served, ended, flooded, listening, serving, stuck
from wsproto.events import AcceptConnection, BytesMessage, RejectConnection
from wsproto.utilities import RemoteProtocolError

from integrates.db_model.errors import Unavailable
from integrates.db_model.tokens import commands as tokens
from integrates.server.http.live.ending import PER_PERSON
from integrates.server.http.live.socket import MAX_MESSAGE, MOST


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as found:
        yield found


async def test_a_change_is_told_by_websocket(served: Served) -> None:
    async with served.connected() as socket:
        await socket.subscribed()
        identity = await served.described()
        found = await socket.message()
    change = found["payload"]["data"]["groupChanged"]
    assert (found["type"], found["id"]) == ("next", "1")
    assert change == {"count": 1, "operation": "test", "items": [{"kind": "GROUP", "id": identity}]}


async def test_a_line_of_the_log_tells_of_a_connection(served: Served) -> None:
    async with served.connected() as socket:
        await socket.subscribed()
    while not served.world.lines:  # noqa: ASYNC110 -- written when the connection has ended
        await asyncio.sleep(0)
    (line,) = served.world.lines
    assert (line["status"], line["route"], line["actor"], line["method"]) == (101, "/api", ADA, "GET")
    assert not served.world.live.followers.groups


@pytest.mark.parametrize("payload", [None, {}, {"Authorization": "Bearer itg_x"}, {"authorization": 5}, {"Authorization": "x"}])
async def test_nobody_is_closed_as_unauthenticated(served: Served, payload: Any) -> None:
    async with served.open() as socket:
        await socket.event()
        await socket.sent(type="connection_init", **({"payload": payload} if payload is not None else {}))
        assert await socket.closed() == 4401


async def test_a_subscription_before_the_beginning_is_unauthenticated(served: Served) -> None:
    async with served.open() as socket:
        await socket.event()
        await socket.sent(type="subscribe", id="1", payload={"query": QUERY})
        assert await socket.closed() == 4401


MALFORMED = (
    "",
    "{",
    "[]",
    '"x"',
    "{}",
    '{"type": "nothing"}',
    '{"type": "subscribe"}',
    '{"type": "complete", "id": 1}',
    "[" * 50_000,
)


@pytest.mark.parametrize("text", MALFORMED)
async def test_what_is_no_message_closes_the_connection(served: Served, text: str) -> None:
    async with served.open() as socket:
        await socket.event()
        await socket.raw(text)
        assert await socket.closed() == 4400


async def test_a_message_that_is_too_long_closes_the_connection(served: Served) -> None:
    async with served.open() as socket:
        await socket.event()
        await socket.raw("x" * (MAX_MESSAGE + 1))
        assert await socket.closed() == 1009


async def test_a_message_in_bytes_closes_the_connection(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    async with served.open() as socket:
        await socket.event()
        socket.writer.write(socket.connection.send(BytesMessage(data=b'{"type": "ping"}')))
        assert await socket.closed() == 4400
    assert not caplog.records


async def test_an_old_version_of_http_is_told_as_it_is(served: Served) -> None:
    """Local login is refused to it, by which a proxy may be known; and it needs no ``Host``."""
    reader, writer = await asyncio.open_connection(*served.address)
    writer.write(f"GET /login?provider=local&email={ADA} HTTP/1.0\r\nHost: localhost:{served.address[1]}\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert answer.split(b" ")[1] != b"303"
    reader, writer = await asyncio.open_connection(*served.address)
    writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
    answer = await reader.read()
    writer.close()
    assert answer.split(b" ")[1] == b"200"


async def test_who_does_not_begin_is_closed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrates.server.http.live.socket.PATIENCE", 0.01)
    async with served.open() as socket:
        await socket.event()
        assert await socket.closed() == 4408


async def test_who_begins_twice_is_closed(served: Served) -> None:
    async with served.connected() as socket:
        await socket.sent(type="connection_init")
        assert await socket.closed() == 4429


async def test_an_id_that_is_taken_closes_the_connection(served: Served) -> None:
    async with served.connected() as socket:
        await socket.subscribed()
        await socket.sent(type="subscribe", id="1", payload={"query": QUERY})
        assert await socket.closed() == 4409


async def test_more_subscriptions_than_a_connection_has_are_refused_alone(served: Served) -> None:
    async with served.connected() as socket:
        for number in range(MOST):
            await socket.subscribed(str(number))
        await socket.sent(type="subscribe", id="one more", payload={"query": QUERY})
        found = await socket.message()
        assert (found["type"], found["id"], found["payload"][0]["extensions"]["code"]) == ("error", "one more", "RATE_LIMITED")
        await socket.sent(type="complete", id="0")
        await socket.sent(type="ping")
        assert await socket.message() == {"type": "pong"}
        await socket.subscribed("one more")


async def test_subscriptions_count_for_the_rate() -> None:
    async with serving(api_rate=2) as served, served.connected() as socket:
        await socket.subscribed("1")
        await socket.subscribed("2")
        await socket.sent(type="subscribe", id="3", payload={"query": QUERY})
        assert await socket.closed() == 4429


async def test_a_person_has_so_many_connections(served: Served) -> None:
    token = await served.world.token()
    async with asyncio.timeout(PATIENCE):
        opened = [served.open() for _ in range(PER_PERSON + 1)]
        sockets = [await one.__aenter__() for one in opened]
        for socket in sockets[:-1]:
            await socket.event()
            await socket.begun(token)
        await sockets[-1].event()
        await sockets[-1].sent(type="connection_init", payload={"Authorization": f"Bearer {token}"})
        assert await sockets[-1].closed() == 4429
        async with served.connected(URI):
            pass
        for one in opened:
            await one.__aexit__(None, None, None)
        async with served.connected():
            pass


async def test_who_ends_a_subscription_is_told_nothing_more(served: Served) -> None:
    async with served.connected() as socket:
        await socket.subscribed()
        await socket.sent(type="complete", id="1")
        await socket.sent(type="ping")
        assert await socket.message() == {"type": "pong"}
        assert not served.world.live.followers.groups


async def test_what_is_refused_is_an_error_of_its_subscription(served: Served) -> None:
    async with served.connected() as socket:
        await socket.sent(type="subscribe", id="1", payload={"query": "{ me { email } }"})
        found = await socket.message()
        assert (found["type"], found["payload"][0]["extensions"]["code"]) == ("error", "GRAPHQL_VALIDATION_FAILED")
        await socket.subscribed()


async def test_what_one_may_not_see_is_null_and_complete(served: Served) -> None:
    found = list[Any]()
    async with served.connected(URI) as socket:
        for name in ("cargo", "nothing"):
            query = "subscription ($name: ID!) { groupChanged(groupName: $name) { at } }"
            await socket.sent(type="subscribe", id="1", payload={"query": query, "variables": {"name": name}})
            found.append([await socket.message(), await socket.message()])
    assert found[0] == found[1]
    assert [one["type"] for one in found[0]] == ["next", "complete"]
    assert found[0][0]["payload"]["data"] == {"groupChanged": None}


async def test_a_token_that_is_revoked_ends_the_connection(served: Served) -> None:
    world = served.world
    async with served.connected() as socket:
        await socket.subscribed()
        (token,) = await tokens.tokens_of(world.store, ADA)
        await tokens.revoke(world.live.store, token.id, world.stamp())
        assert await socket.closed() == 4401


async def test_a_role_that_is_taken_away_ends_the_connection(served: Served) -> None:
    leave = 'mutation ($email: String!) { removeGroupMember(groupName: "webshop", email: $email) { errors { reason } } }'
    async with served.connected(URI) as socket:
        await socket.subscribed()
        token = await served.world.token()
        answer = await served.world.ask(token, {"query": leave, "variables": {"email": URI}})
        assert answer.json()["data"]["removeGroupMember"]["errors"] == []
        assert await socket.closed() == 4403


async def test_a_session_is_no_proof_for_a_page_of_another_site(served: Served) -> None:
    async with httpx.AsyncClient(base_url=served.url) as client:
        assert (await client.get("/login", params={"provider": "local", "email": ADA})).status_code == 303
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        for origin in ("https://evil.example", "null", None):
            given = {"origin": origin} if origin else {}
            async with served.open(cookie=cookie, **given) as socket:
                found = await socket.event()
                assert isinstance(found, RejectConnection)
                assert found.status_code == 403
        async with served.open(cookie=cookie, origin=served.url) as socket:
            assert isinstance(await socket.event(), AcceptConnection)
            await socket.begun()
            await socket.subscribed()
            assert (await client.post("/logout", headers={"origin": served.url})).status_code == 303
            assert await socket.closed() == 4401


async def test_another_protocol_is_refused(served: Served) -> None:
    async with served.open("graphql-ws") as socket:
        found = await socket.event()
    assert isinstance(found, RejectConnection)
    assert found.status_code == 400


async def test_compression_is_not_offered(served: Served) -> None:
    async with served.open(**{"sec-websocket-extensions": "permessage-deflate"}) as socket:
        found = await socket.event()
    assert isinstance(found, AcceptConnection)
    assert found.extensions == []


async def test_who_takes_nothing_is_cut_off(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrates.server.http.live.ending.FAREWELL", 0.01)
    async with served.connected() as socket:
        await socket.subscribed()
        await flooded(served)
        with suppress(OSError, RemoteProtocolError):
            assert await socket.closed() == 1006  # without a word, which would wait behind all that is not taken


async def test_who_does_not_take_a_ping_is_cut_off(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where little is told, so that never too much waits: else the connection would be held for good."""
    monkeypatch.setattr("integrates.server.http.live.socket.SILENCE", 10**9)
    monkeypatch.setattr("integrates.server.http.live.socket.PING", 0.01)
    monkeypatch.setattr("integrates.server.http.live.ending.FAREWELL", 0.01)
    async with served.connected() as socket:
        await socket.subscribed()
        following = await stuck(served)
        await ended(served)
    assert not following.flags.is_overrun
    assert not served.world.live.followers.groups


@pytest.mark.parametrize(("error", "logged"), [(Unavailable("away"), []), (ValueError("fault"), ["a stream failed"])])
async def test_a_store_that_is_lost_at_the_beginning_is_no_fault(
    error: Exception, logged: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(_keys: Any) -> Any:
        raise error

    world = await new_world()
    token = await world.token()
    world.serve_with(get=failing)
    async with listening(world) as served, served.open() as socket:
        await socket.event()
        await socket.sent(type="connection_init", payload={"Authorization": f"Bearer {token}"})
        assert await socket.closed() == 1011
    assert [record.message for record in caplog.records] == logged


async def test_a_stop_ends_every_stream_with_a_word(served: Served) -> None:
    async with served.connected() as socket:
        await socket.subscribed()
        served.world.live.ended.set()
        assert await socket.closed() == 1001
