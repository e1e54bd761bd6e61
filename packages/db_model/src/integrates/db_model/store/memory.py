"""The store in memory: for tests and for trying things out. Nothing survives the process.

Items are kept as the JSON bytes that every adapter counts, so nothing stored is the caller's own object. A lock makes it
safe to use from several threads and event loops.
"""

import asyncio
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from threading import Lock

import msgspec

from integrates.db_model.errors import Conflict
from integrates.db_model.store import cursor
from integrates.db_model.store.attribute import decoded
from integrates.db_model.store.design import design
from integrates.db_model.store.port import Add, Change, Check, Delete, IndexKey, Item, Key, Page, Put, Query, Store
from integrates.db_model.store.rules import (
    Tables,
    check_keys,
    check_queries,
    checked_write,
    keys_only,
    refused,
    sort_range,
    summed,
)


class _Row(msgspec.Struct, frozen=True):
    version: int
    body: bytes
    index_keys: Mapping[int, IndexKey]


_Place = tuple[str, str, str]
_Partition = tuple[str, int | None, str]


class _State(msgspec.Struct, frozen=True):
    """All rows by key and, for each partition of a table or an index, the sorted places of its items."""

    rows: dict[Key, _Row]
    partitions: dict[_Partition, list[_Place]]
    lock: Lock


def _places(key: Key, row: _Row) -> Iterator[tuple[_Partition, _Place]]:
    yield (key.table, None, key.pk), (key.sk, key.pk, key.sk)
    for number, place in row.index_keys.items():
        yield (key.table, number, place.pk), (place.sk, key.pk, key.sk)


def _remove(state: _State, key: Key) -> None:
    row = state.rows.pop(key, None)
    if row is None:
        return
    for partition, place in _places(key, row):
        places = state.partitions[partition]
        del places[bisect_left(places, place)]
        if not places:
            del state.partitions[partition]


def _insert(state: _State, key: Key, row: _Row) -> None:
    _remove(state, key)
    state.rows[key] = row
    for partition, place in _places(key, row):
        insort(state.partitions.setdefault(partition, []), place)


def _stored(state: _State, key: Key) -> tuple[int | None, bytes]:
    row = state.rows.get(key)
    return (row.version, row.body) if row else (None, b"{}")


def _add(state: _State, change: Add) -> None:
    total = summed(*_stored(state, change.key), change)
    if total is not None:
        row = state.rows.get(change.key)
        _insert(state, change.key, _Row(*total, row.index_keys if row else {}))


def _apply(state: _State, change: Change, body: bytes) -> None:
    match change:
        case Put(item):
            _insert(state, item.key, _Row(item.version, body, dict(item.index_keys)))
        case Delete(key):
            _remove(state, key)
        case Add():
            _add(state, change)
        case Check():
            pass


def _write(state: _State, changes: Sequence[Change], bodies: Sequence[bytes]) -> None:
    failures = [refused(position, change, *_stored(state, change.key)) for position, change in enumerate(changes)]
    if failed := [failure for failure in failures if failure]:
        raise Conflict(failed)
    for change, body in zip(changes, bodies, strict=True):
        _apply(state, change, body)


def _listed(key: Key, row: _Row, only: int | None) -> Item:
    if only is None:
        return Item(key, row.version, decoded(row.body), dict(row.index_keys))
    return Item(key, 0, {}, {only: row.index_keys[only]})


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


def _walk(state: _State, query: Query, only: int | None) -> Page:
    places = _page(state.partitions.get((query.table, query.index, query.pk), []), query)
    found = [(key := Key(pk, sk, query.table), state.rows[key]) for _, pk, sk in places]
    return cursor.page(query, [_listed(key, row, only) for key, row in found])


def memory_store(tables: Tables | None = None) -> Store:
    """Return an empty store; every wrapper and handle of it sees the same items. ``tables`` is the design's unless given."""
    known = design().tables if tables is None else tables
    state = _State({}, {}, Lock())

    async def get(keys: Sequence[Key]) -> tuple[Item | None, ...]:
        check_keys(keys, known)
        await asyncio.sleep(0)
        with state.lock:
            rows = [state.rows.get(key) for key in keys]
        return tuple(_listed(key, row, None) if row else None for key, row in zip(keys, rows, strict=True))

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        check_queries(queries, known)
        await asyncio.sleep(0)
        with state.lock:
            return tuple(_walk(state, query, keys_only(query, known)) for query in queries)

    async def write(changes: Sequence[Change]) -> None:
        bodies = checked_write(changes, known)
        await asyncio.sleep(0)
        with state.lock:
            _write(state, changes, bodies)

    return Store(get, query, write)
