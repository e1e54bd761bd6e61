"""The service ends acceptances every hour, and a command at once."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
import typer
from msgspec.structs import replace
from packages.server.tests.conftest import ADA, World

from integrates.db_model import vulnerabilities
from integrates.db_model.entity.read import history
from integrates.db_model.errors import Corrupt, Gone, Unavailable
from integrates.db_model.testing.scene import add_finding, add_group, add_root, add_vulnerability, ticking
from integrates.db_model.vulnerabilities.expiry import Expired
from integrates.db_model.vulnerabilities.facet import vulnerability_key
from integrates.db_model.vulnerabilities.types import Treatment, TreatmentStatus, Vulnerability
from integrates.server.cli.expire import tell
from integrates.server.process.expiry import expire_until, expired_now

HOUR = 3_600


class Looks:
    """A store that counts how often somebody looks for groups; ``error`` is what the first look gets."""

    def __init__(self, world: World, error: Exception | None = None) -> None:
        self.number, self.error, self.store = 0, error, world.store
        self.looked = asyncio.Event()
        self.service = msgspec.structs.replace(world.service, store=msgspec.structs.replace(world.store, query=self.query))

    async def query(self, queries: Any) -> Any:
        if any(one.pattern == "organizations_of_platform" and one.pk.endswith("#0") for one in queries):
            self.number += 1
            self.looked.set()
            if self.error is not None and self.number == 1:
                raise self.error
        return await self.store.query(queries)

    async def settle(self) -> int:
        """Let the service do what it can do now, and return how often it has looked."""
        for _ in range(500):
            await asyncio.sleep(0)
        return self.number


async def test_it_looks_at_once_and_then_every_hour_until_the_service_stops(world: World, elapse: Any) -> None:
    looks, stopping = Looks(world), asyncio.Event()
    task = asyncio.create_task(expire_until(looks.service, stopping))
    assert await looks.settle() == 1
    elapse(HOUR - 1)
    assert await looks.settle() == 1
    for number in (2, 3):
        elapse(HOUR)
        assert await looks.settle() == number
    stopping.set()
    await asyncio.wait_for(task, 60)


async def test_a_demo_shows_what_is_over_for_an_hour(world: World, elapse: Any) -> None:
    looks, stopping = Looks(world), asyncio.Event()
    task = asyncio.create_task(expire_until(looks.service, stopping, after=timedelta(hours=1)))
    assert await looks.settle() == 0
    elapse(HOUR)
    assert await looks.settle() == 1
    stopping.set()
    await asyncio.wait_for(task, 60)


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=400)])
async def test_the_clock_on_the_wall_says_nothing_about_the_pause(world: World, elapse: Any, jump: timedelta) -> None:
    looks, stopping, ahead = Looks(world), asyncio.Event(), [timedelta(0)]
    service = msgspec.structs.replace(looks.service, now=lambda: world.service.now() + ahead[0])
    task = asyncio.create_task(expire_until(service, stopping))
    assert await looks.settle() == 1
    ahead[0] = jump
    assert await looks.settle() == 1
    elapse(HOUR)
    assert await looks.settle() == 2
    stopping.set()
    await asyncio.wait_for(task, 60)


async def test_a_store_that_is_away_is_asked_again_an_hour_later(
    world: World, caplog: pytest.LogCaptureFixture, elapse: Any
) -> None:
    looks, stopping = Looks(world, Unavailable("away")), asyncio.Event()
    caplog.set_level(logging.WARNING)
    task = asyncio.create_task(expire_until(looks.service, stopping))
    assert (await looks.settle(), "could not be looked for" in caplog.text) == (1, True)
    elapse(HOUR)
    assert await looks.settle() == 2
    stopping.set()
    await asyncio.wait_for(task, 60)


async def test_an_error_that_nobody_foresaw_is_logged_and_the_next_hour_comes(
    world: World, caplog: pytest.LogCaptureFixture, elapse: Any
) -> None:
    looks, stopping = Looks(world, RuntimeError("unforeseen")), asyncio.Event()
    task = asyncio.create_task(expire_until(looks.service, stopping))
    assert await looks.settle() == 1
    assert [(one.levelname, str(one.exc_info[1])) for one in caplog.records if one.exc_info] == [("ERROR", "unforeseen")]
    elapse(HOUR)
    assert await looks.settle() == 2
    stopping.set()
    await asyncio.wait_for(task, 60)


async def test_nobody_looks_again_into_a_store_that_is_gone(world: World, caplog: pytest.LogCaptureFixture) -> None:
    looks = Looks(world, Gone("removed"))
    await asyncio.wait_for(expire_until(looks.service, asyncio.Event()), 60)
    assert (looks.number, caplog.records) == (1, [])


def test_the_command_tells_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    for number, text in ((0, "0 acceptances ended\n"), (1, "1 acceptance ended\n"), (2, "2 acceptances ended\n")):
        tell(Expired(done=number), as_json=False)
        assert capsys.readouterr() == (text, "")
    tell(Expired(done=2), as_json=True)
    assert capsys.readouterr() == ('{"done":2,"refused":{}}\n', "")


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_tells_what_could_not_be_ended_and_fails(capsys: pytest.CaptureFixture[str], *, as_json: bool) -> None:
    refused = {name: Corrupt("vulnerability", name) for name in ("x", "y")}
    with pytest.raises(typer.Exit) as caught:
        tell(Expired(done=2, refused=refused), as_json=as_json)
    out, err = capsys.readouterr()
    assert (caught.value.exit_code, out.count("\n"), err.count("\n")) == (2, 1, 1)
    assert "2 could not be ended, the first is x: Corrupt" in err
    if as_json:
        assert set(msgspec.json.decode(out)["refused"]) == {"x", "y"}


def _accepted(old: Vulnerability, at: datetime) -> Vulnerability:
    until, why = at + timedelta(days=1), "because of good reasons"
    made = Treatment(status=TreatmentStatus.ACCEPTED, accepted_until=until, justification=why, at=at, by=ADA)
    return replace(old, treatment=made)


async def test_what_ends_is_ended_by_the_system_in_one_change(world: World) -> None:
    stamp = ticking()
    group = await add_group(world.store, "measured", stamp, organization="elsewhere")
    finding, root = await add_finding(world.store, group, "R1", stamp), await add_root(world.store, group, "main", stamp)
    found = [await add_vulnerability(world.store, finding, root, where, stamp) for where in ("a.py", "b.py")]
    for one in found:
        await vulnerabilities.update(world.store, one.id, _accepted, world.stamp())
    change = "11111111-1111-4111-8111-111111111111"
    made = await expired_now(world.store, world.now + timedelta(days=2), change)
    assert (made.done, made.refused) == (2, {})
    for one in found:
        *_, last = await history(world.store, vulnerability_key(one.id))
        assert (last.by, last.operation, last.change_id) == ("system", "expire_acceptances", change)
