"""Snapshots in the service and at the command line: when they are taken, and what is printed."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from packages.server.tests.commandline import invoked
from packages.server.tests.conftest import World

from integrates.db_model import snapshots
from integrates.db_model.errors import Gone, Unavailable
from integrates.db_model.snapshots.count import day_of
from integrates.server.process.snapshot import take_snapshots_until, until_next

FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2026, 5, 1, 0, 9, tzinfo=UTC), 1 / 60),
        (datetime(2026, 5, 1, 0, 10, tzinfo=UTC), 24),
        (datetime(2026, 5, 1, 12, 10, tzinfo=UTC), 12),
        (datetime(2026, 12, 31, 23, 55, tzinfo=UTC), 0.25),
    ],
)
def test_snapshots_are_taken_ten_minutes_after_midnight(now: datetime, hours: float) -> None:
    assert until_next(now) == timedelta(hours=hours)


async def taken_once(world: World, now: datetime | None = None, **functions: Any) -> None:
    """Let the service take snapshots for the first time, then stop it."""
    stopping = asyncio.Event()
    store = msgspec.structs.replace(world.store, **functions)
    service = msgspec.structs.replace(world.service, store=store, now=lambda: now or world.now)
    running = asyncio.create_task(take_snapshots_until(service, stopping))
    for _ in range(20_000):
        await asyncio.sleep(0)
        if running.done() or (await days(world, "payments") and await days(world, "webshop")):
            break
    stopping.set()
    await running


async def days(world: World, group: str) -> list[date]:
    return [one.day for one in await snapshots.between(world.store, group, FIRST, LAST)]


async def test_the_service_takes_what_is_missing_when_it_starts(world: World) -> None:
    await taken_once(world)
    for group in ("webshop", "payments"):
        found = await days(world, group)
        assert found[-1] == day_of(world.now) - timedelta(days=1)
        assert len(found) == (found[-1] - found[0]).days + 1 > 90


@pytest.mark.parametrize(("minutes", "ago"), [(1, 2), (4, 2), (6, 1)])
async def test_a_day_that_is_just_over_is_left_for_ten_past_midnight(world: World, minutes: int, ago: int) -> None:
    """Calls that began before midnight still write, with the date on which they began."""
    midnight = datetime(world.now.year + 1, 1, 1, tzinfo=UTC)
    await taken_once(world, midnight + timedelta(minutes=minutes))
    assert (await days(world, "webshop"))[-1] == (midnight - timedelta(days=ago)).date()


async def test_a_store_that_fails_keeps_the_job_going_and_one_that_is_gone_ends_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(_asked: object) -> Any:
        raise Unavailable("away")

    async def gone(_asked: object) -> Any:
        raise Gone("lost")

    await asyncio.wait_for(taken_once(world, query=gone), 60)
    assert not caplog.records
    stopping = asyncio.Event()
    service = msgspec.structs.replace(world.service, store=msgspec.structs.replace(world.store, query=failing))
    running = asyncio.create_task(take_snapshots_until(service, stopping))
    for _ in range(500):
        await asyncio.sleep(0)
    stopping.set()
    await running
    assert [record.message for record in caplog.records] == ["snapshots could not be taken"]


@pytest.fixture
def demo(tmp_path: Path) -> str:
    """The URL of a store with the demo of a day of 2026."""
    url = f"sqlite:///{tmp_path}/store.db"
    assert invoked(["demo", "--store", url, "--now", "2026-06-30T12:00:00+00:00"])[0] == 0
    return url


def test_the_command_makes_what_is_missing(demo: str) -> None:
    asked = ["snapshots", "rebuild", "--store", demo, "--group", "webshop", "--from", "2026-01-01"]
    code, out, _ = invoked([*asked, "--json"])
    made = json.loads(out)
    assert (code, made["replaced"]) == (0, 0)
    assert made["made"] > 0
    assert invoked(asked)[:2] == (0, "0 made\n")
    assert invoked([*asked, "--replace"])[:2] == (0, "0 made, 0 replaced\n")


@pytest.mark.parametrize(
    ("group", "day", "text"),
    [
        ("nothing", "2026-01-01", "integrates: group: there is no group nothing\n"),
        ("webshop", "2026-13-01", "integrates: from: a day like 2026-01-31 is expected\n"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(demo: str, group: str, day: str, text: str) -> None:
    assert invoked(["snapshots", "rebuild", "--store", demo, "--group", group, "--from", day]) == (2, "", text)
