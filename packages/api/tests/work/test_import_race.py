"""Somebody else writes at the same time, the rules change under way, or an index lags behind its table."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from integrates.db_model.errors import Raced, Unavailable
from integrates.db_model.findings.facet import FINDING
from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.groups.facet import MAX_FINDINGS, group_guard
from integrates.db_model.imports.types import ImportCounts, ImportOptions, ImportStatus
from integrates.db_model.registry import facet_of
from integrates.db_model.severities.rules import severity
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Put
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities import rules
from integrates.db_model.vulnerabilities.rules import Sighting
from integrates.db_model.vulnerabilities.types import (
    Source,
    Technique,
    Tool,
    Treatment,
    TreatmentStatus,
    Vulnerability,
    VulnerabilityLocation,
    VulnerabilityStatus,
    VulnerabilityType,
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


async def test_a_number_that_another_took_since_the_plan_is_left_to_it(world: Any, tools: Any) -> None:
    """Three results at one place are to take the numbers 1 to 3, when another one takes number 1 there."""
    await world.imported(tools.file(tools.seen(line=1)), ImportOptions(close_missing=False))
    finding = (await world.findings())["R1"]
    results = [tools.seen(line=3, message={"text": f"Bad {number}."}) for number in range(3)]
    seen = Sighting(
        type=VulnerabilityType.LINES,
        technique=Technique.SAST,
        location=VulnerabilityLocation(where="src/app.py", specific="3"),
        tool=Tool(name="scanner", categories=("",), rule_id="R1"),
    )

    async def report() -> None:
        stamp = world.stamp()
        new = rules.reported(world.new_id(), finding, tools.ROOT_ID, seen, by=stamp.by, at=stamp.at)
        await vulnerabilities.add(world.store, new, stamp)

    record = await world.imported(
        tools.file(*results), ImportOptions(close_missing=False), tools.intruded(world.store, at_write(3, report))
    )
    assert record.progress.counts == ImportCounts(created=2, unchanged=1)
    numbers = [each.number for each in await world.vulnerabilities() if each.location.specific == "3"]
    assert sorted(numbers) == [1, 2, 3]
    assert await world.is_counted()


async def test_a_finding_that_goes_away_before_it_is_scored_is_made_anew(world: Any, tools: Any) -> None:
    rule = [{"id": "R1", "properties": {"security-severity": "8.8"}}]
    await world.imported(tools.file(tools.seen("a")))

    async def remove() -> None:
        await world.remove_finding("R1", RemovalJustification.REPORTING_ERROR)

    content = tools.sarif(tools.one_run(tools.seen("b", line=9), rules=rule))
    record = await world.imported(content, store=tools.intruded(world.store, at_write(3, remove)))
    assert record.state.status is ImportStatus.COMPLETED
    assert record.progress.counts == ImportCounts(created=1)
    assert await world.is_counted()


async def test_a_plan_that_cannot_be_deleted_is_left_behind(world: Any, tools: Any) -> None:
    async def delete(_key: str) -> None:
        raise Unavailable("the file store is away")

    job = await world.job(tools.file(tools.seen("a")), files=replace(world.files, delete=delete))
    record = await tools.work(job, await world.begin(job, tools.file(tools.seen("a"))))
    assert record.state.status is ImportStatus.COMPLETED


async def test_of_two_that_plan_the_plan_of_one_stays(world: Any, tools: Any) -> None:
    content = tools.file(tools.seen("a"))
    slow, quick = await world.job(content), await world.job(content)
    begun = await world.begin(slow, content)

    async def overtake() -> None:
        world.wait(61)
        await tools.work(quick, await world.begin(quick, content))

    job = replace(slow, store=tools.intruded(world.store, at_write(1, overtake)))
    assert (await tools.work(job, begun)).state.status is ImportStatus.COMPLETED
    assert await world.stored_files() == [f"imports/{begun.running.record.id}.sarif"]
    assert len(await world.vulnerabilities()) == 1


async def test_a_root_that_excludes_other_files_when_the_import_goes_on(world: Any, tools: Any) -> None:
    """What the plan saw stays seen, and what it did not is left to the next import."""
    content = tools.file(*many(tools, 70, path="src/a.py"), *many(tools, 3, path="gen/b.py"))
    await world.imported(content)
    with pytest.raises(tools.Killed):
        await world.imported(content, store=tools.killed(world.store, 3, written=False))
    await world.exclude("gen/")
    record = await world.resumed(content)
    assert (record.state.status, record.progress.counts.closed) == (ImportStatus.COMPLETED, 0)


async def test_new_findings_of_a_file_are_stored_together(world: Any, tools: Any) -> None:
    """One transaction for all of a window, however many rules the file has; one that comes meanwhile is taken as it is."""
    content = tools.file(*(tools.seen(str(n), line=n, rule=f"R{n}") for n in range(20)))
    writes: list[int] = []

    async def meanwhile(number: int, changes: Any) -> None:
        writes.append(sum(isinstance(each, Put) and facet_of(each.key) is FINDING for each in changes))
        if number == 3:
            await world.imported(tools.file(tools.seen("x", rule="R7")), root_id=OTHER_ROOT)

    await world.add_root(OTHER_ROOT, "other")
    record = await world.imported(content, store=tools.intruded(world.store, meanwhile))
    assert record.progress.counts == ImportCounts(created=20)
    assert len(await world.findings()) == 20
    assert writes[2:4] == [20, 19]
    assert await world.is_counted()


async def test_a_vector_that_a_person_sets_before_a_finding_is_scored_anew_stays(world: Any, tools: Any) -> None:
    rule = [{"id": "R1", "properties": {"security-severity": "8.8"}}]
    theirs = severity("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N")
    await world.imported(tools.file(tools.seen("a")))
    content = tools.sarif(tools.one_run(tools.seen("a"), tools.seen("b", line=9), rules=rule))
    assess = at_write(3, lambda: world.rescore("R1", theirs))
    record = await world.imported(content, store=tools.intruded(world.store, assess))
    assert record.progress.counts == ImportCounts(created=1, unchanged=1)
    found = (await world.findings())["R1"]
    assert (found.severity, found.version) == (theirs, 3), "created, released, and scored by the person"
    assert await world.is_counted()


async def test_a_finding_that_another_import_stores_first_is_found_by_its_rule(world: Any, tools: Any) -> None:
    """The one that was made and lost is asked for by nobody."""
    asked: list[str] = []
    await world.add_root(OTHER_ROOT, "other")
    store = tools.intruded(world.store, at_write(3, lambda: world.imported(tools.file(tools.seen("x")), root_id=OTHER_ROOT)))

    async def get(keys: Any) -> Any:
        asked.extend(key.pk.removeprefix("FIN#") for key in keys if key.pk.startswith("FIN#"))
        return await store.get(keys)

    record = await world.imported(tools.file(tools.seen("a")), store=replace(store, get=get))
    assert record.progress.counts == ImportCounts(created=1)
    (found,) = (await world.findings()).values()
    assert set(asked) == {found.id}
