"""One unfinished import a root: joining, refusing, taking up and ending it (domain section 8)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from integrates.api.imports.work.begin import file_key
from integrates.db_model.entity.work import MAX_ATTEMPTS
from integrates.db_model.errors import Rejected, Unavailable
from integrates.db_model.files.port import read_all
from integrates.db_model.imports.facet import IMPORT
from integrates.db_model.imports.types import ImportCounts, ImportOptions, ImportStatus


async def begun(world: Any, content: bytes, **members: Any) -> Any:
    return await world.begin(await world.job(content), content, **members)


async def stopped(world: Any, tools: Any, content: bytes, number: int = 3) -> str:
    """Begin an import and kill its worker before its numbered write, of which the first is the beginning."""
    with pytest.raises(tools.Killed):
        await world.imported(content, store=tools.killed(world.store, number, written=False))
    found = await world.running()
    assert found is not None
    return str(found)


async def test_the_file_is_stored_and_the_record_says_what_is_imported(world: Any, tools: Any) -> None:
    content = tools.file(tools.seen("a"), tools.seen("b", path="/abs"))
    found = await begun(world, content, options=ImportOptions(close_missing=False))
    record, progress = found.running.record, found.running.progress
    assert found.mine
    assert await read_all(world.files.get(file_key(record))) == content
    assert await world.stored_files() == [f"imports/{record.id}.sarif"]
    assert (record.state.status, record.version, progress.counts) == (ImportStatus.RUNNING, 1, ImportCounts(skipped=1))
    assert [problem.reason for problem in record.problems] == ["bad_path"]
    assert {type(problem.reason) for problem in record.problems} == {str}, "what is read back is no member of an enumeration"
    assert (progress.lease_until - record.created_at).total_seconds() == 60
    assert await world.running() == record.id


@pytest.mark.parametrize("written", [True, False])
async def test_an_outage_takes_no_file_away_whose_import_may_have_begun(world: Any, tools: Any, *, written: bool) -> None:
    content = tools.file(tools.seen("a"))
    write = world.store.write

    async def lost(changes: Any) -> None:
        if written:
            await write(changes)
        raise Unavailable("the answer was lost")

    job = await world.job(content, store=replace(world.store, write=lost))
    with pytest.raises(Unavailable):
        await world.begin(job, content)
    assert await world.stored_files() == world.keys
    world.at += timedelta(minutes=2)
    record = (await begun(world, content)).running.record
    assert await read_all(world.files.get(file_key(record))) == content


async def test_the_same_file_gets_the_first_ones_record(world: Any, tools: Any) -> None:
    content = tools.file(tools.seen("a"))
    first, second = await begun(world, content), await begun(world, content)
    assert (first.mine, second.mine, second.running) == (True, False, first.running)


@pytest.mark.parametrize("options", [ImportOptions(strip_prefix="src"), ImportOptions(close_missing=False)])
async def test_other_options_are_another_import(world: Any, tools: Any, options: ImportOptions) -> None:
    content = tools.file(tools.seen("a"))
    await begun(world, content)
    with pytest.raises(Rejected, match="import_running"):
        await begun(world, content, options=options)


async def test_another_file_is_refused_until_the_first_is_done(world: Any, tools: Any) -> None:
    one, two = tools.file(tools.seen("a")), tools.file(tools.seen("b", line=2))
    first = await begun(world, one)
    with pytest.raises(Rejected, match="import_running"):
        await begun(world, two)
    await tools.work(await world.job(one), first)
    assert (await world.imported(two)).progress.counts == ImportCounts(created=1, closed=1)


async def test_of_many_who_begin_at_once_one_does_the_work(world: Any, tools: Any) -> None:
    content = tools.file(tools.seen("a"))
    found = await asyncio.gather(*(begun(world, content) for _ in range(6)))
    assert [each.mine for each in found].count(True) == 1
    assert len({each.running.record.id for each in found}) == 1


async def test_of_two_files_at_once_one_is_refused_and_leaves_no_file(world: Any, tools: Any) -> None:
    contents = [tools.file(tools.seen(mark)) for mark in ("a", "b")]
    found = await asyncio.gather(*(begun(world, content) for content in contents), return_exceptions=True)
    (refusal,) = [each for each in found if isinstance(each, Rejected)]
    assert refusal.reason == "import_running"
    assert len(await world.stored_files()) == 1


async def test_an_inactive_root_is_no_destination(world: Any, tools: Any) -> None:
    await world.deactivate()
    with pytest.raises(Rejected, match="inactive_root"):
        await begun(world, tools.file(tools.seen("a")))
    assert await world.running() is None
    assert await world.stored_files() == []


async def test_the_root_closes_while_the_import_begins(world: Any, tools: Any) -> None:
    content = tools.file(tools.seen("a"))

    async def close(number: int, _: Any) -> None:
        if number == 1:
            await world.deactivate()

    with pytest.raises(Rejected, match="inactive_root"):
        await world.imported(content, store=tools.intruded(world.store, close))
    assert await world.running() is None
    assert await world.stored_files() == []


async def test_after_the_lease_the_same_file_continues(world: Any, tools: Any) -> None:
    content = tools.file(*(tools.seen(str(n), line=n) for n in range(70)))
    identifier = await stopped(world, tools, content, 5)
    before = await world.record(identifier)
    assert before.progress.counts.created > 0
    world.wait(59)
    assert not (await begun(world, content)).mine, "the lease is alive"
    record = await world.resumed(content)
    assert (record.id, record.state.status, record.progress.counts) == (
        identifier,
        ImportStatus.COMPLETED,
        ImportCounts(created=70),
    )
    assert await world.running() is None
    assert len(await world.stored_files()) == 1


async def test_after_the_lease_another_file_ends_it(world: Any, tools: Any) -> None:
    content = tools.file(*(tools.seen(str(n), line=n) for n in range(70)))
    identifier = await stopped(world, tools, content, 5)
    done = (await world.record(identifier)).progress.counts.created
    record = await world.resumed(tools.file(tools.seen("0", line=0)))
    old = await world.record(identifier)
    assert (old.state.status, old.state.reason) == (ImportStatus.FAILED, "abandoned")
    assert record.progress.counts == ImportCounts(unchanged=1, closed=done - 1)
    assert await world.running() is None


async def test_attempts_are_counted_and_forgotten_when_a_chunk_is_done(world: Any, tools: Any) -> None:
    content = tools.file(*(tools.seen(str(n), line=n) for n in range(70)))
    identifier = await stopped(world, tools, content)
    for attempt in (1, 2):
        world.wait(61)
        await stopped(world, tools, content, 2)
        assert (await world.record(identifier)).progress.attempts == attempt
    world.wait(61)
    await stopped(world, tools, content, 4)
    assert (await world.record(identifier)).progress.attempts == 0


async def test_after_too_many_attempts_the_import_fails(world: Any, tools: Any) -> None:
    content = tools.file(tools.seen("a"))
    identifier = await stopped(world, tools, content)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        world.wait(61)
        await stopped(world, tools, content, 2)
        assert (await world.record(identifier)).progress.attempts == attempt
    record = await world.resumed(content)
    assert record.id != identifier
    assert (await world.record(identifier)).state.status is ImportStatus.FAILED
    assert (record.progress.counts, await world.running()) == (ImportCounts(created=1), None)


async def test_a_worker_that_was_overtaken_gives_way(world: Any, tools: Any) -> None:
    """It slept through its lease; whoever took over does the work once, and nothing is written twice."""
    content = tools.file(*(tools.seen(str(n), line=n) for n in range(70)))
    slow = await world.job(content)
    first = await world.begin(slow, content)
    quick = await world.resumed(content)
    assert await tools.work(slow, first) == quick
    assert quick.progress.counts == ImportCounts(created=70)
    assert await world.is_counted()


@pytest.mark.parametrize("other", [True, False])
async def test_a_worker_is_overtaken_before_its_last_write(world: Any, tools: Any, other: object) -> None:
    content = tools.file(tools.seen("a"))
    found: list[Any] = []

    async def overtake(number: int, _: Any) -> None:
        if number == 4:
            found.append(await world.resumed(tools.file() if other else content))

    record = await world.imported(content, store=tools.intruded(world.store, overtake))
    assert record == await world.record(record.id)
    assert record.state.status is (ImportStatus.FAILED if other else ImportStatus.COMPLETED)
    assert await world.running() is None


async def test_who_may_not_import_any_more_does_not_end_anothers_work(world: Any, tools: Any) -> None:
    content = tools.file(*(tools.seen(str(n), line=n) for n in range(70)))

    async def closed() -> None:
        return None

    slow = replace(await world.job(content), destination=closed)
    first = await world.begin(await world.job(content), content)
    world.wait(61)
    second = await begun(world, content)
    assert (await tools.work(slow, first)).state.status is ImportStatus.RUNNING
    record = await tools.work(await world.job(content), second)
    assert (record.state.status, record.progress.counts) == (ImportStatus.COMPLETED, ImportCounts(created=70))


async def test_the_record_has_two_revisions_however_many_chunks_there_are(world: Any, tools: Any) -> None:
    """Progress is no history (E10)."""
    done = await world.imported(tools.file(*(tools.seen(str(n), line=n) for n in range(70))))
    history = await world.history(done.record, IMPORT)
    assert ([each.version for each in history], done.progress.version > 3) == ([1, 2], True)
    assert {each.operation for each in history} == {"import_vulnerabilities"}
    assert len({each.change_id for each in history}) == 1
