"""The file of a store that is open is removed, replaced, cut, overwritten or changed: nothing is acknowledged any more."""

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from integrates.db_model.errors import Gone
from integrates.db_model.store.port import Key, Store
from integrates.db_model.store.sqlite.store import sqlite_store
from integrates.db_model.testing.requirements.sample import new, walk_of

FIRST, LATER = range(40), range(40, 80)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def sql(path: Path, *texts: str) -> None:
    """Do something with SQL of our own, as another program would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for text in texts:
            connection.execute(text)


def saved(path: Path) -> Path:
    """Copy the store as it is, as a backup does."""
    target = beside(path, ".saved")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return target


def checkpoint(path: Path, kind: str = "PASSIVE") -> None:
    sql(path, f"PRAGMA wal_checkpoint({kind})")


async def filled(store: Store, numbers: range) -> None:
    await store.write([new("p", f"{number:04}", text="x" * 200) for number in numbers])


async def present(path: Path, numbers: range) -> list[int]:
    """Return which of the items there are when the store is opened again."""
    async with sqlite_store(path) as store:
        found = await store.get([Key("p", f"{number:04}") for number in numbers])
    return [number for number, item in zip(numbers, found, strict=True) if item is not None]


def remove(*suffixes: str) -> Callable[[Path], None]:
    def done(path: Path) -> None:
        for suffix in suffixes:
            beside(path, suffix).unlink()

    return done


def replace(suffix: str) -> Callable[[Path], None]:
    """Put a copy in the place of a file: the same bytes, another file."""

    def done(path: Path) -> None:
        copy = beside(path, ".copy")
        shutil.copyfile(beside(path, suffix), copy)
        copy.replace(beside(path, suffix))

    return done


def cut(suffix: str, part: float) -> Callable[[Path], None]:
    def done(path: Path) -> None:
        file = beside(path, suffix)
        os.truncate(file, int(file.stat().st_size * part))

    return done


def overwrite(suffix: str) -> Callable[[Path], None]:
    """Write over the begin of a file, which keeps its length."""

    def done(path: Path) -> None:
        with beside(path, suffix).open("r+b") as file:
            file.write(b"nonsense" * 600)

    return done


def restored(path: Path) -> None:
    """Write an older backup over the file in place."""
    shutil.copyfile(beside(path, ".saved"), path)


def moved(path: Path) -> None:
    path.rename(beside(path, ".moved"))


BEFALLS: Mapping[str, tuple[Callable[[Path], None], str]] = {
    "removed": (remove(""), "removed"),
    "moved away": (moved, "moved away"),
    "removed with all beside it": (remove("", "-wal", "-shm"), "removed"),
    "replaced": (replace(""), "replaced"),
    "the log removed": (remove("-wal"), "-wal was removed"),
    "the log replaced": (replace("-wal"), "-wal was replaced"),
    "the log emptied": (cut("-wal", 0), "-wal was cut short"),
    "the log cut in half": (cut("-wal", 0.5), "-wal was cut short"),
    "the log overwritten": (overwrite("-wal"), "-wal was overwritten"),
    "the index of the log removed": (remove("-shm"), "-shm was removed"),
    "the index of the log replaced": (replace("-shm"), "-shm was replaced"),
    "emptied": (cut("", 0), "overwritten"),
    "cut in half": (cut("", 0.5), "cut short"),
    "overwritten": (overwrite(""), "not a database"),
    "an older backup written over it": (restored, "overwritten"),
    "of another version": (lambda path: sql(path, "PRAGMA user_version = 99"), "version 99"),
    "with an index more": (
        lambda path: sql(path, "CREATE INDEX integrates_vms_gsi_19 ON integrates_vms (pk_1)"),
        "newer program",
    ),
    "without a table": (lambda path: sql(path, "DROP TABLE integrates_vms_historic"), "older program"),
}
"""What befalls an open store, and what the operator is told."""


@asynccontextmanager
async def befallen(path: Path, befall: Callable[[Path], object]) -> AsyncIterator[Store]:
    """A store with a backup, and with items in its file and in its log, when something befalls it."""
    async with sqlite_store(path, create=True) as store:
        await filled(store, FIRST)
        saved(path)
        await filled(store, LATER)
        checkpoint(path)
        await filled(store, range(80, 90))
        befall(path)
        yield store


@pytest.mark.parametrize("name", BEFALLS)
async def test_nothing_is_acknowledged_that_is_not_there(path: Path, name: str) -> None:
    befall, told = BEFALLS[name]
    async with befallen(path, befall) as store:
        for number in range(90, 95):
            with pytest.raises(Gone, match=told) as caught:
                await store.write([new("p", f"{number:04}")])
            assert str(path) in caught.value.reason


@pytest.mark.parametrize("name", [name for name in BEFALLS if "version" not in name and "with" not in name])
async def test_a_read_notices_it_too(path: Path, name: str) -> None:
    """Else a service to which nobody writes would say for ever that it is ready."""
    befall, told = BEFALLS[name]
    async with befallen(path, befall) as store:
        if name == "the log overwritten":  # as long as it was: a read does not look into it
            with pytest.raises(Gone):
                await store.write([new("p", "x")])
        keys = [Key("p", f"{number:04}") for number in range(100)]
        for call in (store.get(keys[:1]), store.get(keys), store.query([walk_of("p")])):
            with pytest.raises(Gone, match=told):
                await call


CUT = """
import asyncio, os, sys
from integrates.db_model.errors import Gone
from integrates.db_model.store.port import ABSENT, Item, Key, Put
from integrates.db_model.store.sqlite.store import sqlite_store

