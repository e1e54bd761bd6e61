"""Items, conditions and ranges as DynamoDB takes and returns them. Pure.

An item has ``pk``, ``sk``, ``version``, and ``pk_n``, ``sk_n`` for each index that lists it. Its attributes are one JSON text,
``body``, except integers at the top level: each of them is a number of its own, because additions work on numbers. A counter,
which is an item of numbers only, has no ``body``. It has ``room``, like every item that was added to: see ``addition``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from integrates.db_model.errors import Unfit
from integrates.db_model.store.body import MAX_INTEGER, RESERVED, RESERVED_NUMBERS, Body
from integrates.db_model.store.cursor import Position
from integrates.db_model.store.design import TableDesign
from integrates.db_model.store.port import (
    MAX_ITEM_BYTES,
    Absent,
    Anything,
    Check,
    Delete,
    Expect,
    IndexKey,
    Item,
    Key,
    Put,
    Query,
    Table,
    Version,
)
from integrates.db_model.store.rules import item_size, sort_range

Native = dict[str, Any]

HUGE: Final = MAX_INTEGER // 2
"""An item with a number beyond this one has no room, so that each addition to it is judged."""
_INDEXES: Final = range(1, 21)
_EMPTY: Final = b"{}"
_DIGITS: Final = frozenset(b"-0123456789")

_encode: Final = msgspec.json.Encoder().encode
_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def native_key(key: Key) -> Native:
    """Return the native attributes of an item's key."""
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def native_index_keys(index_keys: Mapping[int, IndexKey]) -> Native:
    """Return the native attributes of an item's index keys."""
    return {f"{name}_{n}": {"S": getattr(key, name)} for n, key in index_keys.items() for name in ("pk", "sk")}


def room_of(item: Item) -> int:
    """Return how many bytes additions may give an item before it has to be read."""
    is_huge = any(isinstance(number, int) and abs(number) > HUGE for number in item.attributes.values())
    return 0 if is_huge else MAX_ITEM_BYTES - item_size(item)


def native_item(item: Item, body: bytes) -> Native:
    """Return all native attributes of an item whose attributes are ``body`` as JSON.

    Raise ``ValueError`` for a number with a reserved name.
    """
    members = {name: bytes(raw) for name, raw in _members(body).items()}
    numbers = {name: {"N": raw.decode()} for name, raw in members.items() if raw[0] in _DIGITS}
    if not (RESERVED | RESERVED_NUMBERS).isdisjoint(numbers):
        raise ValueError(f"reserved names of integer attributes: {sorted(numbers)}")
    known = {**native_key(item.key), "version": {"N": str(item.version)}, **native_index_keys(item.index_keys), **numbers}
    if len(numbers) == len(members):
        return {**known, "room": {"N": str(room_of(item))}}
    rest = _encode({name: msgspec.Raw(raw) for name, raw in members.items() if name not in numbers}) if numbers else body
    return {**known, "body": {"S": rest.decode()}}


def version(found: Native) -> int:
    """Return the version of a native item; 0 where an index does not project it."""
    return int(found.get("version", {"N": "0"})["N"])


def _body(found: Native) -> Body:
    """Return the attributes of a native item, without decoding a value."""
    numbers = b",".join(
        _encode(name) + b":" + value["N"].encode()
        for name, value in found.items()
        if "N" in value and name not in RESERVED and name not in RESERVED_NUMBERS
    )
    rest = found["body"]["S"].encode() if "body" in found else _EMPTY
    if not numbers:
        return Body(rest)
    return Body(b"{" + numbers + (b"}" if rest == _EMPTY else b"," + rest[1:]))


def item(table: Table, found: Native, index: int | None = None) -> Item:
    """Return the item of native attributes, as it is read through ``index`` (``None``: by key).

    Raise ``Unfit`` when the adapter does not write such attributes.
    """
    numbers = _INDEXES if index is None else (index,)
    try:
        index_keys = {n: IndexKey(found[f"pk_{n}"]["S"], found[f"sk_{n}"]["S"]) for n in numbers if f"pk_{n}" in found}
        return Item(Key(found["pk"]["S"], found["sk"]["S"], table), version(found), _body(found), index_keys)
    except (KeyError, ValueError) as error:
        raise Unfit(f"not an item that a store wrote: {table} {found.get('pk')} {found.get('sk')}") from error


def conditional(conditions: Sequence[str], names: Mapping[str, str], values: Native) -> Native:
    """Return the parameters of an action that is done only when all conditions hold."""
    parameters = {
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": dict(names),
        "ExpressionAttributeValues": values,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD" if conditions else "",
    }
    return {name: value for name, value in parameters.items() if value}


