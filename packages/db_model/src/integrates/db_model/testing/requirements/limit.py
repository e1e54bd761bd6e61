"""Requirements of the limits, which are the port's and the same everywhere."""

from typing import Any

import pytest

from integrates.db_model.errors import LimitExceeded
from integrates.db_model.store.port import (
    ABSENT,
    ANYTHING,
    MAX_CHANGES,
    MAX_ITEM_BYTES,
    MAX_PAGE,
    MAX_PARTITION_KEY_BYTES,
    MAX_SORT_KEY_BYTES,
    MAX_WRITE_BYTES,
    Add,
    Bounds,
    Change,
    IndexKey,
    Item,
    Key,
    Put,
    Query,
    Store,
)
from integrates.db_model.store.rules import item_size
from integrates.db_model.testing.requirements.sample import names, new, one, walk_of


def filled(place: str, name: str, size: int) -> Put:
    """Return the first put of an item of exactly that size."""
    room = size - item_size(Item(Key(place, name), 1, {"text": ""}))
    return new(place, name, text="x" * room)


async def exceeded(store: Store, *changes: Change) -> LimitExceeded:
    """Write what must pass a limit; return the error."""
    with pytest.raises(LimitExceeded) as caught:
        await store.write(changes)
    return caught.value


async def test_a_write_holds_a_hundred_changes_and_no_more(store: Store, place: str) -> None:
    changes = [new(place, f"{number:03}") for number in range(MAX_CHANGES + 1)]
    error = await exceeded(store, *changes)
    assert (error.limit, error.actual, error.allowed) == ("changes", 101, 100)
    assert await names(store, walk_of(place)) == []
    await store.write(changes[1:])
    assert len(await names(store, walk_of(place))) == MAX_CHANGES


async def test_an_item_holds_400_kilobytes_and_no_more(store: Store, place: str) -> None:
    error = await exceeded(store, new(place, "b"), filled(place, "a", MAX_ITEM_BYTES + 1))
    assert (error.limit, error.actual, error.allowed) == ("item_bytes", MAX_ITEM_BYTES + 1, MAX_ITEM_BYTES)
    assert await names(store, walk_of(place)) == []
    largest = filled(place, "a", MAX_ITEM_BYTES)
    await store.write([largest])
    assert await one(store, place, "a") == largest.item


