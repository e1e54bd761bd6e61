"""Imports whose worker is gone: the lease is given back, and the service takes them up (domain section 8)."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from integrates.api.context import Call
from integrates.api.imports.work.begin import file_key
from integrates.api.imports.work.resume import resume_unfinished
from integrates.db_model import tokens
from integrates.db_model.entity.work import LEASE, MAX_ATTEMPTS, is_leased
from integrates.db_model.errors import Unavailable
from integrates.db_model.imports import commands
from integrates.db_model.imports.types import ImportCounts, ImportOptions, ImportStatus
from integrates.db_model.store.port import Store

HANA = "hana@demo.example"


def calling(world: Any, store: Store | None = None) -> Callable[[Any], Call]:
    """Return what makes the calls in which a service works in somebody's name."""

    def call(actor: Any) -> Call:
        return Call(
            actor=actor,
            store=store or world.store,
            files=world.files,
            now=world.now,
            new_id=world.new_id,
            new_jti=str,
            sign_token=lambda token, jti: f"{token} {jti}",
            sign_invitation=lambda access, jti: f"{access} {jti}",
            cursor_key=b"",
            spawn=lambda work: work.close(),
            request_id="resumption",
        )

    return call


async def resumed(world: Any, store: Store | None = None, *, is_stopping: bool = False) -> timedelta:
    """Look once, as a service does when it starts."""
    return await resume_unfinished(store or world.store, world.now, calling(world, store), lambda: is_stopping)


async def killed(world: Any, tools: Any, content: bytes, number: int = 4, *, by: str = HANA) -> str:
    """Import a file and kill the worker before its numbered write."""
    with pytest.raises(tools.Killed):
        await world.imported(content, store=tools.killed(world.store, number, written=False), by=by)
    found = await world.running()
    assert found is not None
    return str(found)


def many(tools: Any, number: int = 70) -> bytes:
    """Write a file whose import takes several chunks."""
    return bytes(tools.file(*(tools.seen(str(n), line=n) for n in range(number))))


async def outcome(world: Any, import_id: str) -> tuple[ImportStatus, str | None, ImportCounts]:
    """Return how an import ended, and what came of it."""
    record = await world.record(import_id)
    return (record.state.status, record.state.reason, record.progress.counts)


async def test_what_nobody_works_on_is_finished_without_the_file_being_sent_again(world: Any, tools: Any) -> None:
    import_id = await killed(world, tools, many(tools))
    world.wait(61)
    assert await resumed(world) == LEASE
    assert await outcome(world, import_id) == (ImportStatus.COMPLETED, None, ImportCounts(created=70))
    assert (await world.running(), await world.is_counted()) == (None, True)
    assert await commands.unfinished_ids(world.store) == ()


async def test_the_file_is_read_again_with_the_options_of_the_import(world: Any, tools: Any) -> None:
    content = tools.file(*(tools.seen(str(n), path="build/app.py", line=n) for n in range(70)))
    options = ImportOptions(strip_prefix="build", close_missing=False)
    job = await world.job(content, tools.killed(world.store, 2, written=False), options)
    begun = await world.begin(job, content, options)
    with pytest.raises(tools.Killed):
        await tools.work(job, begun)
    world.wait(61)
    await resumed(world)
    assert {each.location.where for each in await world.vulnerabilities()} == {"app.py"}


@pytest.mark.parametrize(
    ("is_revoked", "status", "reason"),
    [(False, ImportStatus.COMPLETED, None), (True, ImportStatus.FAILED, "not_allowed")],
    ids=["living", "revoked"],
)
async def test_a_token_that_is_revoked_ends_what_was_begun_with_it(
    world: Any, tools: Any, is_revoked: bool, status: ImportStatus, reason: str | None
) -> None:
    made = world.stamp()
    new = tokens.new_token(world.new_id(), "scanner", made.at + timedelta(days=1), "0" * 64, replace(made, by=HANA))
    token = await tokens.issue(world.store, new, made)
    content = many(tools)
    job = await world.job(content, tools.killed(world.store, 4, written=False), token_id=token.id)
    begun = await world.begin(job, content)
    with pytest.raises(tools.Killed):
        await tools.work(job, begun)
    if is_revoked:
        await tokens.revoke(world.store, token.id, world.stamp())
    world.wait(61)
    await resumed(world)
    assert (await outcome(world, begun.running.record.id))[:2] == (status, reason)


async def test_a_living_lease_is_waited_for(world: Any, tools: Any) -> None:
    import_id = await killed(world, tools, many(tools))
    lease_until = (await world.record(import_id)).progress.lease_until
    assert timedelta(0) < await resumed(world) <= lease_until - world.at + timedelta(seconds=1)
    assert (await world.record(import_id)).state.status is ImportStatus.RUNNING
    world.at = lease_until
    await resumed(world)
    assert (await world.record(import_id)).state.status is ImportStatus.COMPLETED


