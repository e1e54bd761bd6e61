"""No change is lost or doubled on DynamoDB, also when answers get lost after the write, and calls fail, wait or are cut off."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from threading import Event
from uuid import uuid4

import pytest
from packages.db_model.tests.store.way import opened_way
from tests.load.conftest import Proof
from tests.load.hunt import hunt
from tests.load.ledger import Told, counts, faults
from tests.load.pair import pair

from integrates.db_model.errors import Conflict, Unavailable
from integrates.db_model.store.dynamodb.store import dynamodb_store
from integrates.db_model.store.port import ABSENT, ANYTHING, Add, Change, Item, Key, Put, Store, Version
from integrates.db_model.store.retry import Policy

pytestmark = [pytest.mark.functional, pytest.mark.load, pytest.mark.dynamodb]

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
FAULTS = {"lost": 3, "dropped": 2, "throttled": 3, "failed": 2, "strange": 1, "conflict": 2, "held": 2, "half": 2}
"""How often each fault is met, of a hundred calls that may meet it."""


@dataclass(frozen=True)
class Weather:
    """Faults that calls meet at random while it is bad, and how many there were of each."""

    chance: Random
    blowing: Event = field(default_factory=Event)
    met: "Counter[str]" = field(default_factory=Counter)

    def fault(self, name: str, _body: bytes) -> str | None:
        """Return the fault that a call meets: none for calls about tables, and a part of the keys for BatchGetItem only."""
        kinds = {fault: often for fault, often in FAULTS.items() if fault != "half" or name == "BatchGetItem"}
        if not self.blowing.is_set() or "Table" in name or self.chance.random() * 100 >= sum(kinds.values()):
            return None
        fault = self.chance.choices(tuple(kinds), tuple(kinds.values()))[0]
        self.met[fault] += 1
        return fault

    @contextmanager
    def bad(self) -> Iterator[None]:
        """Let calls meet faults for the time of a block."""
        self.blowing.set()
        yield
        self.blowing.clear()

    def figures(self) -> dict[str, int]:
        """Return how many calls met each fault, for the figures of a proof."""
        return {f"{fault}_calls": count for fault, count in sorted(self.met.items())}


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What an emulator asks for; a real endpoint finds its own in the environment."""
    given = {name: value for name, value in CREDENTIALS.items() if name not in os.environ}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given


def url_of(endpoint: str, prefix: str) -> str:
    return f"dynamodb://?endpoint={endpoint}&region=us-east-1&prefix={prefix}"


def test_no_update_is_lost_on_dynamodb(proof: Proof, tmp_path: Path, endpoint: str, credentials: dict[str, str]) -> None:
    url = url_of(endpoint, f"load_{uuid4().hex[:8]}_")
    with pair(tmp_path, url, **credentials) as both:
        hunt(proof, both, url, operations=6)


def test_no_update_is_lost_among_faults(proof: Proof, tmp_path: Path, endpoint: str, credentials: dict[str, str]) -> None:
    weather, prefix = Weather(proof.chance("weather")), f"load_{uuid4().hex[:8]}_"
    with opened_way(endpoint, weather.fault) as way, pair(tmp_path, url_of(way, prefix), **credentials) as both:
        hunt(proof, both, url_of(endpoint, prefix), operations=4, meanwhile=weather.bad)
    assert weather.met["lost"]
    proof.count(**weather.figures())


def key(name: str) -> Key:
    return Key(f"LOAD#{name}", f"LOAD#{name}", "integrates_vms")


async def counted(store: Store, name: str, log: str) -> Told:
    """Add 1 to the number of all, and store an item of one's own with it; ``unknown`` when the store does not say."""
    mine = Item(key(name), 1, {"mark": name}, {})
    write: list[Change] = [Add(key("number"), {"n": 1}, {}, ANYTHING), Put(mine, ABSENT)]
    try:
        await store.write(write)
    except Unavailable:
        return Told(name, unknown=frozenset({log}))
    return Told(name, done={log: 1})


async def noted(store: Store, name: str) -> Told:
    """Add a mark to those in the item of all, on condition that it is still as read."""
    (found,) = await store.get((key("marks"),))
    marks, version = (found.attributes["marks"], found.version) if found else ([], 0)
    assert isinstance(marks, list)
    told = Told(name, expected={"marks": version})
    expect = Version(version) if found else ABSENT
    try:
        await store.write((Put(Item(key("marks"), version + 1, {"marks": [*marks, name]}, {}), expect),))
    except Unavailable:
        return replace(told, unknown=frozenset({"marks"}))
    except Conflict:
        return replace(told, refused={"marks": "STALE_VERSION"})
    return replace(told, done={"marks": version + 1})


async def written(direct: Store, store: Store, names: Sequence[str]) -> tuple[list[Told], list[str]]:
    """Write at once by six workers; what they were told, and what is wrong with that."""

    async def work(worker: int) -> list[Told]:
        own = names[worker::6]
        return [one for name in own for one in (await counted(store, name, name), await noted(store, f"{name} noted"))]

    told = [one for some in await asyncio.gather(*map(work, range(6))) for one in some]
    number, marks, *mine = await direct.get((key("number"), key("marks"), *map(key, names)))
    assert number is not None
    assert marks is not None
    there = {name: [(1, name)] for name, item in zip(names, mine, strict=True) if item}
    assert (number.attributes["n"], number.version) == (len(there), len(there)), "each addition is counted once"
    listed = marks.attributes["marks"]
    assert isinstance(listed, list)
    noted_marks = list(enumerate(listed, 1))
    assert marks.version == len(noted_marks)
    return told, faults(told, {**there, "marks": noted_marks})


@pytest.mark.usefixtures("credentials")
async def test_no_write_counts_twice_among_faults(proof: Proof, endpoint: str) -> None:
    weather = Weather(proof.chance("weather"))
    for _ in proof.rounds(1):
        prefix = f"load_{uuid4().hex[:8]}_"
        with opened_way(endpoint, weather.fault) as way:
            async with (
                dynamodb_store(endpoint=endpoint, prefix=prefix, create=True) as direct,
                dynamodb_store(endpoint=way, prefix=prefix, policy=Policy(base=0.01, cap=0.1)) as store,
            ):
                with weather.bad():
                    told, wrong = await written(direct, store, [f"write-{number}" for number in range(90)])
        assert wrong == []
        assert weather.met["lost"]
        proof.count(**counts(told))
    proof.count(**weather.figures())
