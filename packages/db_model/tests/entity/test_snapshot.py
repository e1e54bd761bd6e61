"""Snapshots: what they tell is what a second, simple count of the revisions tells, whichever way they were made (B19)."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import reduce
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from integrates.db_model import findings, groups, snapshots, vulnerabilities
from integrates.db_model.entity import read
from integrates.db_model.entity.bulk import Reference
from integrates.db_model.entity.facet import key_text
from integrates.db_model.entity.revision import revision_key, states
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Corrupt, ModelError, NotFound
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.inspection.types import Fault
from integrates.db_model.inspection.walk import inspected
from integrates.db_model.severities.rules import cvssf, level
from integrates.db_model.severities.types import Level
from integrates.db_model.snapshots.count import Part, age_of, day_of, end_of, new_sums, plus_part
from integrates.db_model.snapshots.record import snapshot_key, snapshot_put
from integrates.db_model.snapshots.take import figures_at_end
from integrates.db_model.snapshots.types import AGES, TOP, DayFigures, Snapshot
from integrates.db_model.store.design import design
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import ANYTHING, Item, Put, Store
from integrates.db_model.testing import scene
from integrates.db_model.testing.pattern import following_patterns
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Treatment,
    TreatmentStatus,
    Vulnerability,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

BEGIN = datetime(2025, 11, 28, tzinfo=UTC)
MICRO, DAY = timedelta(microseconds=1), timedelta(days=1)
BY = scene.HANA


def stamp_at(at: datetime) -> Stamp:
    return Stamp(by=BY, at=at, operation="test", change_id=scene.uid(at.isoformat()))


class Place(msgspec.Struct):
    """A group with two findings and two roots, and the ids of what was reported there."""

    store: Store
    group: Any
    findings: list[Any]
    roots: list[Any]
    ids: list[str]


async def new_place(store: Store | None = None) -> Place:
    store = following_patterns(store or memory_store(), design())
    stamp = scene.ticking(BEGIN)
    group = await scene.add_group(store, "webshop", stamp)
    return Place(
        store,
        group,
        [await scene.add_finding(store, group, name, stamp, score=score) for name, score in (("a", "7.5"), ("b", None))],
        [await scene.add_root(store, group, name, stamp) for name in ("one", "two")],
        [],
    )


# --- the second count: vulnerability by vulnerability, day by day, from revisions


async def past_of(store: Store, facet: Any, key: Any) -> tuple[Sequence[Any], Sequence[Any]]:
    revisions = await read.history(store, key)
    return revisions, states(facet, revisions)


def as_of(known: Sequence[Any], at: datetime) -> Any:
    found = [one for one in known if one.updated_at <= at]
    return found[-1] if found else None


def naive(pasts: Sequence[Any], of_findings: dict[str, Any], at: datetime) -> dict[str, Any]:
    """Count everything as of a moment; the day of the flows is the one that ends then."""
    told: dict[str, Any] = {"open": 0, "hidden": 0, "safe": 0, "cvssf": Decimal(0), "opened": 0, "closed": 0}
    levels: Counter[tuple[Any, str]] = Counter()
    exposure: dict[Any, Decimal] = {}
    treatments: Counter[str] = Counter()
    by_finding: dict[str, Decimal] = {}
    by_root: dict[str, Decimal] = {}
    for revisions, known in pasts:
        versions = {one.version: one.severity for one in of_findings[known[-1].finding_id]}
        before = None
        for revision, one in zip(revisions, known, strict=True):
            if one.updated_at > at:
                break
            in_day = one.updated_at > at - DAY
            was = before is not None and before.state.status is VulnerabilityStatus.VULNERABLE
            if one.state.status is VulnerabilityStatus.VULNERABLE and not was:
                told["opened"] += in_day
            if one.state.status is VulnerabilityStatus.SAFE and was:
                told["closed"] += in_day
                key = key_text(finding_key(one.finding_id))
                seen = one.severity or versions.get(revision.seen.get(key, 0))
                name: Level | None = level(seen.score) if seen else Level.LOW
                levels[name, "closings"] += 1
                levels[name, "seconds"] += int((one.cycle.closed_at - one.cycle.opened_at).total_seconds())
            before = one
        now = as_of(known, at)
        if now is None or now.state.status is VulnerabilityStatus.DELETED:
            continue
        if now.zero_risk and now.zero_risk.status is ZeroRiskStatus.CONFIRMED:
            told["hidden"] += 1
        elif now.state.status is VulnerabilityStatus.SAFE:
            told["safe"] += 1
        elif now.state.status is VulnerabilityStatus.VULNERABLE:
            told["open"] += 1
            above = as_of(of_findings[now.finding_id], at)
            severity = now.severity or above.severity
            name = level(severity.score) if severity else None
            value = cvssf(severity.score) if severity else Decimal(0)
            levels[name, "open"] += 1
            whole_days = (at - now.cycle.opened_at) // DAY
            levels[name, f"age {sum(whole_days > last for last in (7, 30, 90, 180, 365))}"] += 1
            exposure[name] = exposure.get(name, Decimal(0)) + value
            told["cvssf"] += value
            treatments[now.treatment.status] += 1
            by_finding[now.finding_id] = by_finding.get(now.finding_id, Decimal(0)) + value
            by_root[now.root_id] = by_root.get(now.root_id, Decimal(0)) + value
    told["levels"] = {key: number for key, number in levels.items() if number}
    told["exposure"] = {name: value for name, value in exposure.items() if value}
    told["treatments"] = {status: number for status, number in treatments.items() if number}
    told["tops"] = [{key: value for key, value in found.items() if value} for found in (by_finding, by_root)]
    return told


def flat(figures: DayFigures) -> dict[str, Any]:
    """The figures of a snapshot in the form of the second count."""
    levels: dict[tuple[Level | None, str], int] = {}
    for row in figures.levels:
        numbers = {"open": row.open, "closings": row.remediated_count, "seconds": row.remediated_seconds}
        numbers |= {f"age {number}": count for number, count in enumerate(row.ages)}
        levels |= {(row.level, name): number for name, number in numbers.items() if number}
    return {
        **{name: getattr(figures, name) for name in ("open", "hidden", "safe", "cvssf", "opened", "closed")},
        "levels": levels,
        "exposure": {row.level: row.cvssf for row in figures.levels if row.cvssf},
        "treatments": {row.status.value: row.open for row in figures.treatments if row.open},
        "tops": [{one.id: one.cvssf for one in found} for found in (figures.top_findings, figures.top_roots)],
    }


async def counted_again(place: Place, days: Sequence[date]) -> dict[date, dict[str, Any]]:
    pasts = [await past_of(place.store, VULNERABILITY, vulnerability_key(one)) for one in place.ids]
    of_findings = {one.id: (await past_of(place.store, FINDING, finding_key(one.id)))[1] for one in place.findings}
    return {day: naive(pasts, of_findings, datetime.combine(day + DAY, time(), UTC)) for day in days}


# --- what happens


async def act(place: Place, what: str, number: int, at: datetime) -> None:
    """Do something with one of the vulnerabilities; what the rules refuse is left out."""
    store, stamp = place.store, stamp_at(at)
    identity = place.ids[number % len(place.ids)] if place.ids else ""

    def changed(**fields: Any) -> Any:
        return vulnerabilities.update(store, identity, lambda old, _: replace(old, **fields), stamp)

    match what:
        case "report":
            new = scene.uid(f"v{len(place.ids)}")
            finding, root = place.findings[number % 2], place.roots[number // 2 % 2]
            await scene.add_vulnerability(store, finding, root, f"{new}.py", scene.ticking(at, step=timedelta(0)), identity=new)
            place.ids.append(new)
        case "close":
            await vulnerabilities.close(store, identity, ClosingReason.VERIFIED, stamp)
        case "reopen":
            old = await read.get(store, VULNERABILITY, vulnerability_key(identity))
            assert old is not None
            finding = place.findings[[one.id for one in place.findings].index(old.finding_id)]
            await vulnerabilities.reopen(store, identity, scene.sighted(finding, old.location.where), stamp)
        case "treat":
            status = (TreatmentStatus.UNTREATED, TreatmentStatus.IN_PROGRESS)[number % 2]
            assigned = BY if number % 2 else None
            await changed(treatment=Treatment(status=status, assigned=assigned, justification="x" * 10, at=at, by=BY))
        case "hide" | "show":
            status_of = {"hide": ZeroRiskStatus.CONFIRMED, "show": ZeroRiskStatus.REJECTED}
            await changed(zero_risk=ZeroRisk(status=status_of[what], requested_by=BY, at=at, by=BY))
        case "score":
            await changed(severity=scene.scored(str(number % 11)) if number % 3 else None)
        case "rescore":
            score = scene.scored(str(number % 11)) if number % 4 else None
            await findings.rescore(store, place.findings[number % 2].id, score, stamp)
        case "label":
            await changed(labels=replace((await known(place, identity)).labels, tags=(f"t{number}",)))
        case _:
            assert what == "remove"
            await vulnerabilities.remove_all(
                store, [Reference(id=identity)], {"justification": RemovalJustification.DUPLICATED}, stamp
            )


async def known(place: Place, identity: str) -> Vulnerability:
    found = await read.get(place.store, VULNERABILITY, vulnerability_key(identity))
    assert found is not None
    return found


WHAT = ("report", "close", "reopen", "treat", "hide", "show", "score", "rescore", "label", "remove")
PAUSES = st.sampled_from([timedelta(0), MICRO, timedelta(hours=7), DAY, 8 * DAY, 31 * DAY])
STEPS = st.lists(st.tuples(st.sampled_from(WHAT), st.integers(0, 40), PAUSES, st.booleans()), min_size=4, max_size=14)


def next_midnight(at: datetime) -> datetime:
    return datetime.combine(at.date() + DAY, time(), UTC)


@given(steps=STEPS)
@settings(max_examples=40)
def test_a_snapshot_is_what_a_second_count_of_the_revisions_tells(steps: Any) -> None:
    async def check() -> None:
        place, at = await new_place(), BEGIN + timedelta(hours=1)
        for what, number, pause, to_midnight in [("report", 0, DAY, True), ("report", 1, MICRO, False), *steps]:
            at = next_midnight(at) if to_midnight else at + pause
            try:
                await act(place, what, number, at)
            except (ModelError, AssertionError):
                continue
        last = day_of(at) + DAY
        made = await snapshots.rebuild(place.store, "webshop", BEGIN.date(), end_of(last) + MICRO)
        found = await snapshots.between(place.store, "webshop", BEGIN.date() - DAY, last)
        days = [one.day for one in found]
        assert made.made == len(days) == (last - day_of(BEGIN + MICRO)).days + 1
        again = await counted_again(place, days)
        for one in found:
            assert flat(one.figures) == again[one.day], one.day
        for day in {last - number * DAY for number in (0, 1, 2, 3, 9, 20)} & set(days):
            assert await figures_at_end(place.store, "webshop", day) == dict(zip(days, found, strict=True))[day].figures
        assert [each async for report in inspected(place.store, at) for each in report.differences] == []

    asyncio.run(check())


# --- examples


@pytest.fixture
async def place() -> Place:
    return await new_place()


async def report(place: Place, at: datetime, number: int = 0) -> str:
    await act(place, "report", number, at)
    return place.ids[-1]


def at_day(number: int) -> datetime:
    return BEGIN + number * DAY


async def figures(place: Place, day: date) -> DayFigures:
    return (await snapshots.counted_days(place.store, "webshop", day, day))[day]


async def test_a_change_at_midnight_belongs_to_the_day_before_and_a_microsecond_later_to_the_next(place: Place) -> None:
    await report(place, at_day(5))
    await report(place, at_day(7) + MICRO)
    days = [(BEGIN + number * DAY).date() for number in range(3, 9)]
    assert [(await figures(place, day)).open for day in days] == [0, 1, 1, 1, 2, 2]
    assert [(await figures(place, day)).opened for day in days] == [0, 1, 0, 0, 1, 0]


@pytest.mark.parametrize(
    ("days", "age"),
    [(0, 0), (7, 0), (8, 1), (30, 1), (31, 2), (90, 2), (91, 3), (180, 3), (181, 4), (365, 4), (366, 5), (9999, 5)],
)
def test_ages_are_whole_days(days: int, age: int) -> None:
    assert age_of(days) == age
    assert len(AGES) == 5


async def test_ages_grow_without_a_change(place: Place) -> None:
    await report(place, at_day(1) + timedelta(hours=6))
    opened = at_day(1).date()
    found = await snapshots.counted_days(place.store, "webshop", opened, opened + 400 * DAY)
    ages = [next(row.ages for row in found[opened + number * DAY].levels if row.level is Level.HIGH) for number in range(401)]
    assert [one.index(1) for one in ages] == [sum(number > last for last in (7, 30, 90, 180, 365)) for number in range(401)]


async def test_others_have_a_turn_after_each_day_that_is_counted(place: Place) -> None:
    await report(place, at_day(1))
    turns: list[int] = []

    async def others() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    waiting = asyncio.create_task(others())
    await snapshots.counted_days(place.store, "webshop", BEGIN.date(), at_day(400).date())
    waiting.cancel()
    assert len(turns) > 400


class Noted(Decimal):
    """A number that notes how often something was added to it."""

    added: ClassVar[list[int]] = []

    def __add__(self, other: Any) -> "Noted":
        self.added.append(1)
        return Noted(super().__add__(other))

    __radd__ = __add__


def test_a_part_is_added_without_a_look_at_all_the_others() -> None:
    parts = [Part({f"age.{number}": 1}, {f"f{number % 300}": Noted(1)}, {"r": Noted(1)}) for number in range(600)]
    sums = new_sums()
    for part in parts:
        sums.add(part)
    assert len(Noted.added) == 1_200
    gone = Part({"age.0": -1}, {"f0": Decimal(-2)})
    sums.add(gone)
    assert sums.whole == reduce(plus_part, (*parts, gone))
    assert sums.whole.roots == {"r": Decimal(600)}
    assert "age.0" not in sums.whole.numbers
    assert "f0" not in sums.whole.findings


async def test_only_the_largest_ten_are_named(place: Place) -> None:
    stamp = scene.ticking(at_day(1))
    made = [
        await scene.add_finding(place.store, place.group, f"f{number}", stamp, score=f"{number}.0") for number in range(1, 10)
    ]
    for finding in (*place.findings, *made, await scene.add_finding(place.store, place.group, "x", stamp, score="9.9")):
        await scene.add_vulnerability(place.store, finding, place.roots[0], f"{finding.id}.py", stamp)
    found = await figures(place, at_day(1).date())
    assert len(found.top_findings) == TOP
    assert [one.cvssf for one in found.top_findings] == sorted((one.cvssf for one in found.top_findings), reverse=True)
    assert made[0].id not in {one.id for one in found.top_findings}


async def test_the_past_before_the_group_has_no_snapshot(place: Place) -> None:
    await snapshots.rebuild(place.store, "webshop", date(2020, 1, 1), at_day(3) + MICRO)
    found = await snapshots.between(place.store, "webshop", date(2000, 1, 1), date(2100, 1, 1))
    assert [one.day for one in found] == [BEGIN.date(), at_day(1).date(), at_day(2).date()]


async def test_rebuilding_makes_what_is_missing_and_replaces_only_when_told(place: Place) -> None:
    now = at_day(6) + MICRO
    assert await snapshots.rebuild(place.store, "webshop", BEGIN.date(), now) == snapshots.Rebuilt(made=6)
    assert await snapshots.rebuild(place.store, "webshop", BEGIN.date(), now) == snapshots.Rebuilt()
    (first, *_) = await snapshots.between(place.store, "webshop", BEGIN.date(), BEGIN.date())
    wrong = replace(first, figures=replace(first.figures, open=7))
    await place.store.write((snapshot_put(wrong),))
    assert await snapshots.rebuild(place.store, "webshop", BEGIN.date(), now) == snapshots.Rebuilt()
    differences = [each async for told in inspected(place.store, now) for each in told.differences]
    assert [(one.fault, one.entity, one.at, one.expected, one.found) for one in differences] == [
        (Fault.SNAPSHOT, "SNAPSHOT#GROUP#webshop#DAY#2025-11-28", "open", "0", "7")
    ]
    assert await snapshots.rebuild(place.store, "webshop", BEGIN.date(), now + DAY) == snapshots.Rebuilt(made=1)
    mended = await snapshots.rebuild(place.store, "webshop", BEGIN.date(), now, is_replacing=True)
    assert mended == snapshots.Rebuilt(replaced=1)
    assert [each async for told in inspected(place.store, now) for each in told.differences] == []


async def test_a_damaged_snapshot_is_told(place: Place) -> None:
    await snapshots.rebuild(place.store, "webshop", BEGIN.date(), at_day(2) + MICRO)
    key = snapshot_key("webshop", BEGIN.date())
    await place.store.write((Put(Item(key, 2, {"open": "many"}), ANYTHING),))
    with pytest.raises(Corrupt):
        await snapshots.between(place.store, "webshop", BEGIN.date(), BEGIN.date())
    found = [each async for told in inspected(place.store, at_day(3)) for each in told.differences]
    assert [(one.fault, one.entity) for one in found] == [(Fault.UNREADABLE, "SNAPSHOT#GROUP#webshop|DAY#2025-11-28")]


async def days_kept(place: Place) -> list[date]:
    return [one.day for one in await snapshots.between(place.store, "webshop", date(2000, 1, 1), date(2100, 1, 1))]


async def test_the_job_makes_all_days_at_first_and_then_the_last(place: Place) -> None:
    await report(place, at_day(2))
    assert await snapshots.keep_up(place.store, "webshop", at_day(0) + MICRO) == 0
    assert await snapshots.keep_up(place.store, "webshop", at_day(3) + MICRO) == 3
    assert await snapshots.keep_up(place.store, "webshop", at_day(3) + DAY / 2) == 0
    assert await snapshots.keep_up(place.store, "webshop", at_day(4) + MICRO) == 1
    assert await snapshots.keep_up(place.store, "webshop", at_day(9) + MICRO) == 5
    assert await days_kept(place) == [at_day(number).date() for number in range(9)]
    with pytest.raises(NotFound):
        await snapshots.keep_up(place.store, "elsewhere", at_day(9))


async def test_the_job_goes_back_as_far_as_charts_do(place: Place) -> None:
    assert await snapshots.keep_up(place.store, "webshop", at_day(2_000) + MICRO) == 1_100


async def test_several_jobs_at_once_keep_one_snapshot_a_day(place: Place) -> None:
    await report(place, at_day(1))
    made = await asyncio.gather(*(snapshots.keep_up(place.store, "webshop", at_day(70) + MICRO) for _ in range(4)))
    assert sum(made) == 70
    assert {one.version for one in await snapshots.between(place.store, "webshop", BEGIN.date(), at_day(70).date())} == {1}


async def test_the_job_skips_removed_groups_and_goes_on_after_broken_ones(place: Place) -> None:
    stamp = scene.ticking(BEGIN)
    gone, broken = [await scene.add_group(place.store, name, stamp) for name in ("alpha", "broken")]
    await groups.remove(place.store, gone, {"reason": "MISTAKE", "comments": None}, stamp_at(at_day(1)))
    finding = await scene.add_finding(place.store, broken, "z", stamp)
    await place.store.write((Put(Item(revision_key(finding_key(finding.id), 1), 2, {"x": 1}), ANYTHING),))
    made = await snapshots.keep_up_everywhere(place.store, at_day(5) + MICRO)
    assert made.made == 5
    assert [(name, type(error)) for name, error in made.refused.items()] == [("broken", Corrupt)]
    assert await snapshots.keep_up_everywhere(place.store, at_day(9), is_stopping=lambda: True) == snapshots.Kept()


async def test_what_is_changed_meanwhile_is_counted_again_and_in_the_end_from_revisions() -> None:
    base = memory_store()
    place = await new_place(base)
    await report(place, at_day(1))
    await snapshots.keep_up(place.store, "webshop", at_day(4) + MICRO)
    meanwhile: list[int] = []

    async def query(asked: Any) -> Any:
        if any(one.pattern == "audit_of_group" for one in asked) and len(meanwhile) < 9:
            meanwhile.append(1)
            await report(place, at_day(5) + len(meanwhile) * MICRO, len(meanwhile))
        return await base.query(asked)

    busy = replace(place.store, query=query)
    assert await figures_at_end(busy, "webshop", at_day(4).date()) is None
    assert len(meanwhile) >= 3
    assert await snapshots.keep_up(busy, "webshop", at_day(5) + DAY / 2) == 1
    (found,) = await snapshots.between(place.store, "webshop", at_day(4).date(), at_day(4).date())
    assert found.figures.open == 1


async def test_a_finding_that_was_scored_anew_since_then_counts_as_it_did(place: Place) -> None:
    await report(place, at_day(1))
    await act(place, "rescore", 2, at_day(4) + MICRO)
    found = await figures_at_end(place.store, "webshop", at_day(3).date())
    assert found == await figures(place, at_day(3).date())
    assert {row.level: row.open for row in found.levels if row.open} == {Level.HIGH: 1}
    assert {row.level for row in (await figures(place, at_day(4).date())).levels if row.open} == {Level.LOW}


async def test_a_treatment_that_changes_meanwhile_is_noticed_although_the_ages_stay_right() -> None:
    base = memory_store()
    place = await new_place(base)
    await report(place, at_day(1))
    changes: list[int] = []

    async def query(asked: Any) -> Any:
        if any(one.pattern == "vulnerabilities_of_group_by_state" for one in asked):
            changes.append(1)
            await act(place, "treat", len(changes), at_day(5) + len(changes) * MICRO)
        return await base.query(asked)

    assert await figures_at_end(replace(place.store, query=query), "webshop", at_day(4).date()) is None
    assert len(changes) == 3


async def test_where_lists_lag_the_job_waits_for_them(place: Place) -> None:
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    lagging = replace(place.store, index_delay=2.5)
    await snapshots.keep_up(lagging, "webshop", at_day(3) + MICRO, wait=wait)
    assert waited == []
    await snapshots.keep_up(lagging, "webshop", at_day(4) + MICRO, wait=wait)
    assert waited == [2.5]


def test_a_snapshot_survives_its_item() -> None:
    row = DayFigures(open=1, hidden=0, safe=0, cvssf=Decimal("128.000"), levels=(), treatments=())
    one = Snapshot(group_name="webshop", day=date(2026, 2, 28), figures=row)
    put = snapshot_put(one)
    assert (put.item.version, put.key.pk, put.key.sk) == (1, "SNAPSHOT#GROUP#webshop", "DAY#2026-02-28")
    assert snapshots.record.snapshot_of(put.item) == replace(one, version=1)
