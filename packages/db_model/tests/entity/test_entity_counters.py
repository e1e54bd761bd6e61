"""Counters: what changes add to them, and that they are what they count (domain section 7)."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

import pytest
from msgspec.structs import replace

from integrates.db_model.access.types import GroupRole
from integrates.db_model.entity import counter, packing, read, transaction
from integrates.db_model.entity.command import planned
from integrates.db_model.entity.facet import Beside
from integrates.db_model.entity.plan import needs, plan
from integrates.db_model.errors import Raced, Reason, Rejected, Stale
from integrates.db_model.findings import commands as findings
from integrates.db_model.findings.facet import (
    FINDING,
    FINDING_SHARDS,
    finding_counters_key,
    finding_counters_keys,
    finding_key,
    finding_shard,
)
from integrates.db_model.findings.types import Finding, RemovalJustification
from integrates.db_model.groups.facet import (
    GROUP,
    GROUP_SHARDS,
    MAX_MEMBERS,
    group_counters_key,
    group_counters_keys,
    group_key,
)
from integrates.db_model.indicators.recount import recount, stored_counters
from integrates.db_model.roots.facet import root_counters_key
from integrates.db_model.roots.types import Root
from integrates.db_model.store.port import ANYTHING, Add, Check, Key, Put, Store
from integrates.db_model.testing.scene import (
    HANA,
    Stamping,
    add_event,
    add_finding,
    add_group,
    add_member,
    add_root,
    add_vulnerability,
    address_of,
    scored,
    sighted,
    ticking,
    uid,
)
from integrates.db_model.vulnerabilities import commands, rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.tally import DOT, moved_scores
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Treatment,
    TreatmentStatus,
    Verification,
    VerificationStatus,
    Vulnerability,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

Alter = Callable[[Vulnerability, datetime], Vulnerability]
WEBSHOP = "webshop"
ONE, R1, BACKEND = uid("one"), uid("webshop/R1"), uid("webshop/backend")


def cell(*dimensions: str) -> str:
    return DOT.join(dimensions)


def treated(old: Vulnerability, at: datetime) -> Vulnerability:
    return replace(old, treatment=Treatment(status=TreatmentStatus.IN_PROGRESS, assigned=HANA, at=at, by=HANA))


def hidden(old: Vulnerability, at: datetime) -> Vulnerability:
    return replace(old, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=at, by=HANA))


def held(old: Vulnerability, at: datetime) -> Vulnerability:
    verification = Verification(status=VerificationStatus.ON_HOLD, event_id=uid("event"), at=at, by=HANA)
    return replace(old, verification=verification)


def closed(old: Vulnerability, at: datetime) -> Vulnerability:
    return rules.closed(old, ClosingReason.VERIFIED, by=HANA, at=at)


def removed(old: Vulnerability, at: datetime) -> Vulnerability:
    why = RemovalJustification.DUPLICATED
    return replace(old, state=replace(old.state, status=VulnerabilityStatus.DELETED, at=at, justification=why))


def rated(old: Vulnerability, _: datetime) -> Vulnerability:
    return replace(old, severity=scored("9.8"))


async def begun(store: Store, stamp: Stamping) -> tuple[Root, Finding]:
    group = await add_group(store, WEBSHOP, stamp)
    await add_event(store, group, "event", stamp)
    return await add_root(store, group, "backend", stamp), await add_finding(store, group, "R1", stamp, score="5.0")


async def one(store: Store, stamp: Stamping) -> Vulnerability:
    root, finding = await begun(store, stamp)
    return await add_vulnerability(store, finding, root, "one.py", stamp, identity=ONE)


async def numbers(store: Store, *keys: Key) -> Mapping[str, int]:
    return counter.plus(counter.summed(await store.get(keys)), {})


async def is_exact(store: Store) -> bool:
    counted = await recount(store, WEBSHOP)
    return counted == await stored_counters(store, counted, WEBSHOP)


async def test_a_report_is_counted_in_finding_root_and_group(store: Store) -> None:
    found = await one(store, ticking())
    rest = ("UNTREATED", "NONE", "NONE", "NONE")
    assert found.cycle.opened_at is not None
    opened = {"opened_epoch_sum": int(found.cycle.opened_at.timestamp())}
    assert await numbers(store, *finding_counters_keys(R1)) == {cell("VULNERABLE", "INHERITED", *rest): 1, **opened}
    assert await numbers(store, root_counters_key(BACKEND)) == {cell("VULNERABLE", *rest): 1, "reported": 1, **opened}
    assert await numbers(store, *group_counters_keys(WEBSHOP)) == {
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
        (rated, ("VULNERABLE", "9.8", "UNTREATED", "NONE", "NONE", "NONE"), "9.8"),
        (removed, (), ""),
    ],
)
async def test_a_change_by_the_generic_verb_moves_from_cell_to_cell(
    store: Store, alter: Alter, finding: tuple[str, ...], group: str
) -> None:
    stamp = ticking()
    await one(store, stamp)
    await commands.update(store, ONE, alter, stamp())
    in_finding = await numbers(store, *finding_counters_keys(R1))
    in_group = await numbers(store, *group_counters_keys(WEBSHOP))
    in_root = await numbers(store, root_counters_key(BACKEND))
    assert cells(in_finding) == ({cell(*finding): 1} if finding else {})
    assert cells(in_group) == ({cell(finding[0], group, *finding[2:]): 1} if finding else {})
    assert cells(in_root, 4) == ({cell(finding[0], *finding[2:]): 1} if finding else {})
    assert ("opened_epoch_sum" in in_finding) is (alter in {treated, held, rated})
    assert in_root["reported"] == 1
    assert await is_exact(store)


def cells(counted: Mapping[str, int], dots: int = 5) -> Mapping[str, int]:
    return {name: number for name, number in counted.items() if name.count(DOT) == dots}


async def test_closings_are_remembered_by_the_level_of_their_moment(store: Store) -> None:
    stamp = ticking()
    found = await one(store, stamp)
    safe = await commands.close(store, ONE, ClosingReason.VERIFIED, stamp())
    assert safe.cycle.closed_at is not None
    assert found.cycle.opened_at is not None
    seconds = int((safe.cycle.closed_at - found.cycle.opened_at).total_seconds())
    assert seconds > 0
    expected = {cell("remediated_count", "MEDIUM"): 1, cell("remediated_seconds", "MEDIUM"): seconds}
    for keys in (finding_counters_keys(R1), (root_counters_key(BACKEND),)):
        assert {name: n for name, n in (await numbers(store, *keys)).items() if name.startswith("remediated")} == expected
    finding = await findings.rescore(store, R1, scored("9.5"), stamp())
    sighting = sighted(finding, "one.py")
    for number in range(2):
        await commands.reopen(store, ONE, sighting, stamp())
        assert (await numbers(store, *finding_counters_keys(R1))).get(cell("remediated_count", "CRITICAL"), 0) == number
        await commands.close(store, ONE, ClosingReason.VERIFIED, stamp())
        assert (await numbers(store, *finding_counters_keys(R1)))[cell("remediated_count", "CRITICAL")] == number + 1
    assert await is_exact(store)


@pytest.mark.parametrize(
    ("found", "old", "new", "expected"),
    [
        ({"S·INHERITED·T": 3, "S·7.0·T": 2, "opened_epoch_sum": 9}, "5.0", "9.1", {"S·5.0·T": -3, "S·9.1·T": 3}),
        ({"S·INHERITED·T": 3}, "5.0", "5.0", {}),
        ({"S·INHERITED·T": 3}, None, "5.0", {"S·NONE·T": -3, "S·5.0·T": 3}),
        ({"S·INHERITED·T": 3, "V·INHERITED·T": 1}, "5.0", None, {"S·5.0·T": -3, "S·NONE·T": 3, "V·5.0·T": -1, "V·NONE·T": 1}),
        ({"remediated_count·HIGH": 4}, "5.0", "9.1", {}),
    ],
)
def test_the_inheriting_ones_move_with_their_finding(
    found: Mapping[str, int], old: str | None, new: str | None, expected: Mapping[str, int]
) -> None:
    assert moved_scores(found, scored(old), scored(new)) == expected


async def test_a9_a_finding_is_rescored_amid_changes(store: Store) -> None:
    stamp = ticking()
    root, finding = await begun(store, stamp)
    for number in range(12):
        own = scored("7.0") if number >= 10 else None
        await add_vulnerability(store, finding, root, f"{number}.py", stamp, identity=uid(number), severity=own)
    kinds = [TreatmentStatus.IN_PROGRESS, TreatmentStatus.ACCEPTED, TreatmentStatus.UNTREATED]

    async def treat(number: int) -> None:
        status = kinds[(number // 12 + number) % 3]

        def alter(old: Vulnerability, at: datetime) -> Vulnerability:
            return replace(old, treatment=treatment(status, f"Reason number {number}", at))

        made = stamp()
        await transaction.repeated(lambda: commands.update(store, uid(number % 12), alter, made), on=(Raced, Stale))

    async def rescore() -> None:
        made = stamp()
        await transaction.repeated(lambda: findings.rescore(store, R1, scored("9.1"), made), on=(Raced, Stale))

    await asyncio.gather(*(treat(number) for number in range(10)), rescore(), *(treat(number) for number in range(10, 20)))
    found = cells(await numbers(store, *group_counters_keys(WEBSHOP)))
    assert sum(number for name, number in found.items() if name.split(DOT)[1] == "9.1") == 10
    assert sum(number for name, number in found.items() if name.split(DOT)[1] == "7.0") == 2
    assert sum(found.values()) == 12
    histories = [await read.history(store, vulnerability_key(uid(number))) for number in range(12)]
    assert {name for history in histories for each in history[1:] for name in each.aspects} == {"treatment"}
    assert sum(len(history) - 1 for history in histories) == 20
    assert await is_exact(store)


def treatment(status: TreatmentStatus, why: str, at: datetime) -> Treatment:
    return Treatment(
        status=status,
        justification=why,
        accepted_until=at.replace(year=2025) if status is TreatmentStatus.ACCEPTED else None,
        assigned=HANA if status is TreatmentStatus.IN_PROGRESS else None,
        at=at,
        by=HANA,
    )


@pytest.mark.parametrize("shard", range(FINDING_SHARDS))
async def test_rescoring_looks_at_every_part_of_the_counters(store: Store, shard: int) -> None:
    """What was added to any of them since they were read refuses the new severity."""
    stamp = ticking()
    root, finding = await begun(store, stamp)
    await add_vulnerability(store, finding, root, "one.py", stamp)
    nickname = next(
        name for name in map(str, range(99)) if finding_shard(R1, uid(f"{WEBSHOP}/{name}")) == finding_counters_key(R1, shard)
    )
    group = await read.get(store, GROUP, group_key(WEBSHOP))
    assert group is not None
    late = await add_root(store, group, nickname, stamp)
    current = await read.get(store, FINDING, finding_key(R1))
    assert current is not None
    made = await planned(store, FINDING, current, replace(current, severity=scored("9.1")), stamp())
    await add_vulnerability(store, current, late, "late.py", stamp)
    assert await read.get(store, FINDING, finding_key(R1)) == current
    with pytest.raises(Raced):
        await transaction.write(store, (made,))
    assert await is_exact(store)


async def test_vulnerabilities_are_counted_in_the_part_of_their_root(store: Store) -> None:
    stamp = ticking()
    group = await add_group(store, WEBSHOP, stamp)
    finding = await add_finding(store, group, "R1", stamp, score="5.0")
    roots = [await add_root(store, group, f"root{number}", stamp) for number in range(8)]
    for root in roots:
        await add_vulnerability(store, finding, root, "a.py", stamp, identity=uid(root.id))
    await commands.update(store, uid(roots[0].id), treated, stamp())
    for key in finding_counters_keys(R1):
        found = await numbers(store, key)
        assert sum(cells(found).values()) == sum(finding_shard(R1, root.id) == key for root in roots)
    await findings.rescore(store, R1, scored("9.1"), stamp())
    moved = cells(await numbers(store, *group_counters_keys(WEBSHOP)))
    assert {name.split(DOT)[1] for name in moved} == {"9.1"}
    assert sum(moved.values()) == 8
    assert await is_exact(store)


@pytest.mark.parametrize("alter", [treated, hidden, closed, rated, removed])
async def test_a_counted_change_is_refused_when_the_severity_moved_since(store: Store, alter: Alter) -> None:
    stamp = ticking()
    current = await one(store, stamp)
    made = stamp()
    prepared = await planned(store, VULNERABILITY, current, alter(current, made.at), made)
    await findings.rescore(store, R1, scored("9.1"), stamp())
    with pytest.raises(Raced):
        await transaction.write(store, (prepared,))
    assert await read.get(store, VULNERABILITY, vulnerability_key(ONE)) == current
    assert await is_exact(store)


async def test_a_retitled_finding_refuses_no_change_below_it(store: Store) -> None:
    """Gates stand for what matters: writers below one finding do not meet on the finding's own item."""
    stamp = ticking()
    current = await one(store, stamp)
    made = stamp()
    prepared = await planned(store, VULNERABILITY, current, closed(current, made.at), made)
    finding = await read.get(store, FINDING, finding_key(R1))
    assert finding is not None
    description = replace(finding.description, title="Another title")
    await transaction.write(
        store, (await planned(store, FINDING, finding, replace(finding, description=description), stamp()),)
    )
    await transaction.write(store, (prepared,))
    assert await is_exact(store)


