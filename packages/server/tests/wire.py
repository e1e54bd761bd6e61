"""A service behind a real listener, and a client of its WebSocket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from packages.server.tests.conftest import ADA, NOW, World, new_world
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Request, TextMessage

from integrates.api.live.change import Change, Changed
from integrates.api.live.feed import Feed, tell
from integrates.api.live.kind import EntityKind
from integrates.db_model.entity import read
from integrates.db_model.groups import commands as groups
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.store.port import Key
from integrates.server.process.listener import listen, run
from integrates.server.settings import Settings

QUERY: Final = 'subscription { groupChanged(groupName: "webshop") { count operation items { kind id } } }'
PATIENCE: Final = 30

STUCK: Final = 5_000
"""After so many turns of the event loop in which an event is not sent, it waits for its client."""
LARGE: Final = Change("1", NOW, ADA, "test", (Changed(EntityKind.ROOT, "x" * 1000, 1, Key("ROOT#1", "ROOT#1")),) * 100)


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
    async with listening(await new_world(**settings)) as served:
        yield served


@asynccontextmanager
async def listening(world: World) -> AsyncIterator[Served]:
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


async def stuck(served: Served) -> Feed:
    """Tell the one follower of the group as much as its client takes, until nothing is sent any more; return its feed."""
    (following,) = served.world.live.followers.groups["webshop"].feeds
    turns = 0
    while turns < STUCK:
        if not following.waiting:
            tell(following, LARGE)
            turns = 0
        turns += 1
        await asyncio.sleep(0)
    return following


async def ended(served: Served) -> None:
    """Wait until the one stream has ended."""
    async with asyncio.timeout(PATIENCE):
        while not served.world.lines:  # noqa: ASYNC110 -- written when the stream has ended
            await asyncio.sleep(0)


async def flooded(served: Served) -> None:
    """Tell the one follower of the group more than its client takes, and then until too much waits."""
    following = await stuck(served)
    while not following.flags.is_overrun:
        tell(following, LARGE)
    await ended(served)
