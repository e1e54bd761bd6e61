"""Somebody else writes at the same time, the rules change under way, or an index lags behind its table."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from integrates.db_model.errors import Raced
from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.groups.facet import MAX_FINDINGS, group_guard
from integrates.db_model.imports.types import ImportCounts, ImportStatus
from integrates.db_model.severities.rules import severity
from integrates.db_model.store.memory import memory_store
from integrates.db_model.vulnerabilities.types import (
    Source,
    Treatment,
    TreatmentStatus,
    Vulnerability,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

OTHER_ROOT = "00000000-0000-4000-8000-000000000009"


def many(tools: Any, count: int = 70, **members: Any) -> list[Any]:
    return [tools.seen(str(n), line=n, **members) for n in range(count)]


def treated(old: Vulnerability) -> Vulnerability:
    uri = "uri@demo.example"
    return replace(old, treatment=Treatment(status=TreatmentStatus.IN_PROGRESS, assigned=uri, at=old.state.at, by=uri))


def hidden(old: Vulnerability) -> Vulnerability:
    return replace(old, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=old.state.at, by=old.state.by))


def removed(old: Vulnerability) -> Vulnerability:
    state = replace(old.state, status=VulnerabilityStatus.DELETED, justification=RemovalJustification.FALSE_POSITIVE)
    return replace(old, state=state)


def at_write(number: int, act: Callable[[], Any]) -> Any:
    async def before(count: int, _: Any) -> None:
        if count == number:
            await act()

    return before


@pytest.mark.parametrize("reason", ["permission", "root"])
async def test_what_is_not_allowed_any_more_fails(world: Any, tools: Any, reason: str) -> None:
    await world.imported(tools.file(tools.seen("old", path="src/old.py")))

    async def close() -> None:
        world.is_allowed = False
        if reason == "root":
            await world.deactivate()

    store = tools.intruded(world.store, at_write(3, close))
    record = await world.imported(tools.file(*many(tools)), store=store)
    assert (record.state.status, record.state.reason) == (ImportStatus.FAILED, "not_allowed")
    assert record.progress.counts == ImportCounts(created=len(await world.vulnerabilities()) - 1)
    assert record.progress.counts.created > 0 or reason == "root", "done chunks stay"
    assert {each.state.status for each in await world.vulnerabilities()} == {VulnerabilityStatus.VULNERABLE}
    assert await world.running() is None
    assert await world.is_counted()


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize(
    ("alter", "expected"),
    [
        (treated, ImportCounts(moved=70)),
        (hidden, ImportCounts(moved=69, ignored=1)),
        (removed, ImportCounts(moved=69, ignored=1)),
        (lambda old: replace(old, source=Source.ANALYST), ImportCounts(moved=69, unchanged=1)),
    ],
)
async def test_a_vulnerability_changes_while_a_chunk_is_written(
    world: Any, tools: Any, alter: Any, expected: Any, number: int
) -> None:
    """The last one is changed, which is in the last chunk: it was surveyed with the first."""
    await world.imported(tools.file(*many(tools)))
    (last,) = [each for each in await world.vulnerabilities() if each.tool.fingerprint == "mark=69"]
    store = tools.intruded(world.store, at_write(number, lambda: world.alter(last.id, alter)))
    content = tools.file(*(tools.seen(str(n), line=n + 500) for n in range(70)))
    record = await world.imported(content, store=store)
    assert record.progress.counts == expected
    assert await world.is_counted()
    if alter is treated:
        (again,) = [each for each in await world.vulnerabilities() if each.id == last.id]
        assert (again.treatment.status, again.location.specific) == (TreatmentStatus.IN_PROGRESS, "569")


@pytest.mark.parametrize("number", [2, 3, 4])
async def test_a_vulnerability_changes_while_what_is_missing_is_closed(world: Any, tools: Any, number: int) -> None:
    await world.imported(tools.file(*many(tools)))
    known = {each.tool.fingerprint: each.id for each in await world.vulnerabilities()}

    async def act() -> None:
        await world.alter(known["mark=68"], hidden)
        await world.alter(known["mark=69"], treated)

    store = tools.intruded(world.store, at_write(number, act))
    record = await world.imported(tools.file(), store=store)
    found = {each.id: each for each in await world.vulnerabilities()}
    assert record.progress.counts.closed in {69, 70}
    is_late = record.progress.counts.closed == 70
    assert found[known["mark=68"]].state.status is (VulnerabilityStatus.SAFE if is_late else VulnerabilityStatus.VULNERABLE)
    last = found[known["mark=69"]]
    assert (last.state.status, last.treatment.status) == (VulnerabilityStatus.SAFE, TreatmentStatus.IN_PROGRESS)
    assert await world.is_counted()


@pytest.mark.parametrize("number", range(2, 7))
async def test_a_finding_changes_while_a_chunk_is_written(world: Any, tools: Any, number: int) -> None:
    async def act() -> None:
        if "R1" in await world.findings():
            await world.retitle("R1", f"Title {number}")
            await world.rescore("R1", severity("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"))

    store = tools.intruded(world.store, at_write(number, act))
    record = await world.imported(tools.file(*many(tools)), store=store)
    assert record.progress.counts == ImportCounts(created=70)
    assert await world.is_counted()


async def test_whoever_races_for_ever_leaves_the_import_to_its_next_worker(world: Any, tools: Any) -> None:
    content = tools.file(*many(tools))

    async def act(number: int, changes: Any) -> None:
        if "R1" in await world.findings() and any("VULN#" in change.key.pk for change in changes):
            await world.retitle("R1", f"Title {number}")

    with pytest.raises(Raced):
        await world.imported(content, store=tools.intruded(world.store, act))
    assert (await world.record(await world.running())).state.status is ImportStatus.RUNNING
    assert (await world.resumed(content)).progress.counts == ImportCounts(created=70)
    assert await world.is_counted()


async def test_two_roots_share_their_findings(world: Any, tools: Any) -> None:
    await world.add_root(OTHER_ROOT, "other")
    content = tools.file(*(tools.seen(str(n), line=n, rule=f"R{n % 5}") for n in range(60)))

    async def one(root_id: str) -> Any:
        job = await world.job(content, root_id=root_id)
        return await tools.work(job, await world.begin(job, content))

    records = await asyncio.gather(one(tools.root_id), one(OTHER_ROOT))
    assert [each.progress.counts for each in records] == [ImportCounts(created=60)] * 2
    assert len(await world.findings()) == 5
    assert await world.is_counted()


async def lagging(tools: Any) -> Any:
    lag = tools.Lag(memory_store())
    world = tools.World(lag.store)
    await world.found()
    return lag, world


@pytest.mark.parametrize("marks", [("a", "b"), (None, "b"), (None, None)])
async def test_a_lagging_list_makes_no_duplicates(tools: Any, marks: tuple[str | None, str | None]) -> None:
    lag, world = await lagging(tools)
    lag.freeze()
    content = tools.file(*(tools.seen(mark, line=n) for n, mark in enumerate(marks, 1)))
    assert (await world.imported(content)).progress.counts == ImportCounts(created=2)
    assert (await world.imported(content)).progress.counts == ImportCounts(unchanged=2)


async def test_a_lagging_list_hides_no_place_without_fingerprint(tools: Any) -> None:
    lag, world = await lagging(tools)
    lag.freeze()
    await world.imported(tools.file(tools.seen(None, line=3)))
    record = await world.imported(tools.file(tools.seen("a", line=3)))
    assert record.progress.counts == ImportCounts(unchanged=1)


@pytest.mark.parametrize("alter", [hidden, removed, lambda old: replace(old, source=Source.ANALYST)])
async def test_a_lagging_list_closes_nothing_that_may_not_be_closed(tools: Any, alter: Any) -> None:
    lag, world = await lagging(tools)
    await world.imported(tools.file(tools.seen("a")))
    (known,) = await world.vulnerabilities()
    lag.freeze()
    changed = await world.alter(known.id, alter)
    assert (await world.imported(tools.file())).progress.counts == ImportCounts()
    assert changed.version == 2


async def test_a_lagging_list_closes_nothing_that_is_reported(tools: Any) -> None:
    """The list shows neither the new locations and fingerprints of these nor that they were closed and reopened."""
    lag, world = await lagging(tools)
    await world.imported(tools.file(*many(tools, 10), tools.seen(None, line=50)))
    lag.freeze()
    await world.imported(tools.file(tools.seen("new", line=50)))
    await world.imported(tools.file(*(tools.seen(str(n), line=n + 100) for n in range(10)), tools.seen("new", line=60)))
    content = tools.file(*(tools.seen(str(n), line=n + 100) for n in range(10)), tools.seen("new", line=60))
    assert (await world.imported(content)).progress.counts == ImportCounts(unchanged=11)
    assert await tools.World(lag.inner).is_counted()


async def test_a_group_without_room_for_another_finding_fails_the_import(world: Any, tools: Any) -> None:
    full = group_guard("webshop", "findings", by=MAX_FINDINGS - 1, high=MAX_FINDINGS)
    await world.store.write((full,))
    record = await world.imported(tools.file(tools.seen("one", rule="R1"), tools.seen("two", rule="R2")))
    assert (record.state.status, record.state.reason) == (ImportStatus.FAILED, "too_many")
    assert list(await world.findings()) == ["R1"]
    assert await world.running() is None
