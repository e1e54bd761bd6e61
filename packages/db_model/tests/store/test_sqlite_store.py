"""The requirements, on the store in a SQLite file, and what only this store promises."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from functools import partial
from pathlib import Path
from threading import get_ident
from typing import Any

import pytest

from integrates.db_model.errors import Conflict, Gone, Unavailable, Unfit
from integrates.db_model.store.port import ANYTHING, Add, Change, IndexKey, Item, Key, Store
from integrates.db_model.store.retry import Policy, Transient
from integrates.db_model.store.sqlite.fault import translated
from integrates.db_model.store.sqlite.store import sqlite_store
from integrates.db_model.testing.adapter import Adapter, Excluded, Lose
from integrates.db_model.testing.requirements import *  # noqa: F403 # pylint: disable=wildcard-import,unused-wildcard-import # each requirement is a test here
from integrates.db_model.testing.requirements.sample import new, one, walk_of

IMPATIENT = Policy(attempts=3)


def locked(path: Path) -> sqlite3.Connection:
    """Take the file's write lock, as another process would."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    return connection


COLUMNS = "version, body, pk_1, sk_1, pk_2, sk_2"


def raw(path: Path, key: Key) -> Item | None:
    """Read an item with SQL of our own."""
    with closing(sqlite3.connect(path)) as connection:
        text = f"SELECT {COLUMNS} FROM {key.table} WHERE pk = ? AND sk = ?"  # noqa: S608 - the table is the design's
        found = connection.execute(text, (key.pk, key.sk)).fetchone()
    if found is None:
        return None
    version, body, *keys_by_index = found
    pairs = zip(keys_by_index[::2], keys_by_index[1::2], strict=True)
    return Item(key, version, json.loads(body), {n: IndexKey(*pair) for n, pair in enumerate(pairs, 1) if pair != (None, None)})


@contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file with SQL of our own, whose changes are committed at the end."""
    with closing(sqlite3.connect(path)) as connection:
        yield connection
        connection.commit()


def plant(path: Path, item: Item) -> None:
    """Store an item with SQL of our own."""
    keys_by_index = [item.index_keys.get(number) for number in (1, 2)]
    columns = [column for key in keys_by_index for column in ((key.pk, key.sk) if key else (None, None))]
    with connected(path) as connection:
        connection.execute(
            f"INSERT INTO {item.key.table} (pk, sk, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - likewise
            (item.key.pk, item.key.sk, item.version, json.dumps(item.attributes).encode(), *columns),
        )


def altered(path: Path, *texts: str) -> None:
    """Do something to a file that the store would not do."""
    with connected(path) as connection:
        for text in texts:
            connection.execute(text)


async def made_store(path: Path) -> None:
    """Make a store with an item in it."""
    async with sqlite_store(path, create=True) as store:
        await store.write([new("place", "a")])


WRONG: Mapping[str, str | bytes | None] = {
    "missing": None,
    "text": b"not a database, but long enough to be taken for one" * 100,
    "empty": b"",
    "theirs": "CREATE TABLE theirs (a)",
    "of another version": "PRAGMA user_version = 99",
    "without a table": "DROP TABLE integrates_vms_historic",
    "without an index": "DROP INDEX integrates_vms_gsi_3",
    "with an index more": "CREATE INDEX integrates_vms_gsi_19 ON integrates_vms (pk_1)",
    "without a column": "ALTER TABLE integrates_vms RENAME COLUMN body TO text",
}
"""What a file is made of: what was done to a store, or what it holds instead."""


def overwrite(path: Path) -> None:
    """Damage all of a file but its first page."""
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:4_096] + b"x" * (size - 4_096))


def make_wrong(path: Path, content: str | bytes | None) -> None:
    """Give a file its content, or do to it what the text says."""
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        altered(path, content)


@asynccontextmanager
async def wrong_store(path: Path, content: str | bytes | None, *, create: bool = False) -> AsyncIterator[Store]:
    """Open what is no store of this program."""
    if isinstance(content, str) and not content.startswith("CREATE TABLE"):
        await made_store(path)
    make_wrong(path, content)
    async with sqlite_store(path, create=create) as store:
        yield store


@asynccontextmanager
async def damaged_store(path: Path) -> AsyncIterator[Store]:
    """Open a store whose rows were overwritten."""
    await made_store(path)
    overwrite(path)
    async with sqlite_store(path) as store:
        yield store


@asynccontextmanager
async def vanishing_store(path: Path, suffix: str) -> AsyncIterator[tuple[Store, Lose]]:
    """Open a store with what removes its file, or the one beside it with the suffix."""

    async def lose() -> None:
        os.unlink(f"{path}{suffix}")  # noqa: PTH108 - the name is that of a file beside the path

    async with sqlite_store(path, create=True) as store:
        yield store, lose


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def adapter(path: Path, tmp_path: Path) -> Adapter:
    @asynccontextmanager
    async def stumbling() -> AsyncIterator[Store]:
        async def freed(_seconds: float) -> None:
            other.close()

        async with sqlite_store(path, create=True, busy=0.05, policy=Policy(sleep=freed)) as store:
            other = locked(path)
            yield store

    @asynccontextmanager
    async def lost() -> AsyncIterator[Store]:
        async with sqlite_store(path, create=True, busy=0.05, policy=IMPATIENT) as store:
            with closing(locked(path)):
                yield store

    async def raw_item(key: Key) -> Item | None:
        return raw(path, key)

    async def planted(item: Item) -> None:
        plant(path, item)

    return Adapter(
        handle=lambda: sqlite_store(path, create=True),
        url=f"sqlite:///{path}",
        stumbling=stumbling,
        lost=lost,
        forgetful=Excluded("caller and store are one process: the thread that commits tells the caller directly"),
        raw=raw_item,
        plant=planted,
        unfit={
            **{name: partial(wrong_store, tmp_path / name, content) for name, content in WRONG.items()},
            **{
                f"{name}, to be made": partial(wrong_store, tmp_path / f"{name} 2", content, create=True)
                for name, content in WRONG.items()
                if name not in {"missing", "empty"}
            },
            "of an impossible name": partial(sqlite_store, tmp_path / ("x" * 300), create=True),
            "in no folder": partial(sqlite_store, tmp_path / "none" / "x", create=True),
            "a folder": partial(sqlite_store, tmp_path, create=True),
            "not to be made": partial(sqlite_store, "/proc/x", create=True),
            "damaged": partial(damaged_store, tmp_path / "damaged"),
        },
        vanishing={
            name: partial(vanishing_store, tmp_path / f"without {name}", suffix)
            for name, suffix in {"file": "", "log": "-wal", "index": "-shm"}.items()
        },
    )


async def test_readers_do_not_wait_for_a_writer(path: Path) -> None:
    async with sqlite_store(path, create=True, busy=0.0, policy=Policy(attempts=1)) as store:
        await store.write([new("p", "a")])
        with closing(locked(path)):
            assert await one(store, "p", "a") is not None
            with pytest.raises(Unavailable):
                await store.write([new("p", "b")])
        await store.write([new("p", "b")])


async def test_a_conflict_reaches_only_the_writes_it_befell(path: Path) -> None:
    async with sqlite_store(path, create=True) as store:
        await store.write([new("p", "a")])
        outcomes = await asyncio.gather(*(store.write([new("p", name)]) for name in "abcad"), return_exceptions=True)
        assert [outcome is None for outcome in outcomes] == [False, True, True, False, True]


async def test_a_lone_write_that_is_refused_is_told_why_and_leaves_nothing(path: Path) -> None:
    """It runs without a savepoint first, in a transaction that is rolled back whole."""
    async with sqlite_store(path, create=True) as store:
        await store.write([new("p", "a")])
        refused: list[Change] = [new("p", "b"), new("p", "a"), Add(Key("p", "n"), {"x": 1}, {}, ANYTHING)]
        with pytest.raises(Conflict) as conflict:
            await store.write(refused)
        assert [(each.position, each.reason) for each in conflict.value.failed] == [(1, "exists")]
        assert await store.get([Key("p", "b"), Key("p", "n")]) == (None, None)
        await store.write([refused[0], refused[2]])
        assert None not in await store.get([Key("p", "b"), Key("p", "n")])


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """Every connection that is opened from now on."""
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def noted(*arguments: Any, **options: Any) -> sqlite3.Connection:
        opened.append(connect(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", noted)
    return opened


def is_open(connection: sqlite3.Connection) -> bool:
    try:
        connection.total_changes  # noqa: B018 - raises when it is closed
    except sqlite3.ProgrammingError:
        return False
    return True


def writers(connections: list[sqlite3.Connection]) -> list[sqlite3.Connection]:
    """Return those of an open store that have written."""
    return [each for each in connections if is_open(each) and each.total_changes]


async def test_what_is_acknowledged_is_on_the_disk(path: Path, connections: list[sqlite3.Connection]) -> None:
    """A kill does not show it, only a power cut would: what SQLite is told."""
    async with sqlite_store(path, create=True) as store:
        await store.write([new("p", "a")])
        [writer] = writers(connections)
        assert writer.execute("PRAGMA synchronous").fetchone() == (2,)
        assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_a_write_that_fills_the_disk_fails_alone(path: Path, connections: list[sqlite3.Connection]) -> None:
    async with sqlite_store(path, create=True) as store:
        await store.write([new("p", "first")])
        [writer] = writers(connections)
        (pages,) = writer.execute("PRAGMA page_count").fetchone()
        writer.execute(f"PRAGMA max_page_count = {pages + 20}")
        changes = [new("p", f"{n}", text="x" * (400_000 if n == 5 else 10)) for n in range(10)]
        outcomes = await asyncio.gather(*(store.write([change]) for change in changes), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [Unavailable if n == 5 else type(None) for n in range(10)]
        assert [each and each.key.sk for each in await store.get([change.key for change in changes])] == [
            None if n == 5 else f"{n}" for n in range(10)
        ]


async def test_a_file_that_cannot_be_written_for_a_while_is_unfit_and_can_be_used_again(
    path: Path, connections: list[sqlite3.Connection]
) -> None:
    async with sqlite_store(path, create=True) as store:
        await store.write([new("p", "a")])
        [writer] = writers(connections)
        writer.execute("PRAGMA query_only = ON")  # as a file system does that was mounted again to be read only
        with pytest.raises(Unfit, match="readonly"):
            await store.write([new("p", "b")])
        assert await one(store, "p", "a") is not None
        writer.execute("PRAGMA query_only = OFF")
        await store.write([new("p", "b")])


async def test_an_item_that_no_store_wrote_fails_only_the_write_that_adds_to_it(path: Path) -> None:
    async with sqlite_store(path, create=True) as store:
        await store.write([new("p", name, n=1) for name in ("a", "b")])
        altered(path, "UPDATE integrates_vms SET body = CAST('{' AS BLOB) WHERE sk = 'a'")
        altered(path, "UPDATE integrates_vms SET body = 'text' WHERE sk = 'b'")
        wrong: list[list[Change]] = [[Add(Key("p", name), {"n": 1}, {}, ANYTHING)] for name in "ab"]
        beside: list[list[Change]] = [[new("p", "c")], [new("p", "d")]]
        writes = (store.write(changes) for changes in (beside[0], *wrong, beside[1]))
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [type(None), Unfit, Unfit, type(None)]
        with pytest.raises(Unfit, match="'b'"):
            await one(store, "p", "b")


async def test_a_store_that_was_closed_is_unfit(path: Path) -> None:
    async with sqlite_store(path, create=True) as closed:
        pass
    keys = [Key("p", f"{n}") for n in range(100)]
    for call in (closed.get(keys[:1]), closed.get(keys), closed.query([walk_of("p")]), closed.write([new("p", "b")])):
        with pytest.raises(Unfit, match="closed"):
            await call


async def test_a_path_from_the_current_folder_stays_where_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    async with sqlite_store(path.name, create=True) as store:
        monkeypatch.chdir("/")
        await store.write([new("p", "a")])
        assert await one(store, "p", "a") is not None


@pytest.mark.parametrize("name", ["a b", "100%", "x?mode=memory", "#", "ü", "file:x"])
async def test_any_name_is_that_of_a_file(tmp_path: Path, name: str) -> None:
    async with sqlite_store(tmp_path / name, create=True) as store:
        await store.write([new("p", "a")])
        assert raw(tmp_path / name, Key("p", "a")) is not None


def meaning_of(code: int | None) -> type[Exception]:
    """Return what an error with that result code becomes."""
    error = sqlite3.OperationalError("x")
    if code is not None:
        error.sqlite_errorcode = code
    return type(translated(error))


@pytest.mark.parametrize(
    ("codes", "meaning"),
    [
        ({"BUSY", "BUSY_RECOVERY", "BUSY_SNAPSHOT", "LOCKED", "LOCKED_SHAREDCACHE", "PROTOCOL"}, Transient),
        ({"FULL", "IOERR", "IOERR_WRITE", "IOERR_FSYNC", "NOMEM", "IOERR_NOMEM"}, Unavailable),
        ({"CORRUPT", "CORRUPT_INDEX", "NOTADB", "IOERR_SHORT_READ", "IOERR_CORRUPTFS", "READONLY_DBMOVED"}, Gone),
        (
            {
                *("READONLY", "READONLY_DIRECTORY", "CANTOPEN", "CANTOPEN_ISDIR", "PERM", "AUTH"),
                *("ERROR", "SCHEMA", "CONSTRAINT", "MISMATCH", "MISUSE", "FORMAT"),
            },
            Unfit,
        ),
    ],
)
def test_every_error_of_sqlite_has_a_meaning(codes: set[str], meaning: type[Exception]) -> None:
    assert {code: meaning_of(getattr(sqlite3, f"SQLITE_{code}")) for code in codes} == dict.fromkeys(codes, meaning)
    assert meaning_of(None) is Unfit


async def test_few_rows_are_read_without_changing_thread(path: Path, connections: list[sqlite3.Connection]) -> None:
    async with sqlite_store(path, create=True) as store:
        await store.write([new("p", f"{n:02}") for n in range(65)])
        readers: set[int] = set()
        for connection in connections:
            if is_open(connection):
                connection.set_trace_callback(lambda _: readers.add(get_ident()))
        keys = [Key("p", f"{n:02}") for n in range(65)]
        small = (store.get(keys[:64]), store.query([walk_of("p", limit=32)] * 2))
        large = (store.get(keys), store.query([walk_of("p", limit=65)]))
        for calls, here in ((small, True), (large, False)):
            for call in calls:
                readers.clear()
                await call
                assert readers
                assert (readers == {get_ident()}) == here


async def test_a_cancelled_write_does_not_stop_the_others(path: Path) -> None:
    async with sqlite_store(path, create=True) as store:
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
    async with sqlite_store(sys.argv[1], create=True) as store:
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
    async with sqlite_store(path, create=True) as store:
        found = await store.get([Key(f"{number}", name) for number in acknowledged for name in "ab"])
        assert len(acknowledged) >= 205
        assert None not in found
        last = max(acknowledged)
        for number in range(last + 1, last + 30):
            pair = await store.get([Key(f"{number}", name) for name in "ab"])
            assert (pair[0] is None) == (pair[1] is None)


def modes(folder: Path) -> dict[str, int]:
    """Return who may do what with the files of a folder."""
    return {each.name: each.stat().st_mode & 0o777 for each in folder.iterdir()}


async def test_the_file_is_its_owners_only(path: Path) -> None:
    async with sqlite_store(path, create=True) as store:
        await store.write([new("place", "a")])
        assert modes(path.parent) == {path.name: 0o600, f"{path.name}-wal": 0o600, f"{path.name}-shm": 0o600}


async def test_a_file_that_is_there_keeps_its_mode(path: Path) -> None:
    with path.open("wb") as file:
        os.fchmod(file.fileno(), 0o640)
    async with sqlite_store(path, create=True):
        assert modes(path.parent)[path.name] == 0o640


def test_the_database_of_another_program_is_left_as_it_was(path: Path) -> None:
    make_wrong(path, WRONG["theirs"])
    before = path.read_bytes()

    async def opened() -> None:
        async with sqlite_store(path, create=True):
            pass

    with pytest.raises(Unfit):
        asyncio.run(opened())
    assert path.read_bytes() == before
