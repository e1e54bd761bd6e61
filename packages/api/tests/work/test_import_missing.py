"""Close-missing (domain section 8): what a complete scan does not name any more."""

from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace
from packages.api.tests.work.conftest import GROUP_NAME

from integrates.db_model.entity.work import is_leased
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.imports.types import ImportCounts, ImportOptions
from integrates.db_model.testing.scene import add_event, uid
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Cycle,
    Source,
    Verification,
    VerificationStatus,
    Vulnerability,
    VulnerabilityState,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

EVENT = uid("event")


def hidden(old: Vulnerability) -> Vulnerability:
    return replace(old, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=old.state.at, by=old.state.by))


def by_person(old: Vulnerability) -> Vulnerability:
    return replace(old, source=Source.CUSTOMER)


def submitted(old: Vulnerability) -> Vulnerability:
    return replace(old, state=replace(old.state, status=VulnerabilityStatus.SUBMITTED), cycle=Cycle())


def waiting(status: VerificationStatus) -> Any:
    event = EVENT if status is VerificationStatus.ON_HOLD else None
    return lambda old: replace(old, verification=Verification(status=status, event_id=event, at=old.state.at, by=old.state.by))


def again_at(old: Vulnerability, at: datetime) -> Vulnerability:
    state = VulnerabilityState(status=VulnerabilityStatus.VULNERABLE, at=at, by=old.state.by)
    return replace(old, state=state, cycle=replace(old.cycle, opened_at=at, closed_at=None, cycles=old.cycle.cycles + 1))


async def marks_of(world: Any, status: str) -> list[str]:
    return sorted(mark for _, _, state, mark in await world.rows() if state == status)


async def test_what_is_not_reported_any_more_is_closed(world: Any, tools: Any) -> None:
    await world.imported(tools.file(tools.seen("a"), tools.seen("b", line=2), tools.seen("c", rule="R2")))
    record = await world.imported(tools.file(tools.seen("a")))
    assert record.progress.counts == ImportCounts(unchanged=1, closed=2)
    assert await marks_of(world, "SAFE") == ["b", "c"]
    closed = [each for each in await world.vulnerabilities() if each.state.status is VulnerabilityStatus.SAFE]
    assert {each.state.closing_reason for each in closed} == {ClosingReason.NOT_REPORTED}
    assert all(each.cycle.closed_at == each.state.at for each in closed)
    assert await world.is_counted()
    assert (await world.imported(tools.file(tools.seen("a")))).progress.counts == ImportCounts(unchanged=1)


@pytest.mark.parametrize(
    ("before", "closed"), [(by_person, 0), (hidden, 0), (submitted, 0), (waiting(VerificationStatus.REQUESTED), 1)]
)
async def test_what_is_closed(world: Any, tools: Any, before: Any, closed: int) -> None:
    await world.imported(tools.file(tools.seen("a")))
    (known,) = await world.vulnerabilities()
    await world.alter(known.id, before)
    assert (await world.imported(tools.file())).progress.counts == ImportCounts(closed=closed)
    assert await world.is_counted()


async def test_a_closing_answers_a_verification_and_a_result_does_not(world: Any, tools: Any) -> None:
    group = await world.got(GROUP, group_key(GROUP_NAME))
    await add_event(world.store, group, "event", world.stamp)
    await world.imported(tools.file(tools.seen("a"), tools.seen("b", line=2)))
    for each in await world.vulnerabilities():
        await world.alter(each.id, waiting(VerificationStatus.ON_HOLD))
    assert await world.is_counted()
    await world.imported(tools.file(tools.seen("b", line=2)))
    found = {each.tool.fingerprint: each for each in await world.vulnerabilities()}
    assert found["mark=a"].verification.status is VerificationStatus.VERIFIED
    assert found["mark=b"].verification.status is VerificationStatus.ON_HOLD
    assert (found["mark=a"].version, found["mark=b"].version) == (3, 2)
    assert await world.is_counted()


@pytest.mark.parametrize(
    ("second", "closed"),
    [
        ({}, ["b"]),
        ({"category": "ci/"}, []),
        ({"category": "ci"}, ["b"]),
        ({"tool": "Another"}, []),
        ({"tool": " SCANNER "}, ["b"]),
        ({"results": None}, []),
        ({"invocations": [{"executionSuccessful": True}, {"executionSuccessful": False}]}, []),
        ({"invocations": [{"executionSuccessful": True}]}, ["b"]),
    ],
)
async def test_only_complete_runs_of_its_series_close(world: Any, tools: Any, second: Any, closed: list[str]) -> None:
    await world.imported(tools.file(tools.seen("b")))
    await world.imported(tools.sarif(tools.one_run(**{"tool": "Scanner", **second})))
    assert await marks_of(world, "SAFE") == closed


