"""The store in memory, for tests and for trying things out. Nothing survives the process.

Items are kept as the JSON that every adapter counts, so that nothing stored is the caller's own object. A lock makes the store
safe for several threads and event loops.
"""

import asyncio
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Final

import msgspec

from integrates.db_model.errors import Conflict
from integrates.db_model.store import cursor
from integrates.db_model.store.body import Body, raw_of
from integrates.db_model.store.design import design
from integrates.db_model.store.port import Add, Change, Delete, Item, Key, Page, Put, Query, Store
from integrates.db_model.store.rules import (
    Tables,
    check_keys,
    check_queries,
    check_total,
    checked_write,
    failure_of,
    grown,
    keys_only,
    sort_range,
)

MAX_CHANGES: Final = 1_000
"""Most changes in one write."""


_Position = tuple[str, str, str]
_Partition = tuple[str, int | None, str]


class State(msgspec.Struct, frozen=True):
    """All items by key and, for each partition of a table or an index, the sorted positions of its items."""

    items: dict[Key, Item]
    partitions: dict[_Partition, list[_Position]]
    lock: Lock


def _positions(item: Item) -> Iterator[tuple[_Partition, _Position]]:
    key = item.key
    yield (key.table, None, key.pk), (key.sk, key.pk, key.sk)
    for number, index_key in item.index_keys.items():
        yield (key.table, number, index_key.pk), (index_key.sk, key.pk, key.sk)


def _remove(state: State, key: Key) -> None:
    item = state.items.pop(key, None)
    if item is None:
        return
    for partition, position in _positions(item):
        positions = state.partitions[partition]
        del positions[bisect_left(positions, position)]
        if not positions:
            del state.partitions[partition]


def insert(state: State, item: Item) -> None:
    """Store an item in place of what is there. The object is kept, so the caller must not change it afterwards."""
    _remove(state, item.key)
    state.items[item.key] = item
    for partition, position in _positions(item):
        insort(state.partitions.setdefault(partition, []), position)


def _apply(state: State, change: Change, kept: Item | None) -> None:
    match change:
        case Delete(key):
            _remove(state, key)
        case Put() | Add() if kept is not None:
            insert(state, kept)
        case _:
            pass


def _write(state: State, changes: Sequence[Change], puts: Sequence[Item | None], size: int) -> None:
    stored = [state.items.get(change.key) for change in changes]
    failures = [failure_of(position, change, stored[position]) for position, change in enumerate(changes)]
    if failed := [failure for failure in failures if failure]:
        raise Conflict(failed)
    sums = {n: grown(n, change, stored[n]) for n, change in enumerate(changes) if isinstance(change, Add)}
    check_total(size + sum(each for _, each in sums.values()))
    for position, change in enumerate(changes):
        _apply(state, change, sums[position][0] if position in sums else puts[position])


def _kept(change: Change, body: bytes) -> Item | None:
    """Return the item that a put stores, which shares no object with the caller; ``None`` for other changes."""
    if not isinstance(change, Put):
        return None
    return Item(change.key, change.item.version, Body(body), dict(change.item.index_keys))


def _listed(item: Item, index: int | None, only: int | None) -> Item:
    """Return an item as it is read by key or through an index, which shares no object with what is stored."""
    if only is not None:
        return Item(item.key, 0, Body(b"{}"), {only: item.index_keys[only]})
    index_keys = dict(item.index_keys) if index is None else {index: item.index_keys[index]}
    return Item(item.key, item.version, Body(raw_of(item.attributes)), index_keys)


def _span(positions: list[_Position], query: Query) -> tuple[int, int]:
    """Return the begin and the end of what a query walks on all its pages, in the positions of a partition."""
    span = sort_range(query)
    first = bisect_left(positions, span.low, key=lambda position: position[0])
    if span.high is None:
        return first, len(positions)
    bisect = bisect_right if span.closed else bisect_left
    return first, max(first, bisect(positions, span.high, key=lambda position: position[0]))


def _page(positions: list[_Position], query: Query) -> list[_Position]:
    """Return the positions of the page and one more, if there is one."""
    first, last = _span(positions, query)
    after = cursor.position(query)
    mark = (after.sort, after.pk, after.sk) if after else None
    if query.descending:
        end = last if mark is None else bisect_left(positions, mark)
        return positions[max(first, end - query.limit - 1) : end][::-1]
    begin = first if mark is None else bisect_right(positions, mark)
    return positions[begin : min(last, begin + query.limit + 1)]


def _walk(state: State, query: Query, only: int | None) -> Page:
    positions = _page(state.partitions.get((query.table, query.index, query.pk), []), query)
    found = [state.items[Key(pk, sk, query.table)] for _, pk, sk in positions]
    return cursor.page(query, [_listed(item, query.index, only) for item in found])


def new_state() -> State:
    """Return the state of an empty store."""
    return State({}, {}, Lock())


def memory_store(tables: Tables | None = None, state: State | None = None) -> Store:
    """Return a store in memory. It is empty unless a ``state`` is given, which is for tests that look behind the port.

    ``tables`` is the design's unless given.
    """
    known = design().tables if tables is None else tables
    state = new_state() if state is None else state

    async def get(keys: Sequence[Key]) -> tuple[Item | None, ...]:
        check_keys(keys, known)
        await asyncio.sleep(0)
        with state.lock:
            found = [state.items.get(key) for key in keys]
        return tuple(_listed(item, None, None) if item else None for item in found)

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        check_queries(queries, known)
        await asyncio.sleep(0)
        with state.lock:
            return tuple(_walk(state, query, keys_only(query, known)) for query in queries)

    async def write(changes: Sequence[Change]) -> None:
        checked = checked_write(changes, known, MAX_CHANGES)
        puts = [_kept(change, body) for change, body in zip(changes, checked.bodies, strict=True)]
        await asyncio.sleep(0)
        with state.lock:
            _write(state, changes, puts, checked.size)

    return Store(get, query, write, MAX_CHANGES)
