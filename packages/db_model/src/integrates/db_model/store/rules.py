"""What a store may be asked and given to write, and when a change is refused, in every adapter alike. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from integrates.db_model.errors import Failure, LimitExceeded, Unfit
from integrates.db_model.store.body import MAX_INTEGER, Body, dynamodb_size, raw_of, with_numbers
from integrates.db_model.store.design import TableDesign
from integrates.db_model.store.port import (
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
"""Most attributes in one ``Add``, so that it fits an update expression of DynamoDB (4 KB, 300 operators)."""
MAX_BOUNDS: Final = 50
"""Most bounds in one ``Add``, for the same reason."""

MAX_VERSION: Final = 2**62
"""Largest version that can be put or expected; additions can still advance it."""

_FIXED_BYTES: Final = len("pk" + "sk" + "version") + 21
"""The bytes of the names of an item's own keys and version, and the most that a number takes."""
_INDEX_BYTES: Final = len("pk_20" + "sk_20")
"""The bytes of the names of an item's keys in one index."""
_LAST_CODE_POINT: Final = "\U0010ffff"
_UNBOUND: Final = Bounds()


def _text_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _check_text(name: str, text: object, allowed: int) -> None:
    if not isinstance(text, str) or not text or "\0" in text:
        raise ValueError(f"{name} is not a text of at least one character without NUL: {text!r}")
    size = _text_size(text)
    if size > allowed:
        raise LimitExceeded(f"{name}_bytes", size, allowed)


def _check_pair(pk: str, sk: str) -> None:
    # Both are looked at together; only when that does not say that they are right, each is checked by itself.
    if type(pk) is type(sk) is str and pk and sk:
        both = pk + sk
        if len(both) <= MAX_SORT_KEY_BYTES and both.isascii() and "\0" not in both:
            return
    _check_text("partition_key", pk, MAX_PARTITION_KEY_BYTES)
    _check_text("sort_key", sk, MAX_SORT_KEY_BYTES)


def _table(name: str, tables: Tables) -> TableDesign:
    table = tables.get(name)
    if table is None:
        raise ValueError(f"unknown table: {name!r}")
    return table


def check_keys(keys: Sequence[Key], tables: Tables) -> None:
    """Raise ``ValueError`` for an invalid key or an unknown table, ``LimitExceeded`` for a key that is too long."""
    for key in keys:
        _table(key.table, tables)
        _check_pair(key.pk, key.sk)


def _body_size(item: Item, body: bytes) -> int:
    # DynamoDB never counts as much as twice the JSON, so smaller bodies need no second look.
    return len(body) if len(body) < MAX_ITEM_BYTES // 2 else max(len(body), dynamodb_size(item.attributes))


def _size(item: Item, body: bytes) -> int:
    texts = [item.key.pk, item.key.sk]
    for index_key in item.index_keys.values():
        texts += (index_key.pk, index_key.sk)
    return _FIXED_BYTES + _INDEX_BYTES * len(item.index_keys) + _text_size("".join(texts)) + _body_size(item, body)


def item_size(item: Item) -> int:
    """Return how many bytes an item counts: its keys and index keys with their names, its version, and its attributes.

    Attributes count as JSON or, where that is more, as DynamoDB counts them, so that all stores hold the same items.
    Source: the DynamoDB Developer Guide, "DynamoDB item sizes and formats".
    """
    return _size(item, raw_of(item.attributes))


def _check_index_keys(index_keys: Mapping[int, IndexKey], table: TableDesign) -> None:
    for number, index_key in index_keys.items():
        if number not in table.indexes:
            raise ValueError(f"table {table.name} has no index {number}")
        _check_pair(index_key.pk, index_key.sk)


def _check_version(number: int) -> None:
    if type(number) is not int or not 1 <= number <= MAX_VERSION:
        raise ValueError(f"a stored version is an integer from 1 to {MAX_VERSION}: {number!r}")


def _check_size(size: int) -> int:
    if size > MAX_ITEM_BYTES:
        raise LimitExceeded("item_bytes", size, MAX_ITEM_BYTES)
    return size


def _checked_put(item: Item, tables: Tables) -> tuple[bytes, int]:
    _check_version(item.version)
    _check_index_keys(item.index_keys, tables[item.key.table])
    body = raw_of(item.attributes)
    return body, _check_size(_size(item, body))


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
    raw_of(change.increments)
    _check_counts(change)


def _checked(change: Change, tables: Tables) -> tuple[bytes, int]:
    """Check one change. Return the attributes as JSON and the size of the item that it puts, if it puts one."""
    _table(change.key.table, tables)
    _check_pair(change.key.pk, change.key.sk)
    if isinstance(change.expect, Version):
        _check_version(change.expect.number)
    if isinstance(change, Put):
        return _checked_put(change.item, tables)
    if isinstance(change, Add):
        _check_add(change)
    return b"", 0


def _check_distinct(keys: Sequence[Key]) -> None:
    if len(set(keys)) != len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"a key more than once in one write: {twice!r}")


class Checked(msgspec.Struct, frozen=True):
    """A write that may be sent: the attributes of each ``Put`` as JSON (empty for other changes), and the bytes of all puts."""

    bodies: tuple[bytes, ...]
    size: int


def check_total(size: int) -> None:
    """Raise ``LimitExceeded`` when the items of a write are together larger than a write may be."""
    if size > MAX_WRITE_BYTES:
        raise LimitExceeded("write_bytes", size, MAX_WRITE_BYTES)


