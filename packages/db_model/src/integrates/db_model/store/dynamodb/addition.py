"""Additions as requests to DynamoDB. Pure.

An update of DynamoDB cannot have the condition that the new item stays below a size, nor that an attribute is not in the JSON
of a ``body``. Therefore a counter, which is an item of numbers only, has a ``room``: the bytes that additions may still give it
before it has to be read. An addition takes from the room the most that it may need, on condition that there is so much and that
there is no ``body``. Such an addition is *free*: it commutes with others. When the condition fails, the item is read, and the
addition judged by the rules of all stores. If they do not refuse it, it is sent again: as a free one on condition that the
``body`` is as it was read or, where there is too little room or the increment is very large, on condition of the version that
was read; then it also sets the room anew.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from integrates.db_model.errors import Conflict
from integrates.db_model.store.dynamodb.wire import Native, conditional, expectation, item, native_key, room_of
from integrates.db_model.store.port import (
    ABSENT,
    MAX_ITEM_BYTES,
    MAX_WRITE_BYTES,
    Add,
    Bounds,
    Change,
    Expect,
    Item,
    Key,
    Version,
)
from integrates.db_model.store.rules import check_total, failure_of, grown, item_size, limits

Seen = Mapping[Key, Native | None]
"""Items that were read, in their stored form; ``None`` for a missing one."""

_LARGE: Final = 2**40
"""Increments up to this one stay within the integers of a store as long as there is room (see ``wire.HUGE``)."""
_NUMBER_BYTES: Final = len(":-9223372036854775807,")

_encode: Final = msgspec.json.Encoder().encode


def _need(change: Add) -> int:
    """Return the most bytes by which an addition may enlarge an item."""
    return sum(len(_encode(name)) + _NUMBER_BYTES for name in change.increments)


def _fresh(key: Key) -> int:
    return MAX_ITEM_BYTES - item_size(Item(key, 1, {}))


def _is_free(change: Add, share: int, seen: Seen) -> bool:
    """Return whether an addition may be sent on condition of room, so that the item has at most ``share`` bytes afterwards."""
    if any(abs(increment) > _LARGE for increment in change.increments.values()):
        return False
    if (found := seen.get(change.key)) is None:
        return _fresh(change.key) - _need(change) >= MAX_ITEM_BYTES - share
    return "room" in found and int(found["room"]["N"]) - _need(change) >= MAX_ITEM_BYTES - share


def _stored(key: Key, found: Native | None) -> Item | None:
    return None if found is None else item(key.table, found)


class Sums(msgspec.Struct, frozen=True):
    """How the additions of a write are sent.

    Those at the positions in ``judged`` make these items, on condition of the version that was read. The others are free, and
    may leave items of at most ``share`` bytes. When there are ``unseen`` keys, they have to be read before anything is sent.
    """

    judged: Mapping[int, Item]
    share: int
    unseen: tuple[Key, ...]


def judge(changes: Sequence[Change], size: int, seen: Seen) -> Sums:
    """Return how the additions of a write are sent whose puts count ``size`` bytes; ``seen`` are the items read so far.

    Raise ``Conflict`` when an addition is refused, ``LimitExceeded`` when an item or all items together would be too large.
    """
    free = {n: change for n, change in enumerate(changes) if isinstance(change, Add)}
    stored = {n: _stored(change.key, seen[change.key]) for n, change in free.items() if change.key in seen}
    if failed := [failure for n, each in stored.items() if (failure := failure_of(n, free[n], each))]:
        raise Conflict(failed)
    judged: dict[int, Item] = {}
    while True:
        share = min(MAX_ITEM_BYTES, (MAX_WRITE_BYTES - size) // max(1, len(free)))
        more = {n: change for n, change in free.items() if not _is_free(change, share, seen)}
        if unseen := tuple(change.key for n, change in more.items() if n not in stored):
            return Sums(judged, share, unseen)
        if not more:
            check_total(size)
            return Sums(judged, share, ())
        for n in more:
            judged[n], grew = grown(n, free.pop(n), stored[n])
            size += grew


def _bounded(n: int, increment: int, bounds: Bounds) -> tuple[str, Native]:
    """Return the condition under which the ``n``-th number, plus its increment, stays within bounds."""
    low, high = limits(bounds)
    stored = f"#{n} BETWEEN :l{n} AND :h{n}"
    text = f"(attribute_not_exists(#{n}) OR {stored})" if low <= increment <= high else f"({stored})"
    return text, {f":l{n}": {"N": str(low - increment)}, f":h{n}": {"N": str(high - increment)}}


def _update(change: Add, setting: str, conditions: Sequence[str], names: Mapping[str, str], values: Native) -> Native:
    additions = ", ".join(["#v :one", *(f"#{n} :{n}" for n in range(len(change.increments)))])
    return {
        "UpdateExpression": f"ADD {additions} {setting}".strip(),
        **conditional(
            conditions,
            {**names, "#v": "version", **{f"#{n}": name for n, name in enumerate(change.increments)}},
            {
                **values,
                ":one": {"N": "1"},
                **{f":{n}": {"N": str(increment)} for n, increment in enumerate(change.increments.values())},
            },
        ),
    }


def _free(change: Add, share: int, found: Native | None) -> Native:
    """Return a free addition to an item that, if it was read, was stored as ``found``."""
    conditions, names, values = expectation(change.expect)
    numbered = {name: n for n, name in enumerate(change.increments)}
    bounded = [_bounded(numbered[name], change.increments[name], bounds) for name, bounds in change.bounds.items()]
    need = _need(change)
    seen = found is not None and "body" in found
    kept = "#b = :b" if seen else "attribute_not_exists(#b)"
    return _update(
        change,
        "SET #r = if_not_exists(#r, :fresh) - :need",
        [*conditions, *(text for text, _ in bounded), f"(attribute_not_exists(#k) OR (#r >= :least AND {kept}))"],
        {**names, "#k": "pk", "#r": "room", "#b": "body"},
        {
            **values,
            **({":b": found["body"]} if found is not None and seen else {}),
            **{name: value for _, some in bounded for name, value in some.items()},
            ":fresh": {"N": str(_fresh(change.key))},
            ":need": {"N": str(need)},
            ":least": {"N": str(MAX_ITEM_BYTES - share + need)},
        },
    )


def _judged(change: Add, total: Item) -> Native:
    expect: Expect = Version(total.version - 1) if total.version > 1 else ABSENT
    conditions, names, values = expectation(expect)
    room = {":room": {"N": str(room_of(total))}}
    return _update(change, "SET #r = :room", conditions, {**names, "#r": "room"}, {**values, **room})


def addition(position: int, change: Add, table: str, sums: Sums, seen: Seen) -> Native:
    """Return an addition as an action of a transaction on the table of that name."""
    total = sums.judged.get(position)
    update = _free(change, sums.share, seen.get(change.key)) if total is None else _judged(change, total)
    return {"Update": {"TableName": table, "Key": native_key(change.key), **update}}
