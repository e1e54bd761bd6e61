"""Counters: exact numbers beside the entities, changed by additions in the transaction that they reflect.

A counter is an item of integers, or the sum of several such items, its shards. Two kinds of additions may be refused: a *guard*
adds to a number that has to stay within bounds; a *gate* adds 0 to a number that has to be the one that was read.
"""

from collections.abc import Iterable, Mapping
from typing import Final
from zlib import crc32

from integrates.db_model.store.body import Body, raw_of
from integrates.db_model.store.port import ABSENT, ANYTHING, Absent, Add, Bounds, Item, Key, Put, Version

CLOSED: Final = "closed"
"""The gate of a parent: 0 while it exists, higher once it was removed."""
SCORED: Final = "scored"
"""The gate of a finding's severity: how often it was changed."""
GATES: Final = frozenset({CLOSED, SCORED})
"""The numbers that are never compacted away, and never summed."""


def summed(items: Iterable[Item | None]) -> dict[str, int]:
    """Return the sums of the counters of several items, without gates. A missing item counts as nothing."""
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
    if one == other:
        return {}
    differences = {name: one.get(name, 0) - other.get(name, 0) for name in dict.fromkeys((*one, *other))}
    return {name: number for name, number in differences.items() if number}


def shard_of(text: str, shards: int) -> int:
    """Return the number of the shard for all additions that share a text, such as an id."""
    return crc32(text.encode()) % shards


def expect_as_read(item: Item | None) -> Absent | Version:
    """Return the expectation that a counter, or another item, is as it was read."""
    return ABSENT if item is None else Version(item.version)


def passed(key: Key, gates: Mapping[str, int], increments: Mapping[str, int] | None = None) -> Add:
    """Return the addition that passes gates. It is refused unless each gate has the given number."""
    bounds = {name: Bounds(number, number) for name, number in gates.items()}
    return Add(key, {**dict.fromkeys(gates, 0), **(increments or {})}, bounds, ANYTHING)


def guarded(key: Key, name: str, *, by: int = 1, low: int = 0, high: int | None = None) -> Add:
    """Return the addition to a number that guards a rule. It is refused when the number would leave its bounds."""
    return Add(key, {name: by}, {name: Bounds(low, high)}, ANYTHING)


def compacted(item: Item | None) -> Put | None:
    """Return the write that drops the numbers of a counter that are 0, except gates; ``None`` when there are none."""
    if item is None:
        return None
    kept = {name: number for name, number in item.attributes.items() if number or name in GATES}
    if len(kept) == len(item.attributes):
        return None
    smaller = Item(item.key, item.version + 1, Body(raw_of(kept)), item.index_keys)
    return Put(smaller, Version(item.version))
