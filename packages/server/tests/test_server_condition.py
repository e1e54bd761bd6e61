"""Whether the service is ready follows from what its store does: real calls first, then probes."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from packages.server.tests.conftest import World, unanswered

from integrates.db_model.errors import Conflict, Failure, Gone, InvalidCursor, LimitExceeded, Unavailable, Unfit
from integrates.db_model.store.memory import State, memory_store, new_state
from integrates.db_model.store.port import ABSENT, Change, Item, Key, Put, Query, Store
from integrates.server.process.condition import Condition, observed

KEY = Key("p", "a")
NOTHING: Sequence[Change] = (Put(Item(KEY, 1, {}), ABSENT),)
WALK = Query(pattern="x", index=1, pk="p", limit=1)


class Clock:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Broken:
    """A store over a memory, whose functions fail as the test says; it counts its calls."""

    def __init__(self) -> None:
        self.state: State = new_state()
        self.errors: dict[str, Exception] = {}
        self.calls: list[str] = []
        inner = memory_store(state=self.state)
        self.store = Store(
            self.failing("get", inner.get), self.failing("query", inner.query), self.failing("write", inner.write), 1000
        )

    def failing(self, name: str, call: Callable[[Any], Any]) -> Callable[[Any], Any]:
        async def called(argument: Any) -> Any:
            self.calls.append(name)
            if name in self.errors:
                raise self.errors[name]
            return await call(argument)

        return called


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def broken() -> Broken:
    return Broken()


@pytest.fixture
def condition(broken: Broken, clock: Clock) -> Condition:
    return observed(broken.store, clock)


CALLS: dict[str, Callable[[Store], Any]] = {
    "get": lambda store: store.get([KEY]),
    "query": lambda store: store.query([WALK]),
    "write": lambda store: store.write(NOTHING),
}


async def failed(condition: Condition, name: str) -> None:
    with pytest.raises((Unavailable, Unfit)):
        await CALLS[name](condition.store)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("error", [Unavailable("full"), Unfit("no such index")])
async def test_a_failed_call_counts_and_then_a_probe_says_whether_it_still_fails(
    condition: Condition, broken: Broken, clock: Clock, name: str, error: Exception
) -> None:
    assert await condition.is_well()
    broken.errors = {name: error}
    await failed(condition, name)
    del broken.errors[name]
    assert not await condition.is_well(), (
        "a probe may succeed where a real call does not, such as on a disk that is nearly full"
    )
    clock.now += 4.9
    assert not await condition.is_well()
    broken.errors = {name: error}
    clock.now += 0.2
    assert not await condition.is_well(), "the probe fails, too"
    del broken.errors[name]
    clock.now += 4.9
    broken.calls.clear()
    assert not await condition.is_well()
    assert broken.calls == [], "so that nobody can make it probe all the time"
    clock.now += 0.2
    assert await condition.is_well()
    assert set(broken.calls) == {"get", name}
    broken.calls.clear()
    assert await condition.is_well()
    assert broken.calls == ["get"]


@pytest.mark.parametrize("name", CALLS)
async def test_a_call_that_succeeds_ends_the_failure_at_once(condition: Condition, broken: Broken, name: str) -> None:
    broken.errors = {name: Unavailable("away")}
    await failed(condition, name)
    broken.errors = {}
    for other in CALLS.keys() - {name}:
        await CALLS[other](condition.store)
        assert not await condition.is_well()
        broken.state.items.clear()
    await CALLS[name](condition.store)
    assert await condition.is_well()


@pytest.mark.parametrize(
    "error", [Conflict([Failure(0, "exists", 1)]), LimitExceeded("item_bytes", 2, 1), InvalidCursor("x"), ValueError("a bug")]
)
async def test_a_refusal_is_an_answer(condition: Condition, broken: Broken, error: Exception) -> None:
    broken.errors = {"write": error}
    with pytest.raises(type(error)):
        await CALLS["write"](condition.store)
    assert await condition.is_well()


async def test_a_refusal_after_a_failure_shows_that_the_store_answers_again(condition: Condition, broken: Broken) -> None:
    await CALLS["write"](condition.store)
    broken.errors = {"write": Unavailable("away")}
    await failed(condition, "write")
    broken.errors = {}
    with pytest.raises(Conflict):
        await CALLS["write"](condition.store)
    assert await condition.is_well()


async def test_a_failure_during_a_probe_counts(broken: Broken, clock: Clock) -> None:
    condition: Condition | None = None

    async def get(keys: Any) -> Any:
        if condition and broken.errors:
            clock.now += 0.1
            broken.calls.append("get")
            await failed(condition, "write")
            broken.errors = {}
        return await broken.store.get(keys)

    condition = observed(msgspec.structs.replace(broken.store, get=get), clock)
    broken.errors = {"write": Unavailable("away")}
    await failed(condition, "write")
    clock.now += 5
    assert not await condition.is_well()


async def test_a_probe_of_writing_leaves_nothing(condition: Condition, broken: Broken, clock: Clock) -> None:
    broken.errors = {"write": Unavailable("full")}
    await failed(condition, "write")
    broken.errors = {}
    clock.now += 5
    assert await condition.is_well()
    assert (broken.calls.count("write"), broken.state.items) == (3, {})


async def test_a_store_that_is_gone_is_never_well_again_and_that_is_logged_once(
    condition: Condition, broken: Broken, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    broken.errors = {"write": Gone("the file /data/store.db was removed while the store was open")}
    for _ in range(3):
        await failed(condition, "write")
    broken.errors = {}
    clock.now += 3600
    await CALLS["write"](condition.store)
    broken.calls.clear()
    assert not await condition.is_well()
    assert broken.calls == []
    (line,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert line.levelno == logging.ERROR
    assert all(part in line.getMessage() for part in ("/data/store.db was removed", "Stop the service", "backup"))


async def test_a_probe_notices_that_the_store_is_gone(
    condition: Condition, broken: Broken, caplog: pytest.LogCaptureFixture
) -> None:
    broken.errors = {"get": Gone("the file was removed")}
    assert [await condition.is_well() for _ in range(3)] == [False] * 3
    assert (broken.calls, len(caplog.records)) == (["get"], 1)


@pytest.mark.parametrize(("waited", "well"), [(1.9, True), (2.0, False)])
async def test_a_call_that_was_given_up_has_failed_when_it_was_waited_for(clock: Clock, waited: float, *, well: bool) -> None:
    """A client that goes away early says nothing about the store."""
    begun = asyncio.Event()

    async def stuck(_changes: Any) -> None:
        begun.set()
        await unanswered()

    condition = observed(msgspec.structs.replace(memory_store(), write=stuck), clock)
    call = asyncio.ensure_future(condition.store.write(NOTHING))
    await begun.wait()
    clock.now += waited
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert await condition.is_well() == well


async def test_requests_decide_whether_the_service_is_ready(world: World) -> None:
    errors: list[Exception] = []

    async def write(changes: Any) -> None:
        if errors:
            raise errors[0]
        await world.store.write(changes)

    world.serve_with(write=write)
    token = await world.token()
    add = {"query": 'mutation { addOrganization(name: "imagine") { errors { reason } } }'}

    async def status() -> int:
        async with world.client() as client:
            return (await client.get("/readyz")).status_code

    await world.ask(token)
    errors.append(Unavailable("database or disk is full"))
    refused = await world.ask(token, add)
    assert (refused.status_code, refused.headers["retry-after"], await status()) == (503, "1", 503)
    assert (await world.ask(token)).status_code == 200, "reads go on"
    errors.clear()
    world.now += timedelta(seconds=5)
    assert await status() == 200
    errors.append(Gone("/data/store.db was removed"))
    refused = await world.ask(token, add)
    assert (refused.status_code, "retry-after" in refused.headers, await status()) == (503, False, 503)
    assert "operator" in refused.text
    assert "/data" not in refused.text
    errors.clear()
    world.now += timedelta(days=1)
    assert (await world.ask(await world.token(), add)).status_code == 200
    assert await status() == 503


@pytest.mark.parametrize("error", [Unfit("no such table at arn:aws:x"), Gone("/data/store.db was removed")])
async def test_before_the_api_a_store_that_cannot_be_used_is_no_reason_to_try_again(world: World, error: Exception) -> None:
    async def gone(_keys: Any) -> Any:
        raise error

    token = await world.token()
    world.serve_with(get=gone)
    answer = await world.ask(token)
    assert (answer.status_code, "retry-after" in answer.headers) == (503, False)
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert "operator" in answer.text
    assert error.args[0] not in answer.text
