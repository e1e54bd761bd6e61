"""Counters with many cells: rescoring moves all of them at once, and zeros are dropped where one would grow too large."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import product

import pytest

from integrates.db_model.entity import counter, read
from integrates.db_model.errors import LimitExceeded
from integrates.db_model.findings import commands as findings
from integrates.db_model.findings.facet import FINDING, finding_key, finding_shard
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.facet import group_counters_key, group_counters_keys
from integrates.db_model.indicators.recount import recount, stored_counters
from integrates.db_model.roots.facet import root_counters_key
from integrates.db_model.roots.types import Root
from integrates.db_model.store.port import (
    ABSENT,
    ANYTHING,
    LEAST_CHANGES,
    MAX_ITEM_BYTES,
    Add,
    Change,
    Item,
    Key,
    Put,
    Store,
    Version,
)
from integrates.db_model.store.rules import item_size
from integrates.db_model.testing.scene import (
    Stamping,
    add_finding,
    add_group,
    add_root,
    add_vulnerability,
    scored,
    ticking,
    uid,
)
from integrates.db_model.vulnerabilities import commands
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.tally import DOT
from integrates.db_model.vulnerabilities.types import ClosingReason

Before = Callable[[int, Sequence[Change]], Awaitable[None]]
Intrude = Callable[[Store, Before], Store]
ONE, R1 = uid("one"), uid("webshop/R1")
KINDS = 200


async def begun(store: Store, stamp: Stamping) -> tuple[Root, Finding]:
    group = await add_group(store, "webshop", stamp)
    root, finding = await add_root(store, group, "backend", stamp), await add_finding(store, group, "R1", stamp, score="5.0")
    await add_vulnerability(store, finding, root, "one.py", stamp, identity=ONE)
    return root, finding


async def planted(store: Store, key: Key, numbers: Mapping[str, int]) -> None:
    """Put more numbers into a counter, as years of changes do."""
    (item,) = await store.get((key,))
    version, known = (item.version, item.attributes) if item else (0, {})
    await store.write((Put(Item(key, version + 1, {**numbers, **known}), Version(version) if item else ABSENT),))


async def numbers(store: Store, *keys: Key) -> Mapping[str, int]:
    return counter.plus(counter.summed(await store.get(keys)), {})


async def is_exact(store: Store) -> bool:
    counted = await recount(store, "webshop")
    return counted == await stored_counters(store, counted, "webshop")


async def test_a_finding_whose_vulnerabilities_are_of_many_kinds_is_rescored_in_one_transaction(
    store: Store, intrude: Intrude
) -> None:
    stamp = ticking()
    root, _ = await begun(store, stamp)
    states = ("VULNERABLE", "SAFE"), ("UNTREATED", "IN_PROGRESS", "ACCEPTED", "ACCEPTED_UNDEFINED"), ("NONE", "APPROVED")
    marks = ("NONE", "REQUESTED", "ON_HOLD", "VERIFIED"), ("NONE", "REQUESTED", "REJECTED", "CONFIRMED")
    kinds = list(product(*states, *marks))[1:KINDS]  # one of the first kind is there
    counted = {DOT.join((kind[0], "INHERITED", *kind[1:])): 1 for kind in kinds}
    await planted(store, finding_shard(R1, root.id), counted)
    await planted(store, group_counters_key("webshop", 3), {DOT.join((kind[0], "5.0", *kind[1:])): 1 for kind in kinds})
    before = cells(await numbers(store, *group_counters_keys("webshop")))
    writes: list[Sequence[Change]] = []

    async def noted(_: int, changes: Sequence[Change]) -> None:
        writes.append(changes)

    await findings.rescore(intrude(store, noted), R1, scored("9.8"), stamp())
    assert len(writes) == 1
    assert len(writes[0]) <= LEAST_CHANGES
    after = cells(await numbers(store, *group_counters_keys("webshop")))
    assert after == {name.replace("5.0", "9.8"): number for name, number in before.items()}
    assert (len(after), sum(after.values())) == (KINDS, KINDS)


def cells(found: Mapping[str, int]) -> Mapping[str, int]:
    return {name: number for name, number in found.items() if name.count(DOT) == 5}


def many(text: str) -> dict[str, int]:
    """Return so many zeros that a counter can take no cell more."""
    return {f"{text}{DOT}{number:0500}": 0 for number in range(MAX_ITEM_BYTES // 505)}


def padded(text: str, item: Item | None, key: Key) -> dict[str, int]:
    known: Mapping[str, int] = dict(item.attributes) if item else {}  # type: ignore[arg-type] # a counter holds integers
    found = dict(many(text))
    while item_size(Item(key, 1, {**known, **found})) > MAX_ITEM_BYTES:
        found.popitem()
    room = MAX_ITEM_BYTES - item_size(Item(key, 1, {**known, **found}))
    return {**found, "x" * max(room - 8, 1): 0}


async def filled(store: Store, key: Key) -> None:
    """Fill a counter with zeros up to the last byte but few."""
    (item,) = await store.get((key,))
    await planted(store, key, padded("old", item, key))
    (item,) = await store.get((key,))
    assert item is not None
    assert MAX_ITEM_BYTES - 10 < item_size(item) <= MAX_ITEM_BYTES


@pytest.mark.parametrize("which", ["finding", "root", "group", "all"])
async def test_a_counter_that_would_grow_too_large_loses_its_zeros_and_the_write_goes_through(store: Store, which: str) -> None:
    stamp = ticking()
    root, finding = await begun(store, stamp)
    made = stamp()
    keys = {
        "finding": finding_shard(R1, root.id),
        "root": root_counters_key(root.id),
        "group": group_counters_key("webshop", counter.shard_of(made.change_id, 8)),
    }
    full = [key for name, key in keys.items() if which in {name, "all"}]
    for key in full:
        await filled(store, key)
    before = await numbers(store, *keys.values())
    await commands.close(store, ONE, ClosingReason.VERIFIED, made)
    for item in await store.get(full):
        assert item is not None
        assert item_size(item) < MAX_ITEM_BYTES // 100
        assert counter.compacted(item) is None or sum(not n for n in item.attributes.values()) <= 4
    assert before != await numbers(store, *keys.values())
    assert await is_exact(store)
    assert finding.id == R1


async def test_gates_survive_compaction(store: Store) -> None:
    """A gate of 0 that is gone would be 0 all the same, but one that was raised must stay, also while its number is 0."""
    stamp = ticking()
    root, finding = await begun(store, stamp)
    await findings.rescore(store, R1, scored("7.0"), stamp())
    key = finding_shard(R1, root.id)
    current = await read.get(store, VULNERABILITY, vulnerability_key(ONE))
    assert current is not None
    await filled(store, key)
    (item,) = await store.get((key,))
    smaller = counter.compacted(item)
    assert smaller is not None
    assert {name: smaller.item.attributes[name] for name in counter.GATES} == {"closed": 0, "scored": 1}
    await store.write((smaller,))
    await commands.close(store, ONE, ClosingReason.VERIFIED, stamp())
    known = await read.get(store, FINDING, finding_key(R1))
    assert known is not None
    assert known.scored == 1
    assert await is_exact(store)
    assert finding.scored == 0


def test_compaction_drops_zeros_only_and_expects_the_version_read() -> None:
    key = Key("COUNTERS#X", "COUNTERS#X")
    assert counter.compacted(None) is None
    assert counter.compacted(Item(key, 3, {"a": 1, "closed": 0, "scored": 0})) is None
    smaller = counter.compacted(Item(key, 3, {"a": 1, "b": 0, "closed": 0, "c": -2}))
    assert smaller is not None
    assert (smaller.item.attributes, smaller.item.version, smaller.expect) == ({"a": 1, "closed": 0, "c": -2}, 4, Version(3))


async def test_additions_while_a_counter_is_compacted_are_counted(store: Store, intrude: Intrude) -> None:
    stamp = ticking()
    root, _ = await begun(store, stamp)
    key = root_counters_key(root.id)
    await filled(store, key)

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 2:
            await store.write((Add(key, {"reported": 1}, {}, ANYTHING),))

    await commands.close(intrude(store, before), ONE, ClosingReason.VERIFIED, stamp())
    assert (await numbers(store, key))["reported"] == 2


async def test_a_counter_without_zeros_that_is_full_says_so(store: Store) -> None:
    stamp = ticking()
    root, _ = await begun(store, stamp)
    key = root_counters_key(root.id)
    (item,) = await store.get((key,))
    await planted(store, key, dict.fromkeys(padded("old", item, key), 1))
    with pytest.raises(LimitExceeded) as caught:
        await commands.close(store, ONE, ClosingReason.VERIFIED, stamp())
    assert caught.value.limit == "item_bytes"
    current = await read.get(store, VULNERABILITY, vulnerability_key(ONE))
    assert current is not None
    assert current.version == 1
