"""The store in memory: for tests and for trying things out. Nothing survives the process.

Items are kept as the JSON bytes that every adapter counts, so nothing stored is the caller's own object. A lock makes it
safe to use from several threads and event loops.
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


_Place = tuple[str, str, str]
_Partition = tuple[str, int | None, str]


class State(msgspec.Struct, frozen=True):
    """All items by key and, for each partition of a table or an index, the sorted places of its items."""

    items: dict[Key, Item]
    partitions: dict[_Partition, list[_Place]]
    lock: Lock


def _places(item: Item) -> Iterator[tuple[_Partition, _Place]]:
    key = item.key
    yield (key.table, None, key.pk), (key.sk, key.pk, key.sk)
    for number, place in item.index_keys.items():
        yield (key.table, number, place.pk), (place.sk, key.pk, key.sk)


def _remove(state: State, key: Key) -> None:
    item = state.items.pop(key, None)
    if item is None:
        return
    for partition, place in _places(item):
        places = state.partitions[partition]
        del places[bisect_left(places, place)]
        if not places:
            del state.partitions[partition]


def insert(state: State, item: Item) -> None:
    """Store an item, whatever is there, and keep it: it is no longer the caller's own."""
    _remove(state, item.key)
    state.items[item.key] = item
    for partition, place in _places(item):
        insort(state.partitions.setdefault(partition, []), place)


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
    """Return the item that a put stores; nothing of it is the caller's own."""
    if not isinstance(change, Put):
        return None
    return Item(change.key, change.item.version, Body(body), dict(change.item.index_keys))


def _listed(item: Item, index: int | None, only: int | None) -> Item:
    """Return an item as it is handed out, by key or through an index; nothing of it is what is stored."""
    if only is not None:
        return Item(item.key, 0, Body(b"{}"), {only: item.index_keys[only]})
    places = dict(item.index_keys) if index is None else {index: item.index_keys[index]}
    return Item(item.key, item.version, Body(raw_of(item.attributes)), places)


def _span(places: list[_Place], query: Query) -> tuple[int, int]:
    """Return the slice of a partition that a query walks, whatever the page."""
    span = sort_range(query)
    first = bisect_left(places, span.low, key=lambda place: place[0])
    if span.high is None:
        return first, len(places)
    bisect = bisect_right if span.closed else bisect_left
    return first, max(first, bisect(places, span.high, key=lambda place: place[0]))


def _page(places: list[_Place], query: Query) -> list[_Place]:
    """Return the places of the page and one more, if there is one."""
    first, last = _span(places, query)
    after = cursor.position(query)
    mark = (after.sort, after.pk, after.sk) if after else None
    if query.descending:
        end = last if mark is None else bisect_left(places, mark)
        return places[max(first, end - query.limit - 1) : end][::-1]
    begin = first if mark is None else bisect_right(places, mark)
    return places[begin : min(last, begin + query.limit + 1)]


def _walk(state: State, query: Query, only: int | None) -> Page:
    places = _page(state.partitions.get((query.table, query.index, query.pk), []), query)
    found = [state.items[Key(pk, sk, query.table)] for _, pk, sk in places]
    return cursor.page(query, [_listed(item, query.index, only) for item in found])


def new_state() -> State:
    """Return the state of an empty store."""
    return State({}, {}, Lock())


def memory_store(tables: Tables | None = None, state: State | None = None) -> Store:
    """Return a store; every wrapper and handle of it sees the same items.

    ``tables`` is the design's unless given. The store is empty unless a ``state`` is given, which is for tests that look
    behind the port.
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
