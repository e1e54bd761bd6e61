"""Subscriptions through real sockets: by WebSocket and as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import httpx
import pytest
from packages.server.tests.conftest import ADA, URI, World, new_world
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Event, RejectConnection, Request, TextMessage
from wsproto.utilities import RemoteProtocolError

from integrates.api.live.change import Change, Changed
from integrates.api.live.feed import tell
from integrates.api.live.kind import EntityKind
from integrates.db_model.entity import read
from integrates.db_model.groups import commands as groups
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.store.port import Key
from integrates.db_model.tokens import commands as tokens
from integrates.server.http.live.ending import PER_PERSON
from integrates.server.http.live.socket import MAX_MESSAGE, MOST
from integrates.server.process.listener import listen, run
from integrates.server.settings import Settings

QUERY: Final = 'subscription { groupChanged(groupName: "webshop") { count operation items { kind id } } }'
PATIENCE: Final = 30


class Socket:
    """A client of ``graphql-transport-ws`` with no code of ours."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.connection = WSConnection(ConnectionType.CLIENT)
        self.events = list[Event]()

    async def event(self) -> Event:
        async with asyncio.timeout(PATIENCE):
            while not self.events:
                data = await self.reader.read(65_536)
                self.connection.receive_data(data or None)
                self.events.extend(self.connection.events())
        return self.events.pop(0)

    async def sent(self, **message: Any) -> None:
        await self.raw(json.dumps(message))

    async def raw(self, text: str) -> None:
        self.writer.write(self.connection.send(TextMessage(data=text)))
        await self.writer.drain()

    async def message(self) -> Any:
        """The next message; pings of the service are passed over."""
        event = await self.event()
        assert isinstance(event, TextMessage), event
        found = json.loads(event.data)
        return await self.message() if found["type"] == "ping" else found

    async def closed(self) -> int:
        """The code with which the service closes; messages before that are passed over."""
        while not isinstance(event := await self.event(), CloseConnection):
            pass
        return event.code

    async def begun(self, token: str | None = None) -> None:
        await self.sent(type="connection_init", payload={"Authorization": f"Bearer {token}"} if token else {})
        assert await self.message() == {"type": "connection_ack"}

    async def subscribed(self, identity: str = "1", query: str = QUERY, **variables: Any) -> None:
        await self.sent(type="subscribe", id=identity, payload={"query": query, "variables": variables})
        found = await self.message()
        assert (found["type"], found["id"], found["payload"]["data"]["groupChanged"]["count"]) == ("next", identity, 0)


class Served:
    """A world behind a real listener."""

    def __init__(self, world: World, address: tuple[str, int]) -> None:
        self.world = world
        self.address = address

    @property
    def url(self) -> str:
        return f"http://localhost:{self.address[1]}"

    @asynccontextmanager
    async def open(self, protocol: str = "graphql-transport-ws", /, **headers: str) -> AsyncIterator[Socket]:
        reader, writer = await asyncio.open_connection(*self.address)
        socket = Socket(reader, writer)
        given = [(name.encode(), value.encode()) for name, value in headers.items()]
        host = f"localhost:{self.address[1]}"
        asked = Request(host=host, target="/api", subprotocols=[protocol], extra_headers=given)
        writer.write(socket.connection.send(asked))
        try:
            yield socket
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    @asynccontextmanager
    async def connected(self, email: str = ADA) -> AsyncIterator[Socket]:
        """A connection that is begun with a token."""
        async with self.open() as socket:
            assert isinstance(await socket.event(), AcceptConnection)
            await socket.begun(await self.world.token(email))
            yield socket

    async def described(self) -> str:
        """Change the group in this process, and return its name."""
        store = self.world.live.store
        seen = await read.get(store, GROUP, group_key("webshop"))
        assert seen is not None
        given = {"description": f"The shop of version {seen.version}."}
        return (await groups.describe(store, seen=seen, given=given, stamp=self.world.stamp())).name


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[Served]:
    world = await new_world(**settings)
    stopping, bound = asyncio.Event(), listen("127.0.0.1", 0)

    async def drain(_seconds: float) -> None:
        pass

    task = asyncio.create_task(run(world.app, bound, Settings(graceful_seconds=PATIENCE), stopping, drain))
    try:
        yield Served(world, bound.getsockname())
    finally:
        world.live.ended.set()
        stopping.set()
        await task


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
    monkeypatch.setattr("integrates.server.http.live.socket.FAREWELL", 0.01)
    followers = served.world.live.followers
    async with served.connected() as socket:
        await socket.subscribed()
        (following,) = followers.groups["webshop"].feeds
        await served.described()
        await socket.message()
        item = Changed(EntityKind.ROOT, "x" * 1000, 1, Key("ROOT#1", "ROOT#1"))
        large = Change("1", served.world.now, ADA, "test", (item,) * 100)
        while followers.groups:
            tell(following, large)
            await asyncio.sleep(0)
        assert following.flags.is_overrun
        with suppress(OSError, RemoteProtocolError):
            assert await socket.closed() in {4429, 1006}


async def test_a_stop_ends_every_stream_with_a_word(served: Served) -> None:
    async with served.connected() as socket:
        await socket.subscribed()
        served.world.live.ended.set()
        assert await socket.closed() == 1001


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
