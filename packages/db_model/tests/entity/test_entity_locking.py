"""Plans into transactions: what is merged, how chunks are cut, and what a refused write means."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from integrates.db_model.access.change import granted_group
from integrates.db_model.access.types import GroupGrant, GroupRole
from integrates.db_model.entity import claim, counter, read, transaction
from integrates.db_model.entity import plan as planning
from integrates.db_model.entity.plan import Plan
from integrates.db_model.errors import AlreadyExists, ModelError, Raced, Rejected, Stale
from integrates.db_model.findings import change as finding_change
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.groups import change as group_change
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.store.port import (
    ABSENT,
    ANYTHING,
    MAX_CHANGES,
    Add,
    Bounds,
    Change,
    Check,
    Delete,
    Item,
    Key,
    Put,
    Version,
)
from integrates.db_model.vulnerabilities import change
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import Labels

ONE, TWO = Key("ONE", "ONE"), Key("TWO", "TWO")


def put(key: Key, expect: Any = ABSENT, **attributes: Any) -> Put:
    return Put(Item(key, 1, attributes), expect)


def add(key: Key, bounds: Any = None, **increments: int) -> Add:
    return Add(key, increments, bounds or {}, ANYTHING)


def labelled(tag: str) -> Any:
    return lambda old, _: replace(old, labels=Labels(tags=(tag,)))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], []),
        ([put(ONE), put(TWO)], [put(ONE), put(TWO)]),
        ([add(ONE, a=1, b=2), put(TWO), add(ONE, b=3, c=4)], [add(ONE, a=1, b=5, c=4), put(TWO)]),
        ([add(ONE, a=1), add(ONE, a=-1)], [add(ONE, a=0)]),
        ([add(ONE, {"a": Bounds(0, 5)}, a=1), add(ONE, b=1)], [add(ONE, {"a": Bounds(0, 5)}, a=1, b=1)]),
        ([Check(ONE, Version(3)), Check(ONE, Version(3))], [Check(ONE, Version(3))]),
        ([Check(ONE, Version(3)), put(ONE, Version(3))], [put(ONE, Version(3))]),
        ([put(ONE, Version(3)), Check(ONE, Version(3)), put(TWO)], [put(ONE, Version(3)), put(TWO)]),
    ],
)
def test_what_shares_a_key_is_merged(changes: list[Change], expected: list[Change]) -> None:
    assert list(transaction.merged(changes)) == expected


@pytest.mark.parametrize(
    "changes",
    [
        [put(ONE), put(ONE)],
        [put(ONE), Delete(ONE, ANYTHING)],
        [Check(ONE, Version(3)), Check(ONE, Version(4))],
        [Check(ONE, Version(3)), put(ONE, Version(4))],
        [Check(ONE, ABSENT), add(ONE, a=1)],
        [add(ONE, a=1), Add(ONE, {"a": 1}, {}, Version(2))],
    ],
)
def test_what_does_not_go_together_is_refused(changes: list[Change]) -> None:
    with pytest.raises(ValueError, match="cannot share"):
        transaction.merged(changes)
    assert transaction.fitting([changes[:1], changes[1:]]) == 1


CHANGES = st.one_of(
    st.builds(lambda n: put(Key(f"P{n}", "P")), st.integers(0, 30)),
    st.builds(lambda n, v: Check(Key(f"C{n}", "C"), Version(v)), st.integers(0, 5), st.sampled_from([1, 1, 1, 2])),
    st.builds(lambda n, m: add(Key(f"A{n}", "A"), **{f"a{m}": 1}), st.integers(0, 4), st.integers(0, 3)),
)


@settings(max_examples=60, deadline=None)
@given(groups=st.lists(st.lists(CHANGES, max_size=8, unique_by=lambda each: each.key), max_size=60))
def test_chunks_hold_no_key_twice_and_keep_the_order(groups: list[list[Change]]) -> None:
    plans: list[Plan[Any]] = [
        Plan(VULNERABILITY, None, tuple([put(Key(f"OWN{number}", "X")), *group] if group else ()))
        for number, group in enumerate(groups)
    ]
    chunks = transaction.chunks(plans)
    assert [plan for chunk in chunks for plan in chunk] == [plan for plan in plans if plan.changes]
    for chunk in chunks:
        merged = transaction.merged([each for plan in chunk for each in plan.changes])
        assert 0 < len(merged) <= MAX_CHANGES
        assert len({each.key for each in merged}) == len(merged)


def test_chunks_are_as_full_as_they_may_be() -> None:
    plans = [Plan(GROUP, None, tuple(put(Key(f"K{n}", f"{m}")) for m in range(3))) for n in range(100)]
    assert [len(chunk) for chunk in transaction.chunks(plans)] == [33, 33, 33, 1]


def test_a_chunk_stays_below_the_bytes_of_a_write() -> None:
    """Own items and all else that is put: a first release puts a finding, whose texts may be long."""
    text = "x" * 200_000
    own = [[put(Key(f"K{n}", "K"), text=text), put(Key(f"R{n}", "R"), text=text)] for n in range(30)]
    besides = [[put(Key(f"K{n}", "K")), put(Key(f"R{n}", "R")), put(Key(f"F{n}", "F"), text=text)] for n in range(30)]
    assert [transaction.fitting(groups) for groups in (own, besides)] == [5, 10]


def described(text: str) -> Any:
    return lambda old, _: replace(old, info=replace(old.info, description=text))


async def stale(scene: Any) -> Any:
    group = await scene.got(GROUP, group_key("webshop"))
    one, two = (planning.changed(GROUP, group, described(text), scene.stamp()) for text in ("One", "Two"))
    await scene.write(one)
    return two


async def test_a_stale_change_is_stale_and_names_the_version(scene: Any) -> None:
    plan = await stale(scene)
    with pytest.raises(Stale) as caught:
        await transaction.write(scene.store, (plan,))
    assert (caught.value.facet, caught.value.identity, caught.value.current) == ("group", "GROUP#webshop", 2)
    assert (await scene.got(GROUP, group_key("webshop"))).info.description == "One"
    assert len(await read.history(scene.store, group_key("webshop"))) == 2


async def test_a_taken_claim_already_exists(scene: Any) -> None:
    await scene.finding("R1")
    again = replace(scene.new_finding("R2"), rule=scene.new_finding("R1").rule)
    with pytest.raises(AlreadyExists) as caught:
        await scene.write(finding_change.reported(again, scene.stamp()))
    assert caught.value.kind == "finding_rule"
    assert await read.get(scene.store, FINDING, finding_key("R2")) is None


async def test_a_full_group_is_rejected_and_nothing_is_written(scene: Any) -> None:
    room = counter.MAX_MEMBERS - 1
    await scene.store.write((Add(counter.group_counters_key("webshop", 0), {"members": room}, {}, ANYTHING),))
    grant = GroupGrant(role=GroupRole.USER)
    await scene.write(granted_group("one@x", "webshop", grant, scene.stamp()))
    with pytest.raises(Rejected, match="too_many"):
        await scene.write(granted_group("two@x", "webshop", grant, scene.stamp()))
    await scene.write(granted_group("forces@x", "webshop", GroupGrant(role=GroupRole.SERVICE_FORCES), scene.stamp()))


async def test_a_parent_that_changed_is_a_race(scene: Any) -> None:
    organization = await scene.got(ORGANIZATION, organization_key("organization"))
    info = replace(organization.info, country="CO")
    await scene.write(planning.changed(ORGANIZATION, organization, lambda old, _: replace(old, info=info), scene.stamp()))
    with pytest.raises(Raced):
        await scene.write(group_change.added(scene.new_group("other"), organization, scene.stamp()))
    assert await read.get(scene.store, GROUP, group_key("other")) is None


async def test_stale_goes_before_other_refusals(scene: Any) -> None:
    plan = await stale(scene)
    await scene.finding("R1")
    again = replace(scene.new_finding("R2"), rule=scene.new_finding("R1").rule)
    with pytest.raises(Stale):
        await transaction.write(scene.store, (planning.together(plan, Check(Key("NONE", "NONE"), Version(1))),))
    with pytest.raises(AlreadyExists):
        await scene.write(finding_change.reported(again, scene.stamp()))


async def test_an_identity_is_taken_over_only_from_who_was_seen(scene: Any) -> None:
    await scene.store.write((claim.taken("group_name", "x", owner="one"),))
    (held,) = await claim.holders(scene.store, (claim.claim_key("group_name", "x"),))
    assert held == claim.Held("one", 1)
    await scene.store.write((claim.taken("group_name", "x", owner="two", held=held),))
    assert await claim.holders(scene.store, (claim.claim_key("group_name", "x"),)) == (claim.Held("two", 2),)
    plan = Plan(GROUP, scene.new_group(), (claim.freed("group_name", "x", held=held),))
    with pytest.raises(Stale):
        await transaction.write(scene.store, (plan,))
    await scene.store.write((claim.freed("group_name", "x", held=claim.Held("two", 2)),))
    free = (claim.claim_key("group_name", "x"), claim.claim_key("group_name", "y"))
    assert await claim.holders(scene.store, free) == (None, None)


def test_claims_of_parts_do_not_run_together() -> None:
    assert claim.claim_key("root_location", "a", "bc") != claim.claim_key("root_location", "ab", "c")
    assert claim.claim_key("root_location", "a") != claim.claim_key("root_nickname", "a")


@pytest.mark.parametrize(("losses", "is_done"), [(0, True), (transaction.RETRIES, True), (transaction.RETRIES + 1, False)])
async def test_lost_races_are_decided_again_so_often(losses: int, is_done: object) -> None:
    tried: list[int] = []

    async def attempt() -> str:
        tried.append(1)
        if len(tried) <= losses:
            raise Raced("x")
        return "done"

    if is_done:
        assert await transaction.retried(attempt) == "done"
    else:
        with pytest.raises(Raced):
            await transaction.retried(attempt)
    assert len(tried) == min(losses, transaction.RETRIES) + 1


async def test_only_the_named_errors_are_decided_again() -> None:
    tried: list[int] = []

    async def attempt() -> None:
        tried.append(1)
        raise Stale("group", "GROUP#x", 2)

    with pytest.raises(Stale):
        await transaction.retried(attempt)
    assert len(tried) == 1


async def hundred(scene: Any) -> list[Any]:
    await scene.root("root")
    await scene.finding("R1")
    return [await scene.report(f"v{number:03}", "R1", "root") for number in range(100)]


class Bulk:
    """A bulk change that tags vulnerabilities, and remembers what it was asked to decide again."""

    def __init__(self, scene: Any) -> None:
        self.scene = scene
        self.stamp = scene.stamp()
        self.asked: list[tuple[int, ...]] = []
        self.refuses: set[int] = set()

    async def decide(self, positions: Sequence[int]) -> dict[int, Any]:
        self.asked.append(tuple(positions))
        return {position: await self.plan(position) for position in positions}

    async def plan(self, position: int) -> Plan[Any] | ModelError:
        if position in self.refuses:
            return Rejected("hidden")
        current = await self.scene.vulnerability(f"v{position:03}")
        finding = await self.scene.got(FINDING, finding_key("R1"))
        plan = change.changed(current, labelled("bulk"), finding, self.stamp)
        return planning.together(plan, Check(finding_key("R1"), Version(finding.version)))

    async def write(self, plans: Any, store: Any = None) -> transaction.Written:
        return await transaction.write_each(store or self.scene.store, plans, self.decide)


async def tags(scene: Any) -> Counter[tuple[str, ...]]:
    items = await scene.store.get([vulnerability_key(f"v{number:03}") for number in range(100)])
    return Counter(read.live(VULNERABILITY, item).labels.tags for item in items)  # type: ignore[union-attr] # all are live


async def test_a4_one_of_a_hundred_was_changed_by_somebody_else(scene: Any) -> None:
    await hundred(scene)
    bulk = Bulk(scene)
    plans = await bulk.decide(range(100))
    await scene.alter("v057", labelled("else"))
    written = await bulk.write(plans)
    assert sorted(written.entities) == [number for number in range(100) if number != 57]
    ((position, error),) = written.refused.items()
    assert (position, type(error), getattr(error, "current", None)) == (57, Stale, 2)
    assert await tags(scene) == {("bulk",): 99, ("else",): 1}


async def test_a_changed_parent_has_the_rest_decided_again(scene: Any, intrude: Any) -> None:
    await hundred(scene)
    bulk = Bulk(scene)
    plans = await bulk.decide(range(100))
    bulk.asked.clear()

    async def before(number: int, _: Any) -> None:
        if number == 2:
            bulk.refuses = {60}
            await retitled(scene, "Another")

    written = await bulk.write(plans, intrude(scene.store, before))
    assert [len(asked) for asked in bulk.asked] == [49, 2], "each chunk but the first"
    assert {position: error.args[0] for position, error in written.refused.items()} == {60: "hidden"}
    assert sorted(written.entities) == [number for number in range(100) if number != 60]
    assert await tags(scene) == {("bulk",): 99, (): 1}


async def retitled(scene: Any, title: str) -> None:
    finding = await scene.got(FINDING, finding_key("R1"))
    description = replace(finding.description, title=title)
    await scene.write(planning.changed(FINDING, finding, lambda old, _: replace(old, description=description), scene.stamp()))


async def test_a_race_that_is_lost_again_and_again_is_reported(scene: Any, intrude: Any) -> None:
    await hundred(scene)
    bulk = Bulk(scene)
    plans = await bulk.decide(range(10))
    bulk.asked.clear()

    async def before(number: int, _: Any) -> None:
        await retitled(scene, f"Title {number}")

    written = await bulk.write(plans, intrude(scene.store, before))
    assert len(bulk.asked) == transaction.RETRIES
    assert {type(error) for error in written.refused.values()} == {Raced}
    assert (len(written.refused), written.entities) == (10, {})


async def test_what_was_equal_is_done_even_where_a_race_is_lost(scene: Any, intrude: Any) -> None:
    await hundred(scene)
    bulk = Bulk(scene)
    await bulk.write(await bulk.decide(range(5)))

    async def decide(positions: Sequence[int]) -> dict[int, Any]:
        found = {position: await bulk.plan(position) for position in positions}
        return {n: plan if n >= 5 else replace(plan, changes=()) for n, plan in found.items() if isinstance(plan, Plan)}

    async def before(number: int, _: Any) -> None:
        await retitled(scene, f"Title {number}")

    written = await transaction.write_each(intrude(scene.store, before), await decide(range(10)), decide)
    assert (sorted(written.entities), sorted(written.refused)) == ([0, 1, 2, 3, 4], [5, 6, 7, 8, 9])


async def test_what_is_decided_again_may_take_more_room(scene: Any, intrude: Any) -> None:
    """Items that had nothing to change when a chunk was cut have something after a lost race."""
    await hundred(scene)
    bulk = Bulk(scene)
    decided = await bulk.decide(range(100))
    plans = {n: plan if n == 0 else replace(plan, entity=plan.entity, changes=()) for n, plan in decided.items()}

    async def before(number: int, _: Any) -> None:
        if number == 1:
            await retitled(scene, "Another")

    written = await bulk.write(plans, intrude(scene.store, before))
    assert (len(written.entities), written.refused) == (100, {})
    assert await tags(scene) == {("bulk",): 100}


async def test_nothing_to_change_is_as_good_as_done(scene: Any) -> None:
    await hundred(scene)
    bulk = Bulk(scene)
    await bulk.write(await bulk.decide(range(100)))
    again = await bulk.write(await bulk.decide(range(100)))
    assert len(again.entities) == 100
    assert {each.version for each in again.entities.values()} == {2}


async def test_a3_of_two_changes_at_once_one_is_stale(scene: Any) -> None:
    await scene.root("root")
    await scene.finding("R1")
    current = await scene.report("one", "R1", "root")
    finding = await scene.got(FINDING, finding_key("R1"))
    plans = [change.changed(current, labelled(tag), finding, scene.stamp()) for tag in ("a", "b", "c", "d")]
    found = await asyncio.gather(*(transaction.write(scene.store, (plan,)) for plan in plans), return_exceptions=True)
    assert found.count(None) == 1
    lost = [each for each in found if each is not None]
    assert [(type(each), getattr(each, "current", None)) for each in lost] == [(Stale, 2)] * 3
    assert len(await read.history(scene.store, vulnerability_key("one"))) == 2
    assert (await scene.vulnerability("one")).version == 2


async def test_a3_in_threads(scene: Any) -> None:
    await scene.root("root")
    await scene.finding("R1")
    current = await scene.report("one", "R1", "root")
    finding = await scene.got(FINDING, finding_key("R1"))
    plans = [change.changed(current, labelled(tag), finding, scene.stamp()) for tag in ("a", "b", "c", "d")]

    def write(plan: Any) -> Any:
        try:
            return asyncio.run(transaction.write(scene.store, (plan,)))
        except Stale as error:
            return error.current

    found = await asyncio.gather(*(asyncio.to_thread(write, plan) for plan in plans))
    assert sorted(found, key=str) == [2, 2, 2, None]
    assert len(await read.history(scene.store, vulnerability_key("one"))) == 2