async def test_who_is_cancelled_gives_the_lease_back(world: Any, tools: Any) -> None:
    reached = asyncio.Event()

    async def pause(number: int, _: Any) -> None:
        if number == 4:
            reached.set()
            await asyncio.Event().wait()

    worker = asyncio.create_task(world.imported(many(tools), store=tools.intruded(world.store, pause)))
    await reached.wait()
    import_id = await world.running()
    assert is_leased((await world.record(import_id)).progress, world.at)
    worker.cancel()
    with suppress(asyncio.CancelledError):
        await worker
    record = await world.record(import_id)
    assert (record.state.status, is_leased(record.progress, world.at)) == (ImportStatus.RUNNING, False)
    assert record.progress.lease_until < world.at, "also for a clock that is behind"
    await resumed(world)
    assert await outcome(world, import_id) == (ImportStatus.COMPLETED, None, ImportCounts(created=70))
    assert await world.is_counted()


async def test_who_fails_in_an_outage_gives_the_lease_back_when_that_is_over(world: Any, tools: Any) -> None:
    async def outage(number: int, _: Any) -> None:
        if number == 4:
            raise Unavailable("the store is away for a moment")

    with pytest.raises(Unavailable):
        await world.imported(many(tools), store=tools.intruded(world.store, outage))
    import_id = await world.running()
    await resumed(world)
    assert await outcome(world, import_id) == (ImportStatus.COMPLETED, None, ImportCounts(created=70))


async def test_who_was_overtaken_does_not_give_away_anothers_lease(world: Any, tools: Any) -> None:
    content = many(tools)
    slow = await world.job(content)
    first = await world.begin(slow, content)
    world.wait(61)
    quick = await world.begin(await world.job(content), content)
    await commands.give_back(world.store, first.running.record.id, slow.stamp())
    assert await commands.find(world.store, first.running.record.id) == quick.running


async def test_of_two_services_that_start_at_once_one_takes_it_up(world: Any, tools: Any) -> None:
    import_id = await killed(world, tools, many(tools))
    world.wait(61)
    both = asyncio.Barrier(2)

    async def meet(number: int, _: Any) -> None:
        if number == 1:
            await both.wait()

    async with asyncio.timeout(60):
        await asyncio.gather(*(resumed(world, tools.intruded(world.store, meet)) for _ in range(2)))
    record = await world.record(import_id)
    assert (record.state.status, record.progress.counts) == (ImportStatus.COMPLETED, ImportCounts(created=70))
    assert await world.is_counted()


async def test_it_fails_after_too_many_attempts(world: Any, tools: Any) -> None:
    import_id = await killed(world, tools, many(tools), 3)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        world.wait(61)
        await resumed(world, tools.killed(world.store, 2, written=False))
        assert (await world.record(import_id)).progress.attempts == attempt
    world.wait(61)
    await resumed(world)
    assert (await outcome(world, import_id))[:2] == (ImportStatus.FAILED, "abandoned")
    assert await world.running() is None


async def test_without_its_file_it_fails(world: Any, tools: Any) -> None:
    import_id = await killed(world, tools, many(tools))
    await world.files.delete(file_key((await world.record(import_id)).record))
    world.wait(61)
    await resumed(world)
    assert (await outcome(world, import_id))[:2] == (ImportStatus.FAILED, "abandoned")


@pytest.mark.parametrize("closed", ["root", "group", "permission"])
async def test_who_began_it_has_to_be_allowed_still(world: Any, tools: Any, closed: str) -> None:
    import_id = await killed(world, tools, many(tools), by="gone@demo.example" if closed == "permission" else HANA)
    world.wait(61)
    if closed == "root":
        await world.deactivate()
    if closed == "group":
        await world.remove_group()
    await resumed(world)
    assert (await outcome(world, import_id))[:2] == (ImportStatus.FAILED, "not_allowed")
    assert await world.running() is None


async def test_one_that_cannot_be_read_keeps_no_other_from_being_resumed(world: Any, tools: Any) -> None:
    import_id = await killed(world, tools, many(tools))
    world.wait(61)
    get, asked = world.store.get, []

    async def away_once(keys: Any) -> Any:
        asked.append(keys)
        if len(asked) == 1:
            raise Unavailable("away")
        return await get(keys)

    assert await resumed(world, replace(world.store, get=away_once)) == LEASE
    assert (await world.record(import_id)).state.status is ImportStatus.RUNNING
    await resumed(world)
    assert (await world.record(import_id)).state.status is ImportStatus.COMPLETED


async def test_a_service_that_stops_begins_nothing(world: Any, tools: Any) -> None:
    import_id = await killed(world, tools, many(tools))
    world.wait(61)
    await resumed(world, is_stopping=True)
    assert (await world.record(import_id)).progress.attempts == 0


@pytest.mark.parametrize("other", [True, False])
async def test_a_clock_that_was_an_hour_ahead_locks_no_root(world: Any, tools: Any, *, other: bool) -> None:
    """What it left is taken up, by the same file and by the service, or ended by another file (E15)."""
    content = many(tools)
    world.wait(3_600)
    import_id = await killed(world, tools, content)
    world.at -= timedelta(hours=1)
    if other:
        done = await world.imported(tools.file(tools.seen("0", line=0)))
        assert (done.state.status, await world.running()) == (ImportStatus.COMPLETED, None)
        assert (await outcome(world, import_id))[:2] == (ImportStatus.FAILED, "abandoned")
        return
    await resumed(world)
    assert await outcome(world, import_id) == (ImportStatus.COMPLETED, None, ImportCounts(created=70))
    assert (await world.imported(content)).progress.counts == ImportCounts(unchanged=70)