async def test_short_numbers_count_as_where_they_take_most(store: Store, place: str) -> None:
    most = MAX_ITEM_BYTES // 4
    await store.write([new(place, "a", numbers=[1] * (most - 100))])
    assert (await exceeded(store, new(place, "b", numbers=[1] * (most * 3 // 2)))).limit == "item_bytes"


async def test_a_write_holds_4_megabytes_and_no_more(store: Store, place: str) -> None:
    changes = [filled(place, f"{number:02}", MAX_WRITE_BYTES // 11 + 1) for number in range(11)]
    error = await exceeded(store, *changes)
    assert (error.limit, error.allowed) == ("write_bytes", MAX_WRITE_BYTES)
    assert await names(store, walk_of(place)) == []
    await store.write(changes[1:])
    assert len(await names(store, walk_of(place, limit=4))) == 10


@pytest.mark.parametrize("letter", ["k", "é", "\U0001f512"])
async def test_keys_are_counted_in_bytes(store: Store, place: str, letter: str) -> None:
    size = len(letter.encode())
    pk, sk = f"{place:0<{size * 32}}" + letter * 64, letter * (MAX_SORT_KEY_BYTES // size)
    pk += letter * ((MAX_PARTITION_KEY_BYTES - len(pk.encode())) // size)
    listed = Item(Key(pk, sk), 1, {}, {1: IndexKey(pk, sk)})
    await store.write([Put(listed, ABSENT)])
    assert await store.get([listed.key]) == (listed,)
    assert (await exceeded(store, new(pk + letter, "a"))).limit == "partition_key_bytes"
    assert (await exceeded(store, new(pk, sk + letter))).limit == "sort_key_bytes"
    assert (
        await exceeded(store, Put(Item(Key(pk, "a"), 1, {}, {1: IndexKey(pk, sk + letter)}), ABSENT))
    ).limit == "sort_key_bytes"
    with pytest.raises(LimitExceeded):
        await store.get([Key(pk + letter, "a")])


async def test_a_page_holds_a_thousand_items_and_no_more(store: Store, place: str) -> None:
    await store.query([walk_of(place, limit=MAX_PAGE)])
    with pytest.raises(LimitExceeded) as caught:
        await store.query([walk_of(place, limit=MAX_PAGE + 1)])
    assert (caught.value.limit, caught.value.actual, caught.value.allowed) == ("page", 1001, 1000)


async def test_attributes_are_nested_32_levels_deep_and_no_more(store: Store, place: str) -> None:
    nested: list[Any] = []
    for _ in range(31):
        nested = [nested]
    await store.write([new(place, "a", deep=nested)])
    found = await one(store, place, "a")
    assert found is not None
    assert found.attributes == {"deep": nested}
    assert (await exceeded(store, new(place, "b", deep=[nested]))).limit == "nesting"


@pytest.mark.parametrize("key", [("", "a"), ("a", ""), ("a\0", "a"), ("a", "\0"), ("\ud800", "a"), ("a", "\udfff")])
async def test_an_impossible_key_is_a_bug(store: Store, key: tuple[str, str]) -> None:
    for call in (store.get([Key(*key)]), store.write([Put(Item(Key(*key), 1, {}), ABSENT)])):
        with pytest.raises(ValueError):
            await call
    with pytest.raises(ValueError):
        await store.write([Put(Item(Key("a", "a"), 1, {}, {1: IndexKey(*key)}), ABSENT)])


@pytest.mark.parametrize(
    "attributes",
    [
        {"a": 1.5},
        {"a": [{"b": [float("nan")]}]},
        {"a": {"b": 0.0}},
        {"a": b"x"},
        {"a": {1, 2}},
        {"a": object()},
        {"a": 2**63},
        {"a": -(2**63)},
        {"a": "\ud800"},
        {"": 1},
        {"a": {"": 1}},
        {1: 1},
        {"pk": "x"},
        {"version": 1},
        {"sk_1": "x"},
    ],
)
async def test_what_a_store_does_not_hold_is_refused(store: Store, place: str, attributes: Any) -> None:
    with pytest.raises(ValueError):
        await store.write([Put(Item(Key(place, "a"), 1, attributes), ABSENT)])
    assert await one(store, place, "a") is None


@pytest.mark.parametrize(
    "change",
    [
        Put(Item(Key("p", "s"), 0, {}), ABSENT),
        Put(Item(Key("p", "s"), 1, {}, {99: IndexKey("p", "s")}), ABSENT),
        Put(Item(Key("p", "s", "other"), 1, {}), ABSENT),  # type: ignore[arg-type]  # a table that the design does not have
        Add(Key("p", "s"), {}, {}, ANYTHING),
        Add(Key("p", "s"), {"n": True}, {}, ANYTHING),
        Add(Key("p", "s"), {"n": 1}, {"m": Bounds(0)}, ANYTHING),
        Add(Key("p", "s"), {"version": 1}, {}, ANYTHING),
        Add(Key("p", "s"), {"n": 1}, {"n": Bounds(1, 0)}, ANYTHING),
    ],
)
async def test_an_impossible_change_is_a_bug(store: Store, change: Change) -> None:
    with pytest.raises(ValueError):
        await store.write([change])


@pytest.mark.parametrize(
    "query",
    [
        walk_of("p", limit=0),
        walk_of(""),
        walk_of("p", index=99),
        walk_of("p", table="other"),
        walk_of("p", sk_prefix="a", sk_between=("a", "b")),
    ],
)
async def test_an_impossible_query_is_a_bug(store: Store, query: Query) -> None:
    with pytest.raises(ValueError):
        await store.query([query])
