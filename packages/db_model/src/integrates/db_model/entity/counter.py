"""Counters: exact numbers beside the entities, changed by additions in the transaction that they reflect.

A counter is an item of integers, or the sum of several such items, its shards. Two kinds of additions may be refused: a *guard*
adds to a number within bounds; a *gate* adds 0 to a number that has to be what was read.
"""

from collections.abc import Iterable, Mapping
from typing import Final
from zlib import crc32

from integrates.db_model.store.body import Body, raw_of
from integrates.db_model.store.port import ABSENT, ANYTHING, Add, Bounds, Expect, Item, Key, Put, Version

CLOSED: Final = "closed"
"""The gate of a parent: 0 while it exists, more once it was removed."""
SCORED: Final = "scored"
"""The gate of a finding's severity: how often that was changed."""
GATES: Final = frozenset({CLOSED, SCORED})
"""Numbers that are never compacted away, and are part of no sum."""


def summed(items: Iterable[Item | None]) -> dict[str, int]:
    """Add up the counters of several items, without gates; missing ones count as nothing."""
    total: dict[str, int] = {}
    for item in items:
        for name, number in () if item is None else item.attributes.items():
            if isinstance(number, int) and name not in GATES:
                total[name] = total.get(name, 0) + number
    return total


def plus(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Return the sum of two sets of numbers, without zeros."""
    sums = {name: one.get(name, 0) + other.get(name, 0) for name in dict.fromkeys((*one, *other))}
    return {name: number for name, number in sums.items() if number}


def minus(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Return the difference of two sets of numbers, without zeros."""
    differences = {name: one.get(name, 0) - other.get(name, 0) for name in dict.fromkeys((*one, *other))}
    return {name: number for name, number in differences.items() if number}


def shard_of(text: str, shards: int) -> int:
    """Choose the shard for all additions that share the text."""
    return crc32(text.encode()) % shards


def expect_as_read(item: Item | None) -> Expect:
    """Expect that a counter is as it was read."""
    return ABSENT if item is None else Version(item.version)


def passed(key: Key, gates: Mapping[str, int], increments: Mapping[str, int] | None = None) -> Add:
    """Return the addition that passes gates: it is refused unless each gate has the number given."""
    bounds = {name: Bounds(number, number) for name, number in gates.items()}
    return Add(key, {**dict.fromkeys(gates, 0), **(increments or {})}, bounds, ANYTHING)


def guarded(key: Key, name: str, *, by: int = 1, low: int = 0, high: int | None = None) -> Add:
    """Return the addition to a number that guards a rule; refused when it would leave its bounds."""
    return Add(key, {name: by}, {name: Bounds(low, high)}, ANYTHING)


def compacted(item: Item | None) -> Put | None:
    """Return the write that drops the numbers of a counter that are 0, gates apart; ``None`` when there are none."""
    if item is None:
        return None
    kept = {name: number for name, number in item.attributes.items() if number or name in GATES}
    if len(kept) == len(item.attributes):
        return None
    smaller = Item(item.key, item.version + 1, Body(raw_of(kept)), item.index_keys)
    return Put(smaller, Version(item.version))
