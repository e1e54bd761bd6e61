"""Items, conditions and ranges in the words of DynamoDB. Pure.

Attributes are native (maps, lists, strings, numbers), beside ``pk``, ``sk``, ``version`` and ``pk_n``, ``sk_n`` for each index
that lists the item. (boto3's own conversion answers decimals for numbers, which another walk would have to make integers.)
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from integrates.db_model.store.attribute import RESERVED
from integrates.db_model.store.cursor import Position
from integrates.db_model.store.port import (
    Absent,
    Add,
    Anything,
    Bounds,
    Change,
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
from integrates.db_model.store.rules import limits, sort_range

Native = dict[str, Any]

_INDEXES: Final = range(1, 21)


def native(value: object) -> Native:
    """Return a value of the port as an attribute value."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(int(value))}
        case str():
            return {"S": str(value)}
        case Mapping():
            return {"M": {name: native(each) for name, each in value.items()}}
        case Sequence():
            return {"L": [native(each) for each in value]}
        case _:
            raise TypeError(f"a store does not hold {type(value).__name__}")


def plain(value: Native) -> Any:
    """Return an attribute value as a value of the port."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return int(content)
        case "M":
            return {name: plain(each) for name, each in content.items()}
        case "L":
            return [plain(each) for each in content]
        case "NULL":
            return None
        case _:
            return content


def native_key(key: Key) -> Native:
    """Return the attributes that address an item."""
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def native_item(item: Item) -> Native:
    """Return all attributes of an item."""
    places = {f"{part}_{n}": {"S": getattr(place, part)} for n, place in item.index_keys.items() for part in ("pk", "sk")}
    attributes = {name: native(value) for name, value in item.attributes.items()}
    return {**native_key(item.key), "version": {"N": str(item.version)}, **places, **attributes}


def version(found: Native) -> int:
    """Return the version of a stored item, 0 where an index does not project it."""
    return int(found.get("version", {"N": "0"})["N"])


def item(table: Table, found: Native) -> Item:
    """Return the item of its attributes."""
    key = Key(found["pk"]["S"], found["sk"]["S"], table)
    places = {n: IndexKey(found[f"pk_{n}"]["S"], found[f"sk_{n}"]["S"]) for n in _INDEXES if f"pk_{n}" in found}
    attributes = {name: plain(value) for name, value in found.items() if name not in RESERVED}
    return Item(key, version(found), attributes, places)


def _conditional(conditions: Sequence[str], names: Mapping[str, str], values: Native) -> Native:
    parts = {
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": dict(names),
        "ExpressionAttributeValues": values,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD" if conditions else "",
    }
    return {name: part for name, part in parts.items() if part}


def _expectation(expect: Expect) -> tuple[list[str], dict[str, str], Native]:
    match expect:
        case Absent():
            return ["attribute_not_exists(#k)"], {"#k": "pk"}, {}
        case Version(number):
            return ["#v = :v"], {"#v": "version"}, {":v": {"N": str(number)}}
        case Anything():
            return [], {}, {}


def _bounded(place: int, increment: int, bounds: Bounds) -> tuple[str, Native]:
    """Return the condition under which a stored number, plus the increment, stays within bounds."""
    low, high = limits(bounds)
    stored = f"#{place} BETWEEN :l{place} AND :h{place}"
    text = f"(attribute_not_exists(#{place}) OR {stored})" if low <= increment <= high else f"({stored})"
    return text, {f":l{place}": {"N": str(low - increment)}, f":h{place}": {"N": str(high - increment)}}


def _addition(change: Add) -> Native:
    conditions, names, values = _expectation(change.expect)
    places = {name: place for place, name in enumerate(change.increments)}
    bounded = [_bounded(places[name], change.increments[name], bounds) for name, bounds in change.bounds.items()]
    additions = ", ".join(["#v :one", *(f"#{place} :{place}" for place in places.values())])
    increments = {f":{places[name]}": {"N": str(increment)} for name, increment in change.increments.items()}
    return {
        "UpdateExpression": f"ADD {additions}",
        **_conditional(
            [*conditions, *(text for text, _ in bounded)],
            {**names, "#v": "version", **{f"#{place}": name for name, place in places.items()}},
            {
                **values,
                ":one": {"N": "1"},
                **increments,
                **{name: value for _, some in bounded for name, value in some.items()},
            },
        ),
    }


def action(change: Change, table: str) -> Native:
    """Return a change as an action of a transaction on the table of that name."""
    condition = _conditional(*_expectation(change.expect))
    match change:
        case Put(put):
            return {"Put": {"TableName": table, "Item": native_item(put), **condition}}
        case Add(key):
            return {"Update": {"TableName": table, "Key": native_key(key), **_addition(change)}}
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
    """Tell whether a query's range holds nothing, which DynamoDB would refuse to be asked."""
    span = sort_range(query)
    return span.closed and not (span.high and span.low <= span.high)


def request(query: Query, table: str, after: Position | None) -> Native:
    """Return a query on the table of that name, without its limit."""
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


def creation(table: str, indexes: Mapping[int, str]) -> Native:
    """Return the request that creates the table of that name; ``indexes`` says by number what each projects."""
    suffixes = ["", *(f"_{number}" for number in indexes)]
    secondary = [
        {"IndexName": f"gsi_{number}", "KeySchema": _key_schema(f"_{number}"), "Projection": {"ProjectionType": projection}}
        for number, projection in indexes.items()
    ]
    return {
        "TableName": table,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _key_schema(""),
        "AttributeDefinitions": [
            {"AttributeName": f"{part}{suffix}", "AttributeType": "S"} for suffix in suffixes for part in ("pk", "sk")
        ],
        **({"GlobalSecondaryIndexes": secondary} if secondary else {}),
    }