def at(position: int, error: LimitExceeded) -> LimitExceeded:
    """Return the error with the position of the change that it is about."""
    return LimitExceeded(error.limit, error.actual, error.allowed, position)


def checked_write(changes: Sequence[Change], tables: Tables, max_changes: int) -> Checked:
    """Check a whole write before anything is sent, and return it; ``max_changes`` is the store's own number.

    Raise ``ValueError`` for a bug of the caller (a key twice, an invalid key or value, an unknown table or index), and
    ``LimitExceeded`` when the write exceeds a limit of the port. What additions make of their items is judged later, by
    :func:`grown`.
    """
    if len(changes) > max_changes:
        raise LimitExceeded("changes", len(changes), max_changes)
    bodies: list[bytes] = []
    total = 0
    for position, change in enumerate(changes):
        try:
            body, size = _checked(change, tables)
        except LimitExceeded as error:
            raise at(position, error) from None
        bodies.append(body)
        total += size
    _check_distinct([change.key for change in changes])
    check_total(total)
    return Checked(tuple(bodies), total)


def _check_range(query: Query) -> None:
    if query.sk_prefix is not None and query.sk_between is not None:
        raise ValueError("a query is narrowed by a prefix or by two ends, never by both")
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
    """Raise ``ValueError`` for an invalid query, ``LimitExceeded`` for a page or a key that is too large."""
    for query in queries:
        _check_query(query, tables)


def keys_only(query: Query, tables: Tables) -> int | None:
    """Return the number of the query's index when that projects only keys, else ``None``."""
    only = query.index is not None and tables[query.table].indexes[query.index] == "KEYS_ONLY"
    return query.index if only else None


def _successor(character: str) -> str:
    # The code points in between are surrogates, which UTF-8 does not have.
    return "\ue000" if character == "\ud7ff" else chr(ord(character) + 1)


def prefix_end(prefix: str) -> str | None:
    """Return the first text after all texts that begin with ``prefix``; ``None`` when there is none."""
    stem = prefix.rstrip(_LAST_CODE_POINT)
    return stem[:-1] + _successor(stem[-1]) if stem else None


class Range(msgspec.Struct, frozen=True):
    """The sort keys from ``low`` (included) to ``high``, which is included only when ``closed``; ``None`` is no end."""

    low: str
    high: str | None
    closed: bool


def sort_range(query: Query) -> Range:
    """Return the range of sort keys that a query walks."""
    if query.sk_between is not None:
        return Range(query.sk_between[0], query.sk_between[1], closed=True)
    return Range(query.sk_prefix or "", prefix_end(query.sk_prefix or ""), closed=False)


def within(sk: str, span: Range) -> bool:
    """Return whether a sort key lies in a range."""
    return sk >= span.low and (span.high is None or sk < span.high or (span.closed and sk == span.high))


def unmet(position: int, expect: Expect, stored: int | None) -> Failure | None:
    """Return the failure of an expectation, given the version of the stored item (``None`` when missing), if it fails."""
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
    """Return the inclusive limits of a sum: its bounds or, where there are none, those of the integers of a store."""
    low = -MAX_INTEGER if bounds.low is None else max(bounds.low, -MAX_INTEGER)
    high = MAX_INTEGER if bounds.high is None else min(bounds.high, MAX_INTEGER)
    return low, high


def _attributes(stored: Item | None) -> Mapping[str, object]:
    """Return the attributes of a stored item, decoded. Raise ``Unfit`` when they are not what a store keeps."""
    if stored is None:
        return {}
    try:
        return stored.attributes.read() if isinstance(stored.attributes, Body) else stored.attributes
    except msgspec.DecodeError as error:
        raise Unfit(f"not an item that a store wrote: {stored.key}: {error}") from error


def _outside(position: int, change: Add, stored: Item | None) -> Failure | None:
    attributes = _attributes(stored)
    for name, increment in change.increments.items():
        number = attributes.get(name, 0)
        low, high = limits(change.bounds.get(name, _UNBOUND))
        if type(number) is not int:
            return Failure(position, "out_of_bounds", attribute=name)
        if not low <= number + increment <= high:
            return Failure(position, "out_of_bounds", bound="low" if number + increment < low else "high", attribute=name)
    return None


def failure_of(position: int, change: Change, stored: Item | None) -> Failure | None:
    """Return the failure of a change, given the stored item (``None`` when missing), if it is refused.

    An attribute that is added to has to be an integer or missing, which counts as 0. The sum has to stay within its bounds and
    within the integers of a store.
    """
    failure = unmet(position, change.expect, None if stored is None else stored.version)
    return _outside(position, change, stored) if failure is None and isinstance(change, Add) else failure


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def grown(position: int, change: Add, stored: Item | None) -> tuple[Item, int]:
    """Return what an addition that is not refused makes of the stored item (``None`` when missing), and its size.

    The attributes are a ``Body``. Raise ``LimitExceeded`` when the item would be too large.
    """
    attributes = _attributes(stored)
    numbers = {name: _number(attributes.get(name)) + increment for name, increment in change.increments.items()}
    body = with_numbers(attributes, numbers)
    before = Item(change.key, 0, {}) if stored is None else stored
    item = Item(change.key, before.version + 1, Body(body), before.index_keys)
    try:
        return item, _check_size(_size(item, body))
    except LimitExceeded as error:
        raise at(position, error) from None