async def test_a_guard_keeps_both_bounds(store: Store) -> None:
    key = Key("COUNTERS#X", "COUNTERS#X")
    for by, is_done in ((1, True), (1, True), (1, False), (-2, True), (-1, False)):
        change = counter.guarded(key, "n", by=by, low=0, high=2)
        refusal = Rejected(Reason.TOO_MANY)
        beside = Beside(change, refusal)
        if is_done:
            await transaction.write(store, (), (beside,))
        else:
            with pytest.raises(Rejected, match="too_many"):
                await transaction.write(store, (), (beside,))


async def test_a_full_group_takes_no_member_more(store: Store) -> None:
    stamp = ticking()
    group = await add_group(store, WEBSHOP, stamp)
    await store.write((Add(group_counters_key(WEBSHOP, 0), {"members": MAX_MEMBERS - 1}, {}, ANYTHING),))
    await add_member(store, group, address_of("one"), GroupRole.USER, stamp)
    with pytest.raises(Rejected, match="too_many"):
        await add_member(store, group, address_of("two"), GroupRole.USER, stamp)


async def test_no_change_of_a_vulnerability_takes_more_than_its_share(store: Store) -> None:
    """Domain section 13: at most 14 store writes."""
    stamp = ticking()
    root, finding = await begun(store, stamp)
    made = stamp()
    new = rules.reported(ONE, finding, root.id, sighted(finding, "one.py"), by=HANA, at=made.at)
    given = await transaction.gathered(store, (needs(VULNERABILITY, None, new),))
    report = plan(VULNERABILITY, None, new, made, given)
    first = findings.released(finding, made)
    for plans in ((report,), (report, first)):
        changes = packing.joined(plans).changes
        assert 6 < len(changes) <= 14
        assert {type(change) for change in changes} <= {Put, Add, Check}


def test_the_shard_of_a_call_is_always_the_same() -> None:
    found = {counter.shard_of(f"call-{number}", GROUP_SHARDS) for number in range(200)}
    assert found == set(range(GROUP_SHARDS))
    assert counter.shard_of("00000000-0000-4000-8000-000000000000", GROUP_SHARDS) == 7


def test_the_shard_of_a_root_is_always_the_same() -> None:
    assert {finding_shard("f", f"root-{number}") for number in range(200)} == set(finding_counters_keys("f"))
    assert finding_shard("f", "00000000-0000-4000-8000-000000000000") == finding_counters_key("f", 3)
    assert [key.pk for key in finding_counters_keys("f")] == [f"COUNTERS#FIN#f#{number}" for number in range(4)]