def expectation(expect: Expect) -> tuple[list[str], dict[str, str], Native]:
    """Return the conditions of an expectation, their names and their values."""
    match expect:
        case Absent():
            return ["attribute_not_exists(#k)"], {"#k": "pk"}, {}
        case Version(number):
            return ["#v = :v"], {"#v": "version"}, {":v": {"N": str(number)}}
        case Anything():
            return [], {}, {}


def action(change: Put | Delete | Check, body: bytes, table: str) -> Native:
    """Return a change as an action of a transaction on the table of that name. ``body`` is what a put stores."""
    condition = conditional(*expectation(change.expect))
    match change:
        case Put(put):
            return {"Put": {"TableName": table, "Item": native_item(put, body), **condition}}
        case Delete(key, Version() | Anything()):
            return {"Delete": {"TableName": table, "Key": native_key(key), **condition}}
        case Delete(key) | Check(key):
            return {"ConditionCheck": {"TableName": table, "Key": native_key(key), **condition}}


def _begin(query: Query, after: Position) -> Native:
    key = native_key(Key(after.pk, after.sk))
    if query.index is None:
        return key
    return {**key, f"pk_{query.index}": {"S": query.pk}, f"sk_{query.index}": {"S": after.sort}}


def _condition(query: Query) -> tuple[str, Native]:
    span = sort_range(query)
    if query.sk_prefix:
        return " AND begins_with(#s, :low)", {":low": {"S": query.sk_prefix}}
    if span.high is None:
        return "", {}
    if not span.low:
        return " AND #s <= :high", {":high": {"S": span.high}}
    return " AND #s BETWEEN :low AND :high", {":low": {"S": span.low}, ":high": {"S": span.high}}


def is_empty(query: Query) -> bool:
    """Return whether the range of a query is empty; DynamoDB refuses such a query."""
    span = sort_range(query)
    return span.closed and not (span.high and span.low <= span.high)


def request(query: Query, table: str, after: Position | None) -> Native:
    """Return the request of a query on the table of that name, without its limit."""
    suffix = "" if query.index is None else f"_{query.index}"
    narrowed, values = _condition(query)
    names = {"#p": f"pk{suffix}", **({"#s": f"sk{suffix}"} if narrowed else {})}
    where = {"ConsistentRead": True} if query.index is None else {"IndexName": f"gsi_{query.index}"}
    return {
        "TableName": table,
        **where,
        "KeyConditionExpression": f"#p = :p{narrowed}",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {":p": {"S": query.pk}, **values},
        "ScanIndexForward": not query.descending,
        **({} if after is None else {"ExclusiveStartKey": _begin(query, after)}),
    }


def _key_schema(suffix: str) -> list[dict[str, str]]:
    return [{"AttributeName": f"pk{suffix}", "KeyType": "HASH"}, {"AttributeName": f"sk{suffix}", "KeyType": "RANGE"}]


def _secondary(number: int, projection: str) -> Native:
    return {
        "IndexName": f"gsi_{number}",
        "KeySchema": _key_schema(f"_{number}"),
        "Projection": {"ProjectionType": projection},
    }


def _definitions(suffixes: Sequence[str]) -> list[dict[str, str]]:
    return [{"AttributeName": f"{name}{suffix}", "AttributeType": "S"} for suffix in suffixes for name in ("pk", "sk")]


def creation(name: str, table: TableDesign) -> Native:
    """Return the request that creates a table under a name."""
    secondary = [_secondary(number, projection) for number, projection in table.indexes.items()]
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _key_schema(""),
        "AttributeDefinitions": _definitions(["", *(f"_{number}" for number in table.indexes)]),
        **({"GlobalSecondaryIndexes": secondary} if secondary else {}),
    }


def purging(name: str, attribute: str) -> Native:
    """Return the request that has the items of the table of that name deleted from the second in an attribute on."""
    return {"TableName": name, "TimeToLiveSpecification": {"Enabled": True, "AttributeName": attribute}}


def index_creation(name: str, number: int, projection: str) -> Native:
    """Return the request that adds an index to the table of that name."""
    return {
        "TableName": name,
        "AttributeDefinitions": _definitions([f"_{number}"]),
        "GlobalSecondaryIndexUpdates": [{"Create": _secondary(number, projection)}],
    }


def reindexing(name: str, stored: Item, index_keys: Mapping[int, IndexKey]) -> Native:
    """Return the request that adds these index keys to a stored item, unless it has changed meanwhile."""
    added = native_index_keys(index_keys)
    return {
        "TableName": name,
        "Key": native_key(stored.key),
        "UpdateExpression": "SET " + ", ".join(f"#{each} = :{each}" for each in added),
        "ConditionExpression": "#v = :v",
        "ExpressionAttributeNames": {"#v": "version", **{f"#{each}": each for each in added}},
        "ExpressionAttributeValues": {
            ":v": {"N": str(stored.version)},
            **{f":{each}": value for each, value in added.items()},
        },
    }