async def test_the_option_is_off(world: Any, tools: Any) -> None:
    await world.imported(tools.file(tools.seen("a")))
    record = await world.imported(tools.file(), ImportOptions(close_missing=False))
    assert record.progress.counts == ImportCounts()


async def test_runs_of_one_series_are_united(world: Any, tools: Any) -> None:
    await world.imported(tools.file(tools.seen("a"), tools.seen("b", line=2), tools.seen("c", line=3)))
    runs = (tools.one_run(tools.seen("a")), tools.one_run(tools.seen("b", line=2)))
    record = await world.imported(tools.sarif(*runs))
    assert record.progress.counts == ImportCounts(unchanged=2, closed=1)
    assert await marks_of(world, "SAFE") == ["c"]


async def test_one_incomplete_run_keeps_its_whole_series_and_no_other(world: Any, tools: Any) -> None:
    ours = {"tool": "Ours"}
    await world.imported(tools.sarif(tools.one_run(tools.seen("a")), tools.one_run(tools.seen("b", line=2), **ours)))
    failed = tools.one_run(invocations=[{"executionSuccessful": False}])
    record = await world.imported(tools.sarif(tools.one_run(), failed, tools.one_run(**ours)))
    assert record.progress.counts == ImportCounts(closed=1)
    assert await marks_of(world, "SAFE") == ["b"]


async def test_a_suppressed_result_keeps_open(world: Any, tools: Any) -> None:
    await world.imported(tools.file(tools.seen("a"), tools.seen("b", line=2)))
    record = await world.imported(tools.file(tools.seen("a", suppressions=[{}])))
    assert record.progress.counts == ImportCounts(suppressed=1, closed=1)
    assert await marks_of(world, "VULNERABLE") == ["a"]


async def test_a_series_that_does_not_see_it_takes_its_category_away(world: Any, tools: Any) -> None:
    await world.imported(tools.sarif(tools.one_run(tools.seen("a"), category="one/")))
    runs = (tools.one_run(category="one/"), tools.one_run(tools.seen("a"), category="two/"))
    record = await world.imported(tools.sarif(*runs))
    assert record.progress.counts == ImportCounts(unchanged=1)
    assert (await world.vulnerabilities())[0].tool.categories == ("two/",)
    record = await world.imported(tools.sarif(tools.one_run(category="two/"), tools.one_run(category="one/")))
    assert record.progress.counts == ImportCounts(closed=1)
    assert [(one.category, one.closed) for one in record.progress.closing] == [("two/", 1), ("one/", 0)]
    (known,) = await world.vulnerabilities()
    assert (known.tool.categories, known.state.closing_reason) == (("two/",), ClosingReason.NOT_REPORTED)


async def test_what_comes_back_is_seen_by_its_series_alone(world: Any, tools: Any) -> None:
    both = [tools.one_run(tools.seen("a"), category=each) for each in ("one/", "two/")]
    await world.imported(tools.sarif(*both))
    await world.imported(tools.sarif(*(tools.one_run(category=each) for each in ("one/", "two/"))))
    record = await world.imported(tools.sarif(both[1]))
    assert record.progress.counts == ImportCounts(reopened=1)
    assert (await world.vulnerabilities())[0].tool.categories == ("two/",)


def failing(*files: str, **members: Any) -> dict[str, Any]:
    """An invocation with errors at files."""
    locations = [{"physicalLocation": {"artifactLocation": {"uri": file}}} for file in files]
    errors = [{"level": "error", "locations": locations}]
    return {"invocations": [{"executionSuccessful": True, "toolExecutionNotifications": errors, **members}]}


@pytest.mark.parametrize(
    ("members", "outcome", "closed"),
    [
        ({}, "DONE", ["b", "c"]),
        ({"results": None}, "OFF", []),
        ({"invocations": [{"executionSuccessful": False}]}, "NOT_SUCCESSFUL", []),
        ({"invocations": [{"exitSignalName": "SIGKILL"}]}, "NOT_SUCCESSFUL", []),
        ({"invocations": [{"processStartFailureMessage": "No such file."}]}, "NOT_SUCCESSFUL", []),
        (failing("src/b.py"), "NOT_SUCCESSFUL", ["c"]),
        (failing(), "NOT_SUCCESSFUL", []),
        (failing("src/b.py", exitSignalName="SIGKILL"), "NOT_SUCCESSFUL", []),
    ],
)
async def test_the_outcome_is_told(world: Any, tools: Any, members: Any, outcome: str, closed: list[str]) -> None:
    await world.imported(tools.file(tools.seen("b", "src/b.py"), tools.seen("c", "src/c.py")))
    record = await world.imported(tools.sarif(tools.one_run(**members)))
    assert [(one.outcome.value, one.closed) for one in record.progress.closing] == [(outcome, len(closed))]
    assert await marks_of(world, "SAFE") == closed


