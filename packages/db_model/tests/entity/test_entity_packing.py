"""Packing plans into writes: what shares one, and how chunks are cut."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrates.db_model.entity import packing, transaction
from integrates.db_model.entity.counter import guarded, passed
from integrates.db_model.entity.facet import Beside
from integrates.db_model.entity.plan import Plan, together
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Raced
from integrates.db_model.groups.commands import new_group
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.groups.types import Group, GroupInfo
from integrates.db_model.store.port import (
    ABSENT,
    ANYTHING,
    LEAST_CHANGES,
    MAX_WRITE_BYTES,
    Add,
    Bounds,
    Change,
    Check,
    Delete,
    Expect,
    Item,
    Key,
    Put,
    Store,
    Version,
)
from integrates.db_model.store.rules import MAX_BOUNDS, MAX_INCREMENTS, item_size
from integrates.db_model.testing.scene import HANA, uid

ONE, TWO = Key("ONE", "ONE"), Key("TWO", "TWO")
ENTITY = new_group(
    GroupInfo(name="webshop", organization_id=uid("aurora"), description="A shop"),
    Stamp(by=HANA, at=datetime(2024, 5, 1, tzinfo=UTC), operation="test", change_id=uid("call")),
)
GROUP_PLAN = Plan[Group]


def put(key: Key, expect: Expect = ABSENT, version: int = 1, **attributes: str) -> Put:
    return Put(Item(key, version, attributes), expect)


def add(key: Key, bounds: Mapping[str, Bounds] | None = None, **increments: int) -> Add:
    return Add(key, increments, bounds or {}, ANYTHING)


def planned(number: int, *changes: Change, text: str = "") -> Plan[Group]:
    """Return a plan that puts an entity and a revision of its own, and has changes beside it."""
    own, record = put(Key(f"OWN{number}", "OWN"), text=text), put(Key(f"RECORD{number}", "RECORD"), text=text)
    return Plan(
        facet=GROUP,
        entity=ENTITY,
        own=own,
        record=record,
        beside=tuple(Beside(change, Raced(str(number))) for change in changes),
    )


def beside(plans: Sequence[GROUP_PLAN], more: Sequence[Change] = ()) -> list[Change]:
    """Return what a joint write changes besides the own items of the plans."""
    made = packing.joined(plans, [Beside(change, Raced("x")) for change in more])
    return [change for change in made.changes if not change.key.pk.startswith(("OWN", "RECORD"))]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], []),
        ([put(ONE), put(TWO)], [put(ONE), put(TWO)]),
        ([add(ONE, a=1, b=2), put(TWO), add(ONE, b=3, c=4)], [add(ONE, a=1, b=5, c=4), put(TWO)]),
        ([add(ONE, a=1), add(ONE, a=-1)], [add(ONE, a=0)]),
        ([add(ONE, a=1, b=1), add(ONE, a=-1, b=1)], [add(ONE, b=2)]),
        ([add(ONE, {"a": Bounds(0, 5)}, a=1), add(ONE, b=1)], [add(ONE, {"a": Bounds(0, 5)}, a=1, b=1)]),
        ([add(ONE, {"a": Bounds(0, 5)}, a=1, b=1), add(ONE, a=-1)], [add(ONE, {"a": Bounds(0, 5)}, a=0, b=1)]),
        ([add(ONE, {"a": Bounds(0, 5)}, a=1), add(ONE, {"a": Bounds(0, 5)}, a=1)], [add(ONE, {"a": Bounds(0, 5)}, a=2)]),
        ([passed(ONE, {"a": 0}), passed(ONE, {"b": 3}, {"c": 2})], [passed(ONE, {"a": 0, "b": 3}, {"c": 2})]),
        ([Check(ONE, Version(3)), Check(ONE, Version(3))], [Check(ONE, Version(3))]),
        ([Check(ONE, Version(3)), put(ONE, Version(3), 4)], [put(ONE, Version(3), 4)]),
        ([put(ONE, Version(3), 4), Check(ONE, Version(3)), put(TWO)], [put(ONE, Version(3), 4), put(TWO)]),
        ([put(ONE), Check(ONE, Version(1))], [put(ONE)]),
        ([Check(ONE, Version(4)), put(ONE, Version(3), 4), Check(ONE, Version(3))], [put(ONE, Version(3), 4)]),
    ],
)
def test_what_shares_a_key_is_joined(changes: list[Change], expected: list[Change]) -> None:
    assert beside([planned(number, change) for number, change in enumerate(changes)]) == expected
    assert beside([planned(0, *changes)]) == expected
    assert beside([planned(0)], changes) == expected


@pytest.mark.parametrize(
    "changes",
    [
        [put(ONE), put(ONE)],
        [put(ONE), Delete(ONE, ANYTHING)],
        [put(ONE), add(ONE, a=1)],
        [Check(ONE, Version(3)), Check(ONE, Version(4))],
        [Check(ONE, Version(3)), put(ONE, Version(4), 5)],
        [put(ONE, Version(4), 5), Check(ONE, Version(3))],
        [put(ONE, Version(4), 5), Check(ONE, ABSENT)],
        [Check(ONE, ABSENT), add(ONE, a=1)],
        [add(ONE, a=1), Add(ONE, {"a": 1}, {}, Version(2))],
        [passed(ONE, {"scored": 1}), passed(ONE, {"scored": 2})],
        [guarded(ONE, "a", high=5), guarded(ONE, "a", high=6)],
        [add(ONE, b=1), guarded(ONE, "a", high=5), guarded(ONE, "a", high=6)],
        [guarded(ONE, "b", high=5), passed(ONE, {"a": 1}), passed(ONE, {"a": 2})],
    ],
)
def test_what_does_not_go_together_is_refused(changes: list[Change]) -> None:
    plans = [planned(number, change) for number, change in enumerate(changes)]
    with pytest.raises(ValueError, match="cannot share"):
        packing.joined(plans)
    assert packing.fitting([(made,) for made in plans], changes=LEAST_CHANGES) == len(plans) - 1
    with pytest.raises(ValueError, match="cannot share"):
        packing.joined([planned(0, *changes)])


def test_plans_may_bring_the_same_put_along() -> None:
    """What several of them need, such as the record of a first release; an equal put of another origin is another one."""
    shared = put(ONE, text="x" * 1000)
    plans = [planned(number, shared, text="y" * 10) for number in range(40)]
    assert beside(plans) == [shared]
    least = sum(item_size(each.item) for made in plans for each in (made.own, made.record) if each) + item_size(shared.item)
    assert packing.fitting([(made,) for made in plans], changes=1_000, size=least) == 40
    assert packing.fitting([(made,) for made in plans], changes=1_000, size=least - 1) == 39
    assert packing.fitting([(made,) for made in plans], changes=41) == 20


def test_a_plan_without_a_change_brings_nothing_along() -> None:
    """Not even what was put beside it by hand."""
    equal: Plan[Group] = Plan(facet=GROUP, entity=ENTITY, beside=(Beside(add(ONE, a=1), Raced("x")),))
    assert packing.joined([equal]).changes == ()
    assert together(Plan(facet=GROUP, entity=ENTITY), Beside(add(ONE, a=1), Raced("x"))).beside == ()


NAMES = st.sampled_from(["a", "b", "c", "closed"])
BOUNDS = st.sampled_from([Bounds(0, None), Bounds(0, 5), Bounds(3, 3)])


def additions(key: Key) -> st.SearchStrategy[Add]:
    bounded = st.tuples(st.integers(-3, 3), st.none() | BOUNDS)
    return st.dictionaries(NAMES, bounded, min_size=1).map(
        lambda found: Add(
            key,
            {name: number for name, (number, _) in found.items()},
            {name: bounds for name, (_, bounds) in found.items() if bounds is not None},
            ANYTHING,
        )
    )


FEW = st.sampled_from([1, 1, 1, 1, 3])
CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(lambda n: put(Key(f"P{n}", "P"), Version(1), 2), st.integers(0, 9)),
    st.builds(lambda n: put(Key(f"N{n}", "N"), ABSENT, 1), st.integers(0, 9)),
    st.builds(lambda k, n, v: Check(Key(f"{k}{n}", k), Version(v)), st.sampled_from("PN"), st.integers(0, 9), FEW),
    st.sampled_from([Key("A", "A"), Key("B", "B")]).flatmap(additions),
)
PLANS = st.lists(st.lists(CHANGES, max_size=6, unique_by=lambda each: each.key), max_size=40).map(
    lambda found: [planned(number, *changes) for number, changes in enumerate(found)]
)


def parts(plans: Sequence[GROUP_PLAN]) -> list[tuple[int, Change]]:
    return [
        (number, change)
        for number, made in enumerate(plans)
        for change in (made.own, made.record, *(each.change for each in made.beside))
        if change is not None
    ]


def agree(plans: Sequence[GROUP_PLAN]) -> bool:
    """Return whether plans can share a write, worked out pair by pair."""
    pairs = [(one, other) for n, (_, one) in enumerate(parts(plans)) for _, other in parts(plans)[:n] if one.key == other.key]
    return all(may_share(one, other) for one, other in pairs)


def may_share(one: Change, other: Change) -> bool:
    match one, other:
        case Add(bounds=mine), Add(bounds=theirs):
            return all(mine[name] == theirs[name] for name in mine.keys() & theirs.keys())
        case (Put() as change, Check() as check) | (Check() as check, Put() as change):
            return check.expect in {change.expect, Version(change.item.version)}
        case Check(), Check():
            return one.expect == other.expect
        case _:
            return False


@settings(max_examples=200)
@given(plans=PLANS)
def test_a_joint_write_means_all_of_its_plans(plans: list[GROUP_PLAN]) -> None:
    if not agree(plans):
        with pytest.raises(ValueError, match="cannot share"):
            packing.joined(plans)
        return
    made = packing.joined(plans)
    assert len({change.key for change in made.changes}) == len(made.changes) == len(made.shares)
    for change, shares in zip(made.changes, made.shares, strict=True):
        own = [(number, each) for number, each in parts(plans) if each.key == change.key]
        assert [(share.number, share.change) for share in shares] == own
        assert stands_for(change, [each for _, each in own])
    assert sum(map(len, made.shares)) == len(parts(plans))


def stands_for(change: Change, own: Sequence[Change]) -> bool:
    if not isinstance(change, Add):
        return change in own and (isinstance(change, Put) or not any(isinstance(each, Put) for each in own))
    sums: dict[str, int] = {}
    bounds: dict[str, Bounds] = {}
    for each in own:
        assert isinstance(each, Add)
        bounds |= each.bounds
        for name, number in each.increments.items():
            sums[name] = sums.get(name, 0) + number
    added = {name: number for name, number in change.increments.items() if number}
    return added == {name: n for name, n in sums.items() if n} and dict(change.bounds) == bounds and bool(change.increments)


@settings(max_examples=100)
@given(plans=PLANS, changes=st.integers(9, 30))
def test_chunks_are_whole_plans_in_order_and_as_full_as_they_may_be(plans: list[GROUP_PLAN], changes: int) -> None:
    chunks = [each.plans for each in packing.chunks(plans, changes=changes)]
    assert [made for chunk in chunks for made in chunk] == plans
    for chunk, following in zip(chunks, [*chunks, ()][1:], strict=True):
        assert 0 < len(packing.joined(chunk).changes) <= changes
        more = [*chunk, *following[:1]]
        assert not following or not agree(more) or len(packing.joined(more).changes) > changes


def test_equal_plans_take_no_room() -> None:
    equal: Plan[Group] = Plan(facet=GROUP, entity=ENTITY)
    assert [each.plans for each in packing.chunks([equal, planned(1), equal], changes=LEAST_CHANGES)] == [(planned(1),)]
    assert packing.fitting([(), (equal,), (planned(1),), (), (planned(2),)], changes=2) == 4
    assert packing.fitting([], changes=2) == 0
    assert packing.fitting([(planned(1, add(ONE, a=1)),)], changes=2) == 1, "at least one, fitting or not"


def test_a_group_of_plans_stays_together() -> None:
    """A new finding and the vulnerability of it are written together or not at all."""
    groups = [(planned(2 * number), planned(2 * number + 1)) for number in range(4)]
    assert packing.fitting(groups, changes=11) == 2
    assert packing.fitting([(planned(98, put(ONE)), planned(99, Check(ONE, Version(1)))), *groups], changes=100) == 5
    assert packing.fitting([(planned(1, put(ONE)),), (planned(2), planned(3, put(ONE)))], changes=100) == 1


async def test_chunks_fit_the_store(store: Store) -> None:
    plans = [planned(number, put(Key(f"K{number}", "K"))) for number in range(store.max_changes)]
    chunks = [each.plans for each in packing.chunks(plans, changes=store.max_changes)]
    assert len(chunks) > 1
    assert [made for chunk in chunks for made in chunk] == plans
    for chunk in chunks:
        await transaction.write(store, chunk)


def test_a_chunk_stays_below_the_bytes_of_a_write() -> None:
    """Own items and all else that is put: a first release puts a finding, whose texts may be long."""
    text = "x" * 200_000
    own = [planned(number, text=text) for number in range(30)]
    besides = [planned(number, put(Key(f"F{number}", "F"), text=text)) for number in range(30)]
    for plans in (own, besides):
        for chunk in packing.chunks(plans, changes=10 * LEAST_CHANGES):
            size = sum(item_size(each.item) for each in chunk.changes if isinstance(each, Put))
            assert MAX_WRITE_BYTES / 2 < size <= MAX_WRITE_BYTES or chunk.plans[-1] == plans[-1]


def test_an_addition_never_gets_too_many_names() -> None:
    """Plans that add other names to one counter: cells that a finding moves, and gates."""
    wide = [planned(number, Add(ONE, {f"{number}-{n}": 1 for n in range(90)}, {}, ANYTHING)) for number in range(6)]
    gated = [planned(number, passed(ONE, {f"{number}-{n}": 1 for n in range(20)})) for number in range(6)]
    for plans in (wide, gated):
        for chunk in packing.chunks(plans, changes=LEAST_CHANGES):
            (found,) = [each for each in chunk.changes if isinstance(each, Add)]
            assert len(found.increments) <= MAX_INCREMENTS
            assert len(found.bounds) <= MAX_BOUNDS
            assert len(chunk.plans) > 1
