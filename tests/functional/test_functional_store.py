"""The store of a running service is taken away, damaged or full: what was acknowledged is there after a restart."""

import json
import os
import resource
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.serving import ADD_ORGANIZATION, Caller, Running, Serve, eventually, new_place, result, sarif

pytestmark = pytest.mark.functional

ADA, STORE = "ada@demo.example", "sqlite:///kept.db"
ORGANIZATION = "query ($name: String!) { organization(name: $name) { name } }"
IMPORTS = "query ($group: ID!) { group(name: $group) { summary { open } imports { nodes { id state } } } }"
RESULTS = 4_000
MANY = sarif([result(f"rule-{number % 7}", f"src/file_{number % 40}.py", number) for number in range(RESULTS)])
ROOM = 3_000_000
"""Bytes that are left on the disk: some chunks of the import, and not all."""


def beside(file: Path, suffix: str) -> Path:
    return file.with_name(file.name + suffix)


def saved(file: Path) -> Path:
    """A backup of the store, made while it is in use."""
    target = beside(file, ".saved")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return target


def restore(file: Path) -> None:
    """Put the backup in place of the store, as the handbook says."""
    for suffix in ("-wal", "-shm"):
        beside(file, suffix).unlink(missing_ok=True)
    shutil.copyfile(beside(file, ".saved"), file)


def move_away(file: Path) -> None:
    file.rename(beside(file, ".moved"))


def move_back(file: Path) -> None:
    beside(file, ".moved").rename(file)


def replace(file: Path) -> None:
    shutil.copyfile(beside(file, ".saved"), beside(file, ".copy"))
    beside(file, ".copy").replace(file)


def remove_log(file: Path) -> None:
    beside(file, "-wal").unlink()


def corrupt(file: Path) -> None:
    """Write nonsense over the middle of the file, behind which nothing waits in the log."""
    with closing(sqlite3.connect(file, timeout=60)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with file.open("r+b") as opened:
        opened.seek(3 * 4096)
        opened.write(os.urandom(file.stat().st_size - 3 * 4096))


FAULTS: Mapping[str, tuple[Callable[[Path], None], Callable[[Path], None], str]] = {
    "moved away": (move_away, move_back, "kept.db was removed or moved away"),
    "replaced": (replace, restore, "kept.db was replaced"),
    "without its log": (remove_log, lambda _file: None, "kept.db-wal was removed"),
    "corrupt": (corrupt, restore, "malformed"),
}
"""What befalls the store, what its operator does then, and what the log says."""


def errors_of(running: Running) -> list[str]:
    """What the service has logged as errors."""
    lines = [json.loads(line) for line in (running.folder / "stderr").read_text().splitlines() if line.startswith("{")]
    return [line["event"] for line in lines if line.get("level") == "error"]


def added(who: Caller, name: str) -> httpx.Response:
    """The answer to a mutation. It may come before the body has arrived, and then the connection ends with it."""
    body = {"query": ADD_ORGANIZATION, "variables": {"name": name}}
    return who.client.post("/api", json=body, headers={"connection": "close"})


def is_there(who: Caller, name: str) -> bool:
    return who.ask(ORGANIZATION, name=name)["organization"] is not None


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_acknowledged_that_is_not_there_after_a_restart(serve: Serve, name: str) -> None:
    befall, repair, told = FAULTS[name]
    first = serve("--store", STORE, INTEGRATES_ADMINS=ADA)
    file, token = first.folder / "kept.db", first.token(ADA)
    with first.client(token) as client:
        ada = Caller(client)
        ada.change(ADD_ORGANIZATION, name="before")
        saved(file)
        befall(file)
        answers = [added(ada, f"after-{number}") for number in range(5)]
        assert [answer.status_code for answer in answers] == [503] * 5
        assert all("operator" in answer.text and "kept.db" not in answer.text for answer in answers)
        assert not any("retry-after" in answer.headers for answer in answers)
        assert [client.get(path).status_code for path in ("/readyz", "/healthz", "/")] == [503, 200, 200]
    assert first.stop() == 0
    (line,) = errors_of(first)
    assert told in line
    repair(file)
    second = serve("--store", STORE, folder=first.folder)
    with second.client(token) as client:
        ada = Caller(client)
        assert [is_there(ada, "before"), *(is_there(ada, f"after-{number}") for number in range(5))] == [True, *[False] * 5]
        ada.change(ADD_ORGANIZATION, name="later")
        assert client.get("/readyz").status_code == 200
    assert second.stop() == 0


def limit(running: Running, size: int) -> None:
    """Let no file of the service become larger than that; the disk is full then."""
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def fill(running: Running, file: Path, room: int) -> None:
    limit(running, beside(file, "-wal").stat().st_size + room)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux sets the limits of another process")
def test_an_import_that_fills_the_disk_goes_on_when_there_is_room(serve: Serve) -> None:
    running = serve("--store", STORE, INTEGRATES_ADMINS=ADA)
    file = running.folder / "kept.db"
    with running.client(running.token(ADA)) as client:
        ada = Caller(client)
        place = new_place(ada, "full")

        def seen() -> Any:
            return ada.ask(IMPORTS, group=place.group)["group"]

        fill(running, file, ROOM)
        answer = ada.send(MANY, group=place.group, root=place.root)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
        half = seen()
        assert 0 < half["summary"]["open"] < RESULTS
        assert [each["state"] for each in half["imports"]["nodes"]] == ["RUNNING"]

        limit(running, 100_000)  # the log is longer already
        refused = added(ada, "no-room")
        assert (refused.status_code, "retry-after" in refused.headers, "again later" in refused.text) == (503, True, True)
        assert client.get("/readyz").status_code == 503
        assert seen() == half, "reads go on, and nothing that was acknowledged is lost"

        limit(running, resource.RLIM_INFINITY)
        eventually(lambda: client.get("/readyz").status_code == 200)
        assert not is_there(ada, "no-room")
        done = ada.import_(MANY, group=place.group, root=place.root)
        assert (done["errors"], done["import"]["id"], done["import"]["state"]) == (
            [],
            half["imports"]["nodes"][0]["id"],
            "COMPLETED",
        )
        assert seen()["summary"]["open"] == RESULTS
    assert running.stop() == 0
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