async def main():
    async with sqlite_store(sys.argv[1], create=True) as store:
        await store.write([Put(Item(Key("p", "a"), 1, {}), ABSENT)])
        os.truncate(f"{sys.argv[1]}-shm", 0)
        for call in (store.get([Key("p", "a")]), store.write([Put(Item(Key("p", "b"), 1, {}), ABSENT)])):
            try:
                await call
            except Gone as error:
                print(error.reason.endswith("-shm was cut short while the store was open"), flush=True)
        os._exit(0)

asyncio.run(main())
"""


def test_the_index_of_the_log_is_not_touched_when_it_was_cut(path: Path) -> None:
    """It is mapped into memory: reading what is not there any more ends the process, which closing the store still does."""
    done = subprocess.run([sys.executable, "-c", CUT, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["True", "True"])


async def test_what_is_gone_stays_gone(path: Path) -> None:
    """What was read before and what the file holds when it is back do not belong together for sure."""
    async with sqlite_store(path, create=True) as store:
        await filled(store, FIRST)
        moved(path)
        with pytest.raises(Gone):
            await store.get([Key("p", "0000")])
        beside(path, ".moved").rename(path)
        with pytest.raises(Gone, match="moved away"):
            await store.get([Key("p", "0000")])
        with pytest.raises(Gone, match="moved away"):
            await filled(store, LATER)
    assert await present(path, range(80)) == list(FIRST)


async def test_another_store_that_is_written_over_the_file_is_noticed(path: Path) -> None:
    other = beside(path, ".other")
    async with sqlite_store(other, create=True) as store:
        await filled(store, LATER)
    async with sqlite_store(path, create=True) as store:
        await filled(store, FIRST)
        shutil.copyfile(other, path)
        with pytest.raises(Gone, match="overwritten"):
            await filled(store, LATER)


async def test_a_copy_that_comes_between_commit_and_acknowledgement_is_noticed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is compared after each commit, too."""
    stat = os.stat
    looks: list[object] = []

    def late(file: Any, **options: Any) -> os.stat_result:
        if str(file) == str(path):
            looks.append(file)
            if len(looks) == 2:
                moved(path)
        return stat(file, **options)

    async with sqlite_store(path, create=True) as store:
        await filled(store, FIRST)
        monkeypatch.setattr(os, "stat", late)
        outcomes = await asyncio.gather(*(store.write([new("p", f"x{n}")]) for n in range(3)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [Gone] * 3


async def test_corruption_that_sqlite_comes_upon_is_for_good(path: Path) -> None:
    async with sqlite_store(path, create=True) as store:
        for begin in range(0, 2_000, 100):
            await filled(store, range(begin, begin + 100))
        checkpoint(path)
    with path.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(os.urandom(40 * 4096))
    async with sqlite_store(path) as store:
        with pytest.raises(Gone, match="malformed"):
            await store.get([Key("p", f"{number:04}") for number in range(2_000)])
        for number in range(3):
            with pytest.raises(Gone, match="malformed"):
                await store.write([new("q", f"{number}")])


async def test_a_first_page_that_a_power_cut_tore_is_mended_by_the_log(path: Path) -> None:
    torn = beside(path, ".torn")
    async with sqlite_store(path, create=True) as store:
        await filled(store, FIRST)
        for suffix in ("", "-wal"):
            shutil.copyfile(beside(path, suffix), beside(torn, suffix))
    overwrite("")(torn)
    async with sqlite_store(torn) as store:
        await filled(store, LATER)
        checkpoint(torn)
        await filled(store, range(80, 90))
    assert await present(torn, range(90)) == list(range(90))


async def test_checkpoints_of_others_are_no_fault(path: Path) -> None:
    """Another process writes, and empties the log, while this one reads and writes."""
    async with sqlite_store(path, create=True) as one, sqlite_store(path) as other:
        for turn, kind in enumerate(("PASSIVE", "FULL", "RESTART", "TRUNCATE", "TRUNCATE") * 2):
            await one.write([new("p", f"one {turn}", text="x" * 20_000)])
            await other.write([new("p", f"other {turn}")])
            checkpoint(path, kind)
            if turn % 2:
                await other.write([new("p", f"more {turn}")])
            assert None not in await one.get([Key("p", f"other {turn}"), Key("p", f"one {turn}")])
        sql(path, "DELETE FROM integrates_vms", "VACUUM", "ANALYZE")
        checkpoint(path)
        await one.write([new("p", "last")])
        assert None not in await other.get([Key("p", "last")])


async def test_a_backup_of_now_that_is_written_over_the_file_does_no_harm(path: Path) -> None:
    async with sqlite_store(path, create=True) as store:
        await filled(store, FIRST)
        checkpoint(path)
        await filled(store, LATER)
        saved(path)
        await filled(store, range(80, 90))
        restored(path)
        await filled(store, range(90, 100))
    assert await present(path, range(100)) == list(range(100))


CHECKPOINTS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
for number in range(300):
    connection.execute("INSERT INTO integrates_vms (pk, sk, version, body) VALUES ('r', ?, 1, x'7b7d')", (str(number),))
    connection.execute("PRAGMA wal_checkpoint")
"""


async def test_a_process_that_checkpoints_all_the_time_is_no_fault(path: Path) -> None:
    """What a look sees in the middle of a checkpoint is no damage; nor does the look end this process's locks."""
    async with sqlite_store(path, create=True) as store:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", CHECKPOINTS, str(path))
        number = 0
        while process.returncode is None or number < 100:
            await store.write([new("p", f"{number:04}", text="x" * 5_000)])
            assert None not in await store.get([Key("p", f"{number:04}")])
            number += 1
    assert (process.returncode, await present(path, range(number))) == (0, list(range(number)))


def locks(path: Path) -> set[str]:
    """Return the locks on a file and on those beside it: each line is one, its first word a number of its own."""
    inodes = {f":{beside(path, suffix).stat().st_ino}" for suffix in ("", "-shm")}
    lines = Path("/proc/locks").read_text().splitlines()
    return {line.partition(" ")[2] for line in lines if any(inode in line.split()[5] for inode in inodes)}


def descriptors() -> int:
    """Count the open file descriptors of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux lists the locks of files")
async def test_a_look_keeps_locks_and_file_descriptors(path: Path) -> None:
    async with sqlite_store(path, create=True) as store:
        await filled(store, FIRST)
        checkpoint(path)
        await filled(store, LATER)
        before, opened = locks(path), descriptors()
        for number in range(100, 130):
            checkpoint(path)
            await filled(store, range(number, number + 1))
        assert (locks(path), before != set()) == (before, True)
        assert descriptors() <= opened + 1


@pytest.fixture
def link(path: Path) -> Path:
    """A link to a store in another folder."""
    inner = path.parent / "inner"
    inner.mkdir()
    path.symlink_to(inner / "real.sqlite")
    return path


async def test_a_path_that_is_a_link_is_watched(link: Path) -> None:
    async with sqlite_store(link.parent / "inner" / "real.sqlite", create=True):
        pass
    async with sqlite_store(link) as store:
        await filled(store, FIRST)
        remove("")(link)
        with pytest.raises(Gone):
            await filled(store, LATER)


async def test_a_store_made_by_an_older_program_is_watched(path: Path) -> None:
    async with sqlite_store(path, create=True):
        pass
    sql(path, "PRAGMA application_id = 0")
    async with sqlite_store(path) as store:
        await filled(store, FIRST)
        checkpoint(path)
        await filled(store, LATER)
        os.truncate(path, 0)
        with pytest.raises(Gone):
            await filled(store, range(80, 90))


async def test_numbers_of_commits_begin_again(path: Path) -> None:
    async with sqlite_store(path, create=True):
        pass
    sql(path, f"PRAGMA application_id = {2**31 - 3}")
    async with sqlite_store(path) as store:
        for number in range(10):
            await filled(store, range(number, number + 1))
            checkpoint(path)
        saved(path)
        await filled(store, range(10, 11))
        checkpoint(path)
        await filled(store, range(11, 12))
        restored(path)
        with pytest.raises(Gone):
            await filled(store, range(12, 13))


FULL = """
import asyncio, json, resource, signal, sys
from integrates.db_model.errors import StoreError
from integrates.db_model.store.port import ABSENT, Item, Key, Put
from integrates.db_model.store.sqlite.store import sqlite_store

async def write(store, number):
    try:
        await store.write([Put(Item(Key("p", f"{number:04}"), 1, {"text": "x" * 20_000}), ABSENT)])
    except StoreError as error:
        return type(error).__name__
    return "done"

async def main():
    async with sqlite_store(sys.argv[1], create=True) as store:
        before = [await write(store, number) for number in range(5)]
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
        full = await asyncio.gather(*(write(store, number) for number in range(5, 60)))
        seen = len([each for each in await store.get([Key("p", f"{number:04}") for number in range(60)]) if each])
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        after = [await write(store, number) for number in range(60, 65)]
        print(json.dumps([before, full, seen, after]))

asyncio.run(main())
"""


async def test_a_full_disk_loses_nothing_and_the_same_store_goes_on_when_there_is_room(path: Path) -> None:
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    before, full, seen, after = json.loads(done.stdout)
    assert (set(before), set(full), set(after)) == ({"done"}, {"done", "Unavailable"}, {"done"})
    outcomes = [*before, *full]
    assert seen == outcomes.count("done")
    assert await present(path, range(65)) == [n for n, outcome in enumerate([*outcomes, *after]) if outcome == "done"]
