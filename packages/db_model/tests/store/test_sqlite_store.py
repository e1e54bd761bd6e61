"""The requirements, on the store in a SQLite file, and what only this store promises."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from threading import Timer

import pytest

from integrates.db_model.errors import Unavailable
from integrates.db_model.store.port import Key, Store
from integrates.db_model.store.retry import Policy
from integrates.db_model.store.sqlite.store import sqlite_store
from integrates.db_model.testing.adapter import Adapter, Excluded
from integrates.db_model.testing.requirements import *  # noqa: F403 # pylint: disable=wildcard-import,unused-wildcard-import # each requirement is a test here
from integrates.db_model.testing.requirements.sample import new, one

IMPATIENT = Policy(attempts=3)


def locked(path: Path) -> sqlite3.Connection:
    """Take the file's write lock, as another process would."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    return connection


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def adapter(path: Path) -> Adapter:
    @asynccontextmanager
    async def stumbling() -> AsyncIterator[Store]:
        async with sqlite_store(path, busy=0.05) as store:
            release = Timer(0.5, locked(path).close)
            release.start()
            yield store
            release.join()

    @asynccontextmanager
    async def lost() -> AsyncIterator[Store]:
        async with sqlite_store(path, busy=0.05, policy=IMPATIENT) as store:
            with closing(locked(path)):
                yield store

    return Adapter(
        handle=lambda: sqlite_store(path),
        url=f"sqlite:///{path}",
        stumbling=stumbling,
        lost=lost,
        forgetful=Excluded("caller and store are one process: the thread that commits tells the caller directly"),
    )


async def test_readers_do_not_wait_for_a_writer(path: Path) -> None:
    async with sqlite_store(path, busy=0.0, policy=Policy(attempts=1)) as store:
        await store.write([new("p", "a")])
        with closing(locked(path)):
            assert await one(store, "p", "a") is not None
            with pytest.raises(Unavailable):
                await store.write([new("p", "b")])
        await store.write([new("p", "b")])


async def test_a_conflict_reaches_only_the_writes_it_befell(path: Path) -> None:
    async with sqlite_store(path) as store:
        await store.write([new("p", "a")])
        outcomes = await asyncio.gather(*(store.write([new("p", name)]) for name in "abcad"), return_exceptions=True)
        assert [outcome is None for outcome in outcomes] == [False, True, True, False, True]


async def test_a_cancelled_write_does_not_stop_the_others(path: Path) -> None:
    async with sqlite_store(path) as store:
        tasks = [asyncio.ensure_future(store.write([new("p", f"{number}")])) for number in range(20)]
        await asyncio.sleep(0)
        tasks[3].cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [number for number, outcome in enumerate(outcomes) if outcome is not None] == [3]


KILLED = """
import asyncio, sys
from integrates.db_model.store.port import ABSENT, Item, Key, Put
from integrates.db_model.store.sqlite.store import sqlite_store

async def write(store, number):
    keys = [Key(f"{number}", name) for name in "ab"]
    await store.write([Put(Item(key, 1, {"text": "x" * 500}), ABSENT) for key in keys])
    print(number, flush=True)

async def main():
    async with sqlite_store(sys.argv[1]) as store:
        for begin in range(0, 100_000, 10):
            await asyncio.gather(*(write(store, number) for number in range(begin, begin + 10)))

asyncio.run(main())
"""


def killed(path: Path, after: int) -> list[int]:
    """Kill a process that writes, when it has said so many numbers; return all that it said."""
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(after)]
        process.kill()
        lines += process.stdout.readlines()
    return [int(line) for line in lines]


async def test_a_killed_process_loses_nothing_acknowledged_and_leaves_nothing_half_done(path: Path) -> None:
    acknowledged = await asyncio.to_thread(killed, path, 205)
    async with sqlite_store(path) as store:
        found = await store.get([Key(f"{number}", name) for number in acknowledged for name in "ab"])
        assert len(acknowledged) >= 205
        assert None not in found
        last = max(acknowledged)
        for number in range(last + 1, last + 30):
            pair = await store.get([Key(f"{number}", name) for name in "ab"])
            assert (pair[0] is None) == (pair[1] is None)


async def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, but long enough to be taken for one" * 100)
    with closing(sqlite3.connect(tmp_path / "future")) as connection:
        connection.execute("PRAGMA user_version = 99")
    for name, reason in (
        ("missing/x", "existing folder"),
        (".", "existing folder"),
        ("text", "not a"),
        ("future", "version 99"),
    ):
        with pytest.raises(ValueError, match=reason):
            async with sqlite_store(tmp_path / name):
                pytest.fail("opened")


def modes(folder: Path) -> dict[str, int]:
    """Return who may do what with the files of a folder."""
    return {each.name: each.stat().st_mode & 0o777 for each in folder.iterdir()}


async def test_the_file_is_its_owners_only(path: Path) -> None:
    async with sqlite_store(path) as store:
        await store.write([new("place", "a")])
        assert modes(path.parent) == {path.name: 0o600, f"{path.name}-wal": 0o600, f"{path.name}-shm": 0o600}


async def test_a_file_that_is_there_keeps_its_mode(path: Path) -> None:
    with path.open("wb") as file:
        os.fchmod(file.fileno(), 0o640)
    async with sqlite_store(path):
        assert modes(path.parent)[path.name] == 0o640
