"""What may be written to and asked of a store, and when a change is refused: the same for every adapter. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from integrates.db_model.errors import Failure, LimitExceeded
from integrates.db_model.store.attribute import MAX_INTEGER, counted, decoded, encoded
from integrates.db_model.store.design import TableDesign
from integrates.db_model.store.port import (
    MAX_CHANGES,
    MAX_ITEM_BYTES,
    MAX_PAGE,
    MAX_PARTITION_KEY_BYTES,
    MAX_SORT_KEY_BYTES,
    MAX_WRITE_BYTES,
    Absent,
    Add,
    Anything,
    Bounds,
    Change,
    Expect,
    IndexKey,
    Item,
    Key,
    Put,
    Query,
    Version,
)

Tables = Mapping[str, TableDesign]

MAX_INCREMENTS: Final = 250
"""Most attributes in one ``Add``, so that it fits an update expression of DynamoDB (4 KB, 300 operators) …"""
MAX_BOUNDS: Final = 50
"""… and most of them with bounds, for the same reason."""

_FIXED_BYTES: Final = len("pk" + "sk" + "version") + 21
"""The names of an item's own keys and version, and the most that a number takes."""
_PLACE_BYTES: Final = len("pk_20" + "sk_20")
_LAST_CODE_POINT: Final = "\U0010ffff"


def _text_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _check_text(name: str, text: object, allowed: int) -> None:
    if not isinstance(text, str) or not text or "\0" in text:
        raise ValueError(f"{name} is not a text of at least one character without NUL: {text!r}")
    size = _text_size(text)
    if size > allowed:
        raise LimitExceeded(f"{name}_bytes", size, allowed)


def _check_pair(pk: str, sk: str) -> None:
    _check_text("partition_key", pk, MAX_PARTITION_KEY_BYTES)
    _check_text("sort_key", sk, MAX_SORT_KEY_BYTES)


def _table(name: str, tables: Tables) -> TableDesign:
    table = tables.get(name)
    if table is None:
        raise ValueError(f"unknown table: {name!r}")
    return table


def check_keys(keys: Sequence[Key], tables: Tables) -> None:
    """Raise ``ValueError`` for an impossible key or an unknown table, ``LimitExceeded`` for a key that is too long."""
    for key in keys:
        _table(key.table, tables)
        _check_pair(key.pk, key.sk)


def _body_size(item: Item, body: bytes) -> int:
    # DynamoDB never counts as much as twice the JSON, so smaller bodies need no second look.
    return len(body) if len(body) < MAX_ITEM_BYTES // 2 else max(len(body), counted(item.attributes))


def _size(item: Item, body: bytes) -> int:
    keys = _text_size(item.key.pk) + _text_size(item.key.sk)
    places = sum(_PLACE_BYTES + _text_size(place.pk) + _text_size(place.sk) for place in item.index_keys.values())
    return _FIXED_BYTES + keys + places + _body_size(item, body)


def item_size(item: Item) -> int:
    """Return the bytes that an item counts: its keys and index keys, their names and the version's, and its attributes.

    Attributes count as JSON or, where that is more, as DynamoDB counts them, so that no store holds less than another.
    Source: the DynamoDB Developer Guide, "DynamoDB item sizes and formats".
    """
    return _size(item, encoded(item.attributes))


def _check_index_keys(index_keys: Mapping[int, IndexKey], table: TableDesign) -> None:
    for number, place in index_keys.items():
        if number not in table.indexes:
            raise ValueError(f"table {table.name} has no index {number}")
        _check_pair(place.pk, place.sk)


def _check_version(number: int) -> None:
    if type(number) is not int or not 1 <= number <= MAX_INTEGER:
        raise ValueError(f"a stored version is an integer and at least 1: {number!r}")


def _checked_put(item: Item, tables: Tables) -> tuple[bytes, int]:
    _check_version(item.version)
    _check_index_keys(item.index_keys, tables[item.key.table])
    body = encoded(item.attributes)
    size = _size(item, body)
    if size > MAX_ITEM_BYTES:
        raise LimitExceeded("item_bytes", size, MAX_ITEM_BYTES)
    return body, size


def _check_counts(change: Add) -> None:
    if len(change.increments) > MAX_INCREMENTS:
        raise LimitExceeded("increments", len(change.increments), MAX_INCREMENTS)
    if len(change.bounds) > MAX_BOUNDS:
        raise LimitExceeded("bounds", len(change.bounds), MAX_BOUNDS)


def _check_add(change: Add) -> None:
    if not change.increments or not all(type(value) is int for value in change.increments.values()):
        raise ValueError(f"increments are integers of at least one attribute: {change.increments!r}")
    if any(low > high for low, high in map(limits, change.bounds.values())):
        raise ValueError(f"bounds that nothing is within: {change.bounds!r}")
    if unbound := change.bounds.keys() - change.increments.keys():
        raise ValueError(f"bounds without an increment: {sorted(unbound)}")
    encoded(change.increments)
    _check_counts(change)


def _bodies(changes: Sequence[Change], tables: Tables) -> Iterator[bytes]:
    total = 0
    for change in changes:
        body = b""
        if isinstance(change, Put):
            body, size = _checked_put(change.item, tables)
            total += size
        elif isinstance(change, Add):
            _check_add(change)
        if total > MAX_WRITE_BYTES:
            raise LimitExceeded("write_bytes", total, MAX_WRITE_BYTES)
        yield body


def _check_expectation(change: Change) -> None:
    if isinstance(change.expect, Version):
        _check_version(change.expect.number)


