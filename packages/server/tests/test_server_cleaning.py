"""The service deletes files of evidence that nothing refers to every hour, and a command does it at once."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import typer
from msgspec.structs import replace
from packages.server.tests.conftest import ADA, URI, World
from typer.testing import CliRunner

from integrates.db_model import sessions
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Corrupt, Gone, Unavailable
from integrates.db_model.evidences.cleaning import Cleaned
from integrates.db_model.evidences.file import FOLDER, brought, examined
from integrates.db_model.evidences.types import EvidenceSlot
from integrates.db_model.sessions.record import session_key
from integrates.db_model.testing.scene import add_finding, add_group, ticking
from integrates.server.cli.clean import shown
from integrates.server.cli.main import new_command
from integrates.server.process.cleaning import clean_until, unneeded_deleted
from integrates.server.service import Service

HOUR, NOBODY = 3_600, "99999999-9999-4999-8999-999999999999"


async def settle() -> None:
    """Let the service do what it can do now."""
    for _ in range(500):
        await asyncio.sleep(0)


async def lose(world: World, days: int, owner: str) -> None:
    """Store a file so many days ago whose change failed."""
    stamp = Stamp(by="hana@demo.example", at=world.now - timedelta(days=days), operation="test", change_id=NOBODY)
    given = {"slot": EvidenceSlot.EXPLOITATION, "file": f"lost {days}".encode()}
    await brought(world.service.files, owner, await examined(given), stamp)


async def left(world: World) -> int:
    return len([key async for key in world.service.files.keys(FOLDER)])


async def owner_of(world: World) -> str:
    """Store a finding, and return its id."""
    stamp = ticking()
    group = await add_group(world.store, "measured", stamp, organization="elsewhere")
    return (await add_finding(world.store, group, "R1", stamp)).id


async def test_it_cleans_up_after_an_hour_and_then_every_hour_until_the_service_stops(world: World, elapse: Any) -> None:
    owner = await owner_of(world)
    for days in (59, 60, 61):
        await lose(world, days, owner)
    stopping = asyncio.Event()
    task = asyncio.create_task(clean_until(world.service, stopping))
    await settle()
    elapse(HOUR - 1)
    await settle()
    assert await left(world) == 3
    elapse(1)
    await settle()
    assert await left(world) == 1
    world.now += timedelta(days=1)
    elapse(HOUR - 1)
    await settle()
    assert await left(world) == 1
    elapse(HOUR)
    await settle()
    assert await left(world) == 0
    stopping.set()
    await asyncio.wait_for(task, 60)


def failing(world: World, errors: list[Exception]) -> Service:
    """A service whose file store fails as long as there are errors."""

    async def keys(folder: str) -> AsyncIterator[str]:
        if errors:
            raise errors.pop()
        async for key in world.service.files.keys(folder):
            yield key

    return replace(world.service, files=replace(world.service.files, keys=keys))


@pytest.mark.parametrize(
    ("error", "text"), [(Unavailable("away"), "could not be looked for"), (RuntimeError("unforeseen"), "repeated work failed")]
)
async def test_what_fails_is_left_to_the_next_hour(
    world: World, elapse: Any, caplog: pytest.LogCaptureFixture, error: Exception, text: str
) -> None:
    await lose(world, 61, await owner_of(world))
    stopping = asyncio.Event()
    with caplog.at_level(logging.WARNING):
        task = asyncio.create_task(clean_until(failing(world, [error]), stopping))
        await settle()
        elapse(HOUR)
        await settle()
        assert (text in caplog.text, await left(world)) == (True, 1)
    elapse(HOUR)
    await settle()
    assert await left(world) == 0
    stopping.set()
    await asyncio.wait_for(task, 60)


async def test_sessions_that_have_ended_by_themselves_go_too(world: World, elapse: Any) -> None:
    await sessions.open_session(world.store, URI, "old", world.now)
    world.now += timedelta(minutes=30)
    await sessions.open_session(world.store, ADA, "new", world.now)
    world.now += timedelta(minutes=15)
    stopping = asyncio.Event()
    task = asyncio.create_task(clean_until(world.service, stopping))
    await settle()
    elapse(HOUR)
    await settle()
    found = await world.store.get([session_key(name) for name in ("old", "new")])
    assert [item is not None for item in found] == [False, True]
    stopping.set()
    await asyncio.wait_for(task, 60)


async def test_it_ends_with_its_store(world: World, elapse: Any) -> None:
    task = asyncio.create_task(clean_until(failing(world, [Gone("removed")]), asyncio.Event()))
    await settle()
    elapse(HOUR)
    await asyncio.wait_for(task, 60)


async def test_files_of_another_store_are_kept_and_told(world: World, elapse: Any, caplog: pytest.LogCaptureFixture) -> None:
    await lose(world, 61, NOBODY)
    await lose(world, 62, NOBODY)
    stopping = asyncio.Event()
    with caplog.at_level(logging.WARNING):
        task = asyncio.create_task(clean_until(world.service, stopping))
        await settle()
        elapse(HOUR)
        await settle()
    assert ("2 files are kept" in caplog.text, await left(world)) == (True, 2)
    stopping.set()
    await asyncio.wait_for(task, 60)


def test_the_command_tells_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    shown(Cleaned(1))
    shown(Cleaned(2))
    assert capsys.readouterr().out == "1 file deleted\n2 files deleted\n"
    with pytest.raises(typer.Exit) as caught:
        shown(Cleaned(3, 0, {"f1": Corrupt("finding", "f1")}))
    told = capsys.readouterr()
    assert (caught.value.exit_code, told.out) == (2, "3 files deleted\n")
    assert "1 could not be read, the first is f1: Corrupt" in told.err


def test_memory_has_no_files_to_delete() -> None:
    done = CliRunner().invoke(new_command(), ["clean", "--store", "memory://"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "store: what is in memory" in done.stderr


@pytest.mark.parametrize(("number", "text"), [(1, "store: 1 file was kept, of"), (2, "store: 2 files were kept, of")])
def test_the_command_tells_what_is_of_another_store_and_fails(
    capsys: pytest.CaptureFixture[str], number: int, text: str
) -> None:
    with pytest.raises(typer.Exit) as caught:
        shown(Cleaned(0, number, {"f1": Corrupt("finding", "f1")}))
    told = capsys.readouterr()
    assert (caught.value.exit_code, told.out) == (2, "0 files deleted\n")
    assert text in told.err
    assert "1 could not be read, the first is f1: Corrupt" in told.err


async def test_logs_of_verdicts_that_were_never_stored_go_with_it(world: World) -> None:
    """What has become of evidence and of logs is told together."""
    for days, owner in ((61, await owner_of(world)), (61, NOBODY)):
        await lose(world, days, owner)
    for group in ("webshop", "nothing-here"):
        await world.service.files.put(f"executions/{group}/build-0001/20010101T000000000000Z-{'a' * 64}", b"lost")
    made = await unneeded_deleted(world.store, world.service.files, world.now)
    assert (made.deleted, made.unknown) == (2, 2)
    assert [key.split("/")[1] async for key in world.service.files.keys("executions/")] == ["nothing-here"]
