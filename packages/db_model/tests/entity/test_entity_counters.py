"""Counters: what changes add to them, what guards their bounds, and that they are what they count (domain section 7)."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from integrates.db_model.access.change import granted_group
from integrates.db_model.access.types import GroupGrant, GroupRole
from integrates.db_model.entity import claim, counter, read, transaction
from integrates.db_model.entity import plan as planning
from integrates.db_model.entity.counter import DOT
from integrates.db_model.errors import Raced, Rejected, Stale
from integrates.db_model.findings import change as finding_change
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.indicators.recount import recount, stored
from integrates.db_model.severities.types import Severity
from integrates.db_model.store.port import ABSENT, Item, Key, Put
from integrates.db_model.vulnerabilities import change, rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Technique,
    ToolMark,
    Treatment,
    TreatmentStatus,
    Verification,
    VerificationStatus,
    VulnerabilityLocation,
    VulnerabilityStatus,
    VulnerabilityType,
    ZeroRisk,
    ZeroRiskStatus,
)


def score(value: str) -> Severity:
    return Severity(tool_score=Decimal(value), score=Decimal(value))


def cell(*dimensions: str) -> str:
    return DOT.join(dimensions)


def treated(old: Any, at: Any) -> Any:
    return replace(old, treatment=Treatment(status=TreatmentStatus.IN_PROGRESS, at=at, by="x"))


def hidden(old: Any, at: Any) -> Any:
    return replace(old, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=at, by="x"))


def held(old: Any, at: Any) -> Any:
    return replace(old, verification=Verification(status=VerificationStatus.ON_HOLD, event_id="e", at=at, by="x"))


def closed(old: Any, at: Any) -> Any:
    return rules.closed(old, ClosingReason.VERIFIED, by="x", at=at)


def removed(old: Any, at: Any) -> Any:
    return replace(old, state=replace(old.state, status=VulnerabilityStatus.DELETED, at=at))


def scored(old: Any, _: Any) -> Any:
    return replace(old, severity=score("9.8"))


async def one(scene: Any, **members: Any) -> Any:
    await scene.root("root")
    await scene.finding("R1", score("5.0"))
    return await scene.report("one", "R1", "root", **members)


async def numbers(scene: Any, *keys: Key) -> Mapping[str, int]:
    return counter.added(counter.summed(await scene.store.get(keys)), {})


async def test_a_report_is_counted_in_finding_root_and_group(scene: Any) -> None:
    found = await one(scene)
    rest = ("UNTREATED", "NONE", "NONE", "NONE")
    opened = {"opened_epoch_sum": int(found.cycle.opened_at.timestamp())}
    assert await numbers(scene, counter.finding_counters_key("R1")) == {cell("VULNERABLE", "INHERITED", *rest): 1, **opened}
    assert await numbers(scene, counter.root_counters_key("root")) == {cell("VULNERABLE", *rest): 1, "reported": 1, **opened}
    assert await numbers(scene, *counter.group_counters_keys("webshop")) == {
        cell("VULNERABLE", "5.0", *rest): 1,
        "roots": 1,
        "findings": 1,
        **opened,
    }


@pytest.mark.parametrize(
    ("alter", "finding", "group"),
    [
        (treated, ("VULNERABLE", "INHERITED", "IN_PROGRESS", "NONE", "NONE", "NONE"), "5.0"),
        (hidden, ("VULNERABLE", "INHERITED", "UNTREATED", "NONE", "NONE", "CONFIRMED"), "5.0"),
        (held, ("VULNERABLE", "INHERITED", "UNTREATED", "NONE", "ON_HOLD", "NONE"), "5.0"),
        (closed, ("SAFE", "INHERITED", "UNTREATED", "NONE", "NONE", "NONE"), "5.0"),
        (scored, ("VULNERABLE", "9.8", "UNTREATED", "NONE", "NONE", "NONE"), "9.8"),
        (removed, None, None),
    ],
)
async def test_a_change_moves_from_cell_to_cell(scene: Any, alter: Any, finding: Any, group: Any) -> None:
    await one(scene)
    await scene.alter("one", alter)
    in_finding = await numbers(scene, counter.finding_counters_key("R1"))
    in_group = await numbers(scene, *counter.group_counters_keys("webshop"))
    in_root = await numbers(scene, counter.root_counters_key("root"))
    expected = {cell(*finding): 1} if finding else {}
    assert {name: number for name, number in in_finding.items() if name.count(DOT) == 5} == expected
    expected = {cell(finding[0], group, *finding[2:]): 1} if finding else {}
    assert {name: number for name, number in in_group.items() if name.count(DOT) == 5} == expected
    expected = {cell(finding[0], *finding[2:]): 1} if finding else {}
    assert {name: number for name, number in in_root.items() if name.count(DOT) == 4} == expected
    assert ("opened_epoch_sum" in in_finding) is (alter in {treated, held, scored})
    assert in_root["reported"] == 1
    assert await scene.is_counted()


async def test_closings_are_remembered_by_the_level_of_their_moment(scene: Any) -> None:
    found = await one(scene)
    safe = await scene.alter("one", closed)
    seconds = int((safe.cycle.closed_at - found.cycle.opened_at).total_seconds())
    expected = {cell("remediated_count", "MEDIUM"): 1, cell("remediated_seconds", "MEDIUM"): seconds}
    for key in (counter.finding_counters_key("R1"), counter.root_counters_key("root")):
        assert {name: n for name, n in (await numbers(scene, key)).items() if name.startswith("remediated")} == expected
    await scene.rescore("R1", score("9.5"))
    await scene.alter("one", lambda old, at: rules.reopened(old, sighting(old), by="x", at=at))
    await scene.alter("one", closed)
    assert (await numbers(scene, counter.finding_counters_key("R1")))[cell("remediated_count", "CRITICAL")] == 1
    await scene.alter("one", lambda old, at: rules.reopened(old, sighting(old), by="x", at=at))
    assert (await numbers(scene, counter.finding_counters_key("R1")))[cell("remediated_count", "CRITICAL")] == 1
    assert await scene.is_counted()


def sighting(old: Any) -> rules.Sighting:
    return rules.Sighting(type=old.type, technique=old.technique, location=old.location, tool=old.tool)


@pytest.mark.parametrize(
    ("cells", "old", "new", "expected"),
    [
        ({"S·INHERITED·T": 3, "S·7.0·T": 2, "opened_epoch_sum": 9}, "5.0", "9.1", {"S·5.0·T": -3, "S·9.1·T": 3}),
        ({"S·INHERITED·T": 3}, "5.0", "5.0", {}),
        ({"S·INHERITED·T": 3}, None, "5.0", {"S·NONE·T": -3, "S·5.0·T": 3}),
        ({"S·INHERITED·T": 3, "V·INHERITED·T": 1}, "5.0", None, {"S·5.0·T": -3, "S·NONE·T": 3, "V·5.0·T": -1, "V·NONE·T": 1}),
        ({"remediated_count·HIGH": 4}, "5.0", "9.1", {}),
    ],
)
def test_the_inheriting_ones_move_with_their_finding(cells: Any, old: Any, new: Any, expected: Any) -> None:
    severities = [score(each) if each else None for each in (old, new)]
    assert counter.moved_scores(cells, *severities) == expected


async def test_a9_a_finding_is_rescored_amid_changes(scene: Any) -> None:
    await scene.root("root")
    await scene.finding("R1", score("5.0"))
    for number in range(12):
        own = {"severity": score("7.0")} if number >= 10 else {}
        await scene.report(f"v{number:02}", "R1", "root", **own)
    stamps = [scene.stamp() for _ in range(20)]

    async def treat(number: int) -> None:
        async def attempt() -> None:
            current = await scene.vulnerability(f"v{number % 12:02}")
            finding = await scene.got(FINDING, finding_key("R1"))
            status = list(TreatmentStatus)[1 + (number // 12 + number) % 3]
            value = Treatment(status=status, justification=str(number), at=stamps[number].at, by="x")
            plan = change.changed(current, lambda old, _: replace(old, treatment=value), finding, stamps[number])
            await transaction.write(scene.store, (plan,))

        await transaction.retried(lambda: transaction.retried(attempt), on=(Raced, Stale))

    async def rescore() -> None:
        async def attempt() -> None:
            await scene.rescore("R1", score("9.1"))

        await transaction.retried(lambda: transaction.retried(lambda: transaction.retried(attempt)))

    await asyncio.gather(*(treat(number) for number in range(10)), rescore(), *(treat(number) for number in range(10, 20)))
    in_group = await numbers(scene, *counter.group_counters_keys("webshop"))
    found = {name: number for name, number in in_group.items() if name.count(DOT) == 5}
    assert sum(number for name, number in found.items() if name.split(DOT)[1] == "9.1") == 10
    assert sum(number for name, number in found.items() if name.split(DOT)[1] == "7.0") == 2
    assert sum(found.values()) == 12
    histories = [await read.history(scene.store, vulnerability_key(f"v{number:02}")) for number in range(12)]
    assert {name for history in histories for each in history[1:] for name in each.aspects} == {"treatment"}
    assert sum(len(history) - 1 for history in histories) == 20
    assert await scene.is_counted()


async def test_rescoring_is_refused_while_the_counters_move(scene: Any) -> None:
    await one(scene)
    finding = await scene.got(FINDING, finding_key("R1"))
    counted: tuple[Item | None, ...] = await scene.store.get((counter.finding_counters_key("R1"),))
    await scene.alter("one", treated)
    with pytest.raises(Raced):
        await scene.write(finding_change.rescored(finding, score("9.1"), counted[0], scene.stamp()))
    assert await scene.is_counted()


async def test_a_change_is_refused_while_its_finding_moves(scene: Any) -> None:
    current = await one(scene)
    finding = await scene.got(FINDING, finding_key("R1"))
    plan = change.changed(current, closed, finding, scene.stamp())
    await scene.rescore("R1", score("9.1"))
    with pytest.raises(Raced):
        await scene.write(plan)
    assert (await scene.vulnerability("one")).version == 1


async def test_a_guard_keeps_both_bounds(scene: Any) -> None:
    key = Key("COUNTERS#X", "COUNTERS#X")
    for by, low, high, is_done in ((1, 0, 2, True), (1, 0, 2, True), (1, 0, 2, False), (-2, 0, 2, True), (-1, 0, 2, False)):
        plan = planning.Plan(VULNERABILITY, scene, (counter.guarded(key, "n", by=by, low=low, high=high),))
        plan = replace(plan, changes=(await marker(scene), *plan.changes))
        if is_done:
            await transaction.write(scene.store, (plan,))
        else:
            with pytest.raises(Rejected, match="too_many"):
                await transaction.write(scene.store, (plan,))


async def marker(scene: Any) -> Any:
    stamp = scene.stamp()
    return Put(Item(Key(f"M#{stamp.change_id}", "M"), 1, {}), ABSENT)


async def test_no_write_of_a_vulnerability_takes_more_than_its_share(scene: Any) -> None:
    """Domain section 13: at most 14 store writes."""
    await scene.root("root")
    finding = await scene.finding("R1", score("5.0"))
    stamp = scene.stamp()
    new = rules.reported(
        "one",
        finding,
        "root",
        rules.Sighting(
            type=VulnerabilityType.LINES,
            technique=Technique.SAST,
            location=VulnerabilityLocation(where="a", specific="1"),
            tool=ToolMark(name="scanner", category="", rule_id="R1"),
        ),
        by="x",
        at=stamp.at,
    )
    report = change.reported(new, finding, stamp)
    first = planning.together(report, *finding_change.released(finding, stamp).changes)
    marked = replace(report.entity, tool=replace(new.tool, fingerprint="f"))  # type: ignore[type-var] # it has a tool
    renamed = change.renamed(
        change.changed(report.entity, lambda _, at: closed(marked, at), finding, scene.stamp()),
        report.entity,
        claim.Held("one", 1),
    )
    for plan, most in ((report, 8), (first, 8), (renamed, 14)):
        assert 6 < len(transaction.merged(plan.changes)) <= most


async def test_the_identity_of_the_ci_is_no_member(scene: Any) -> None:
    await scene.write(granted_group("uri@x", "webshop", GroupGrant(role=GroupRole.USER), scene.stamp()))
    await scene.write(granted_group("forces@x", "webshop", GroupGrant(role=GroupRole.SERVICE_FORCES), scene.stamp()))
    counted = await recount(scene.store, "webshop")
    assert counted.group == {"members": 1}
    assert counted == await stored(scene.store, counted, "webshop")


def test_the_shard_of_a_call_is_always_the_same() -> None:
    found = {counter.shard_of(f"call-{number}") for number in range(200)}
    assert found == set(range(counter.GROUP_SHARDS))
    assert counter.shard_of("00000000-0000-4000-8000-000000000000") == 7
