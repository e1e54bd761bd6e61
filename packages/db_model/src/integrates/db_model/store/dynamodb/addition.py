"""Additions in the words of DynamoDB. Pure.

An update cannot say that the item it makes must stay below a size, nor that an attribute is not within the JSON of a ``body``.
So a counter, an item of numbers alone, carries its ``room``: bytes that additions may still take before somebody has to look
at the item again. An addition takes the most that it can need, on condition that there is so much room and no ``body``; those
that are sent so are *free*: they commute. When the condition fails, the item is looked at and the addition judged by the rules
of all stores. If that did not refuse it, it is sent again: free, on condition that the ``body`` is as it was seen, or, where
there is not enough room (or the increment is very large), on condition of the version seen; then it measures the room anew.
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
"""Items that were looked at, as they are stored; ``None`` when there was none."""

_LARGE: Final = 2**40
"""Increments up to this cannot lead out of the integers of a store as long as there is room (see ``wire.HUGE``)."""
_NUMBER_BYTES: Final = len(":-9223372036854775807,")

_encode: Final = msgspec.json.Encoder().encode


def _need(change: Add) -> int:
    """Return the most bytes that an addition may give an item."""
    return sum(len(_encode(name)) + _NUMBER_BYTES for name in change.increments)


def _fresh(key: Key) -> int:
    return MAX_ITEM_BYTES - item_size(Item(key, 1, {}))


def _is_free(change: Add, share: int, seen: Seen) -> bool:
    """Return whether an addition may be sent with room as its condition, to leave at most ``share`` bytes."""
    if any(abs(increment) > _LARGE for increment in change.increments.values()):
        return False
    if (found := seen.get(change.key)) is None:
        return _fresh(change.key) - _need(change) >= MAX_ITEM_BYTES - share
    return "room" in found and int(found["room"]["N"]) - _need(change) >= MAX_ITEM_BYTES - share


def _stored(key: Key, found: Native | None) -> Item | None:
    return None if found is None else item(key.table, found)


class Sums(msgspec.Struct, frozen=True):
    """How the additions of a write are sent.

    Those at the positions of ``judged`` make these items, on condition that nobody is faster; the others are free, each to
    leave an item of at most ``share`` bytes. The keys ``unseen`` have to be looked at first; then nothing else counts.
    """

    judged: Mapping[int, Item]
    share: int
    unseen: tuple[Key, ...]


def judge(changes: Sequence[Change], size: int, seen: Seen) -> Sums:
    """Judge the additions of a write whose puts count ``size`` bytes.

    Raise ``Conflict`` when one is refused, ``LimitExceeded`` when an item, or all of them, would be too large.
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


def _bounded(place: int, increment: int, bounds: Bounds) -> tuple[str, Native]:
    """Return the condition under which a stored number, plus the increment, stays within bounds."""
    low, high = limits(bounds)
    stored = f"#{place} BETWEEN :l{place} AND :h{place}"
    text = f"(attribute_not_exists(#{place}) OR {stored})" if low <= increment <= high else f"({stored})"
    return text, {f":l{place}": {"N": str(low - increment)}, f":h{place}": {"N": str(high - increment)}}


def _update(change: Add, setting: str, conditions: Sequence[str], names: Mapping[str, str], values: Native) -> Native:
    places = {name: place for place, name in enumerate(change.increments)}
    additions = ", ".join(["#v :one", *(f"#{place} :{place}" for place in places.values())])
    return {
        "UpdateExpression": f"ADD {additions} {setting}".strip(),
        **conditional(
            conditions,
            {**names, "#v": "version", **{f"#{place}": name for name, place in places.items()}},
            {
                **values,
                ":one": {"N": "1"},
                **{f":{place}": {"N": str(change.increments[name])} for name, place in places.items()},
            },
        ),
    }


def _free(change: Add, share: int, found: Native | None) -> Native:
    """Return a free addition to an item that, if it was looked at, was stored as ``found``."""
    conditions, names, values = expectation(change.expect)
    places = {name: place for place, name in enumerate(change.increments)}
    bounded = [_bounded(places[name], change.increments[name], bounds) for name, bounds in change.bounds.items()]
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
