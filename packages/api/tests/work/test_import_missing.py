"""Close-missing (domain section 8): what a complete scan does not name any more."""

from typing import Any

import pytest
from msgspec.structs import replace

from integrates.db_model.imports.types import ImportCounts, ImportOptions
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Cycle,
    Source,
    Verification,
    VerificationStatus,
    Vulnerability,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

EVENT = "00000000-0000-4000-8000-00000000000e"


def hidden(old: Vulnerability) -> Vulnerability:
    return replace(old, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=old.state.at, by=old.state.by))


def by_person(old: Vulnerability) -> Vulnerability:
    return replace(old, source=Source.CUSTOMER)


def submitted(old: Vulnerability) -> Vulnerability:
    return replace(old, state=replace(old.state, status=VulnerabilityStatus.SUBMITTED), cycle=Cycle())


def waiting(status: VerificationStatus) -> Any:
    event = EVENT if status is VerificationStatus.ON_HOLD else None
    return lambda old: replace(old, verification=Verification(status=status, event_id=event, at=old.state.at, by=old.state.by))


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
    await world.imported(tools.file(tools.seen("a"), tools.seen("b", line=2)))
    for each in await world.vulnerabilities():
        await world.alter(each.id, waiting(VerificationStatus.ON_HOLD))
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


async def test_a_result_of_another_category_keeps_open_what_it_names(world: Any, tools: Any) -> None:
    """It takes the vulnerability into its own category, which is why the complete series of the former one closes nothing."""
    await world.imported(tools.sarif(tools.one_run(tools.seen("a"), category="one/")))
    runs = (tools.one_run(category="one/"), tools.one_run(tools.seen("a"), category="two/"))
    record = await world.imported(tools.sarif(*runs))
    assert record.progress.counts == ImportCounts(unchanged=1)
    assert (await world.vulnerabilities())[0].tool.category == "two/"


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