async def test_a_file_at_which_one_tool_failed_is_spared_by_that_tool_alone(world: Any, tools: Any) -> None:
    ours = {"tool": "Ours"}
    both = (tools.one_run(tools.seen("a", "src/b.py")), tools.one_run(tools.seen("b", "src/b.py"), **ours))
    await world.imported(tools.sarif(*both))
    record = await world.imported(tools.sarif(tools.one_run(**failing("src/b.py")), tools.one_run(**ours)))
    assert record.progress.counts == ImportCounts(closed=1)
    assert await marks_of(world, "SAFE") == ["b"]


async def test_results_without_a_place_keep_everything_open(world: Any, tools: Any) -> None:
    await world.imported(tools.file(tools.seen("a"), tools.seen("b", line=2)))
    record = await world.imported(tools.file(tools.seen("a"), tools.seen("c", "../out.py")))
    assert record.progress.counts == ImportCounts(unchanged=1, skipped=1)
    assert [one.outcome.value for one in record.progress.closing] == ["UNPLACED_RESULTS"]
    assert [(one.reason, one.count) for one in record.record.problem_counts] == [("bad_path", 1)]


async def test_what_was_reopened_in_the_meantime_is_spared(world: Any, tools: Any) -> None:
    await world.imported(tools.file(tools.seen("a"), tools.seen("b", line=2)))
    await world.imported(tools.file(tools.seen("a")))
    (gone,) = [each for each in await world.vulnerabilities() if each.state.status is VulnerabilityStatus.SAFE]

    async def reopen(number: int, _: Any) -> None:
        if number == 3:  # the chunk, after the plan
            await world.alter(gone.id, lambda old: again_at(old, world.now()))

    record = await world.imported(tools.file(tools.seen("a")), store=tools.intruded(world.store, reopen))
    assert record.progress.counts == ImportCounts(unchanged=1)
    assert await marks_of(world, "VULNERABLE") == ["a", "b"]


async def test_another_root_is_left_alone(world: Any, tools: Any) -> None:
    await world.imported(tools.file(tools.seen("a")))
    other = "00000000-0000-4000-8000-000000000009"
    await world.add_root(other, "other")
    content = tools.file(tools.seen("a"))
    job = await world.job(content, root_id=other)
    begun = await world.begin(job, content)
    assert (await tools.work(job, begun)).progress.counts == ImportCounts(created=1)
    assert len(await world.findings()) == 1
    job = await world.job(tools.file(), root_id=other)
    begun = await world.begin(job, tools.file())
    assert (await tools.work(job, begun)).progress.counts == ImportCounts(closed=1)
    assert await marks_of(world, "VULNERABLE") == ["a"]
    assert await world.is_counted()


async def test_many_are_closed_in_chunks(world: Any, tools: Any) -> None:
    await world.imported(tools.file(*(tools.seen(str(n), line=n, rule=f"R{n % 7}") for n in range(200))))
    record = await world.imported(tools.file(*(tools.seen(str(n), line=n, rule=f"R{n % 7}") for n in range(3))))
    assert record.progress.counts == ImportCounts(unchanged=3, closed=197)
    assert await world.is_counted()


async def test_many_pages_without_anything_missing_are_no_lost_races(world: Any, tools: Any) -> None:
    known = tools.file(*(tools.seen(str(n), line=n) for n in range(60)))
    await world.imported(known)

    async def query(queries: Any) -> Any:
        return await world.store.query([replace(each, limit=min(each.limit, 2)) for each in queries])

    content = tools.sarif(tools.one_run(tools.seen("other"), tool="Other"))
    record = await world.imported(content, store=replace(world.store, query=query))
    assert record.progress.counts == ImportCounts(created=1)


async def test_a_worker_that_looks_for_long_keeps_its_lease(world: Any, tools: Any) -> None:
    known = tools.file(*(tools.seen(str(n), line=n) for n in range(60)))
    await world.imported(known)
    leased: list[bool] = []

    async def query(queries: Any) -> Any:
        world.wait(20)
        running = await world.running()
        leased.append(running is None or is_leased((await world.record(running)).progress, world.at))
        return await world.store.query([replace(each, limit=min(each.limit, 10)) for each in queries])

    record = await world.imported(known, store=replace(world.store, query=query))
    assert record.progress.counts == ImportCounts(unchanged=60)
    assert len(leased) > 5
    assert all(leased)