def _check_distinct(keys: Sequence[Key]) -> None:
    if len(set(keys)) != len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"a key more than once in one write: {twice!r}")


def checked_write(changes: Sequence[Change], tables: Tables) -> tuple[bytes, ...]:
    """Check a whole write before anything is sent; return each change's attributes as JSON (empty unless it is a ``Put``).

    Raises ``ValueError`` for a bug of the caller (a key twice, an impossible key or value, an unknown table or index) and
    ``LimitExceeded`` when the write passes a limit of the port.
    """
    if len(changes) > MAX_CHANGES:
        raise LimitExceeded("changes", len(changes), MAX_CHANGES)
    keys = [change.key for change in changes]
    check_keys(keys, tables)
    _check_distinct(keys)
    for change in changes:
        _check_expectation(change)
    return tuple(_bodies(changes, tables))


def _check_range(query: Query) -> None:
    if query.sk_prefix is not None and query.sk_between is not None:
        raise ValueError("a query is narrowed by a prefix or by two ends, not by both")
    for text in (query.sk_prefix, *(query.sk_between or ())):
        if text:
            _check_text("sort_key", text, MAX_SORT_KEY_BYTES)


def _check_query(query: Query, tables: Tables) -> None:
    table = _table(query.table, tables)
    if query.index is not None and query.index not in table.indexes:
        raise ValueError(f"table {query.table} has no index {query.index}")
    if query.limit < 1:
        raise ValueError(f"the limit of a page is at least 1: {query.limit}")
    if query.limit > MAX_PAGE:
        raise LimitExceeded("page", query.limit, MAX_PAGE)
    _check_text("partition_key", query.pk, MAX_PARTITION_KEY_BYTES)
    _check_range(query)


def check_queries(queries: Sequence[Query], tables: Tables) -> None:
    """Raise ``ValueError`` for a query that cannot be asked, ``LimitExceeded`` for a page or a key that is too large."""
    for query in queries:
        _check_query(query, tables)


def keys_only(query: Query, tables: Tables) -> int | None:
    """Return the number of the query's index when it projects the keys of its items only, else ``None``."""
    only = query.index is not None and tables[query.table].indexes[query.index] == "KEYS_ONLY"
    return query.index if only else None


def _successor(character: str) -> str:
    # The code points between are surrogates, which UTF-8 does not have.
    return "\ue000" if character == "\ud7ff" else chr(ord(character) + 1)


def prefix_end(prefix: str) -> str | None:
    """Return the least text after all texts that begin with ``prefix``, ``None`` when there is no such end."""
    stem = prefix.rstrip(_LAST_CODE_POINT)
    return stem[:-1] + _successor(stem[-1]) if stem else None


class Range(msgspec.Struct, frozen=True):
    """Sort keys from ``low`` (included) to ``high``, which is included only when ``closed``; ``None`` is no end."""

    low: str
    high: str | None
    closed: bool


def sort_range(query: Query) -> Range:
    """Return the sort keys that a query walks."""
    if query.sk_between is not None:
        return Range(query.sk_between[0], query.sk_between[1], closed=True)
    return Range(query.sk_prefix or "", prefix_end(query.sk_prefix or ""), closed=False)


def within(sk: str, span: Range) -> bool:
    """Tell whether a sort key lies in a range."""
    return sk >= span.low and (span.high is None or sk < span.high or (span.closed and sk == span.high))


def unmet(position: int, expect: Expect, stored: int | None) -> Failure | None:
    """Compare an expectation with the stored item's version (``None`` when absent); return what failed, if anything."""
    match expect:
        case Anything():
            return None
        case Absent():
            return None if stored is None else Failure(position, "exists", stored)
        case Version(number):
            if stored is None:
                return Failure(position, "missing")
            return None if stored == number else Failure(position, "stale", stored)


def limits(bounds: Bounds) -> tuple[int, int]:
    """Return the inclusive limits of a total; where the bounds set none, those of the integers that a store holds."""
    low = -MAX_INTEGER if bounds.low is None else max(bounds.low, -MAX_INTEGER)
    high = MAX_INTEGER if bounds.high is None else min(bounds.high, MAX_INTEGER)
    return low, high


def _total(stored: object, increment: int, bounds: Bounds) -> int | None:
    low, high = limits(bounds)
    return stored + increment if type(stored) is int and low <= stored + increment <= high else None


def added(attributes: Mapping[str, object], change: Add) -> dict[str, object] | None:
    """Return the attributes after an addition; ``None`` when a total would leave its bounds or is not of integers."""
    totals = {
        name: _total(attributes.get(name, 0), increment, change.bounds.get(name, Bounds()))
        for name, increment in change.increments.items()
    }
    return None if None in totals.values() else {**attributes, **totals}


def summed(version: int | None, body: bytes, change: Add) -> tuple[int, bytes] | None:
    """Return version and encoded attributes after an addition to a stored item (``None`` and ``b"{}"`` when absent)."""
    attributes = added(decoded(body), change)
    return None if attributes is None else ((version or 0) + 1, encoded(attributes))


def refused(position: int, change: Change, version: int | None, body: bytes) -> Failure | None:
    """Compare a change with the stored item (``None`` and ``b"{}"`` when absent); return why it is refused, if it is."""
    failure = unmet(position, change.expect, version)
    if failure is None and isinstance(change, Add) and summed(version, body, change) is None:
        return Failure(position, "out_of_bounds")
    return failure
