"""A service over a memory store with the demo data, whose clock the test moves."""

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from packages.server.tests.counterpart import Person
from packages.server.tests.liar import Liar, lying

from integrates.api.execute import Api
from integrates.api.live.hub import new_hub
from integrates.db_model.entity.types import Stamp
from integrates.db_model.files.memory import memory_files
from integrates.db_model.store.design import design
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Store
from integrates.db_model.tokens.commands import issue, new_token
from integrates.db_model.tokens.rules import hash_jti
from integrates.server.app import new_app
from integrates.server.auth.provider import Providers
from integrates.server.auth.secret import Keys, derive
from integrates.server.auth.token import new_jti, sign_token
from integrates.server.demo.load import load_demo
from integrates.server.process import clock
from integrates.server.process.background import new_background
from integrates.server.service import Service, api_of
from integrates.server.settings import Settings

ADA, OLGA, URI = "ada@demo.example", "olga@demo.example", "uri@demo.example"
KEYS = derive(b"the secret of the tests, 32 bytes and more")
ORIGIN = "http://localhost:8001"
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
ME = {"query": "{ me { email } }"}


@cache
def api() -> Api:
    """Assembling it takes a while."""
    return api_of(Settings())


class World:
    """A service whose clock the test moves."""

    def __init__(self, store: Store, settings: Settings, providers: Providers | None = None) -> None:
        self.store = store
        self.now = NOW
        self.ready = True
        self.lines: list[Mapping[str, object]] = []
        self.live = new_hub(store, lambda: self.now)
        self.service = Service(
            settings=settings,
            store=self.live.store,
            live=self.live,
            files=memory_files(),
            api=api(),
            keyring=lambda: KEYS,
            providers=providers or {},
            now=lambda: self.now,
            seconds=self.seconds,
            new_id=clock.new_id,
            spawn=new_background().spawn,
            is_ready=lambda: self.ready,
            write_log=self.lines.append,
        )
        self.app = new_app(self.service)

    def serve_with(self, **functions: Any) -> None:
        """Serve the store with other functions from now on; it stays as it is for the test."""
        self.app = new_app(msgspec.structs.replace(self.service, store=msgspec.structs.replace(self.store, **functions)))

    def seconds(self) -> float:
        return self.now.timestamp()

    def client(self, base_url: str = ORIGIN, **arguments: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=base_url, **arguments)

    async def token(self, email: str = ADA, *, days: float = 30, keys: Keys = KEYS) -> str:
        identity, stamp = clock.new_id(), self.stamp(email)
        jti = new_jti(identity)
        made = new_token(identity, jti[:50], self.now + timedelta(days=days), hash_jti(jti), stamp)
        return sign_token(keys, await issue(self.store, made, stamp), jti)

    def stamp(self, by: str = ADA) -> Stamp:
        return Stamp(by=by, at=self.now, operation="test", change_id=clock.new_id())

    async def ask(self, token: str, body: Any = None, **headers: str) -> httpx.Response:
        async with self.client() as client:
            return await client.post("/api", json=body or ME, headers={"authorization": f"Bearer {token}", **headers})


async def new_world(**settings: Any) -> World:
    world = World(memory_store(), Settings(local_login=True, **settings))
    numbers = itertools.count()
    await load_demo(world.store, design(), world.now, lambda: f"00000000-0000-4000-8000-{next(numbers):012d}")
    return world


@pytest.fixture
async def world() -> World:
    return await new_world()


async def unanswered() -> None:
    """Wait for what never comes. When no deadline ends that, the test fails instead of waiting for good."""
    for _turn in range(1000):
        await asyncio.sleep(0)
    raise AssertionError("no deadline has ended the wait")


@pytest.fixture
async def elapse(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Put the clock of the event loop forward, so that a deadline passes when the test says so and never before."""
    loop, ahead = asyncio.get_running_loop(), 0.0

    def forward(seconds: float) -> None:
        nonlocal ahead
        ahead += seconds

    begun = loop.time()
    monkeypatch.setattr(loop, "time", lambda: begun + ahead)
    return forward


@pytest.fixture
def liar() -> Iterator[Liar]:
    """Run a provider that lies when it is told to."""
    with lying() as found:
        yield found


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)
