"""Requirements of the limits, which are the port's and the same everywhere."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from integrates.db_model.errors import Failure, LimitExceeded
from integrates.db_model.store.body import Body
from integrates.db_model.store.port import (
    ABSENT,
    ANYTHING,
    LEAST_CHANGES,
    MAX_PAGE,
    MAX_PARTITION_KEY_BYTES,
    MAX_SORT_KEY_BYTES,
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
from integrates.db_model.testing.requirements.sample import following, names, new, one, refusal, walk_of

NAME: Final = "name-of-10"
"""A sort key of ten bytes."""


def wide(partition: str) -> str:
    """Return a partition key of 200 bytes."""
    assert len(partition) <= 200
    return partition.ljust(200, "#")


def filled(partition: str, text: int, index: int | None = None, name: str = NAME, **numbers: int) -> Put:
    """Return the first put of an item with a text of so many bytes.

    It counts 253 bytes more: 200 and 10 of the keys, 32 for every item, and 11 for ``{"text":""}``; in an index another 220:
    its keys there and 10.
    """
    return new(wide(partition), name, index, text="x" * text, **numbers)


def growing(partition: str, increments: Mapping[str, int], name: str = NAME) -> Add:
    """Return an addition to an item that :func:`filled` returns."""
    return Add(Key(wide(partition), name), increments, {}, ANYTHING)


async def exceeded(store: Store, *changes: Change) -> LimitExceeded:
    """Write changes that must exceed a limit. Return the error."""
    with pytest.raises(LimitExceeded) as caught:
        await store.write(changes)
    return caught.value


async def test_a_write_holds_as_many_changes_as_the_store_says_and_no_more(store: Store, partition: str) -> None:
    changes = [new(partition, f"{number:04}") for number in range(store.max_changes + 1)]
    error = await exceeded(store, *changes)
    assert told(error) == ("changes", store.max_changes + 1, store.max_changes, None)
    assert await names(store, walk_of(partition)) == []
    await store.write(changes[1:])
    assert len(await names(store, walk_of(partition))) == store.max_changes >= LEAST_CHANGES


def told(error: LimitExceeded) -> tuple[str, int, int, int | None]:
    """Return all data of an error."""
    return error.limit, error.actual, error.allowed, error.position


@pytest.mark.parametrize(("index", "most"), [(None, 409_347), (1, 409_127)])
async def test_an_item_holds_400_kilobytes_with_its_keys_and_no_more(
    store: Store, partition: str, index: int | None, most: int
) -> None:
    error = await exceeded(store, new(wide(partition), "b"), filled(partition, most + 1, index))
    assert told(error) == ("item_bytes", 409_601, 409_600, 1)
    assert await names(store, walk_of(wide(partition))) == []
    largest = filled(partition, most, index)
    await store.write([largest])
    assert await one(store, wide(partition), NAME) == largest.item


async def test_an_item_counts_its_keys_in_bytes(store: Store, partition: str) -> None:
    long = "é" * 512
    assert told(await exceeded(store, filled(partition, 408_334, name=long))) == ("item_bytes", 409_601, 409_600, 0)
    await store.write([filled(partition, 408_333, name=long)])


async def test_short_numbers_count_as_where_they_take_most(store: Store, partition: str) -> None:
    await store.write([new(partition, "a", numbers=[1] * 102_300)])
    assert (await exceeded(store, new(partition, "b", numbers=[1] * 153_600))).limit == "item_bytes"


async def test_a_body_is_measured_like_any_attributes(store: Store, partition: str) -> None:
    for text in (409_347, 409_348):
        change = Put(Item(Key(wide(partition), NAME), 1, Body(b'{"text":"' + b"x" * text + b'"}')), ABSENT)
        if text == 409_347:
            await store.write([change])
        else:
            assert told(await exceeded(store, change)) == ("item_bytes", 409_601, 409_600, 0)


async def test_a_write_holds_4_megabytes_and_no_more(store: Store, partition: str) -> None:
    """Ten items of 409,600 bytes leave 98,304, of which keys and the like take 253.

    Some endpoints count the request that is sent, so that the largest write that is tried here is not quite as large.
    """
    changes = [filled(partition, 409_347, name=f"{number:010}") for number in range(10)]
    error = await exceeded(store, *changes, filled(partition, 98_052))
    assert told(error) == ("write_bytes", 4_194_305, 4_194_304, None)
    assert await names(store, walk_of(wide(partition))) == []
    await store.write([*changes, filled(partition, 90_000)])
    assert len(await names(store, walk_of(wide(partition), limit=4))) == 11


async def test_an_addition_makes_no_item_too_large(store: Store, partition: str) -> None:
    """The attribute ``"n":1,`` takes 6 bytes, and one more when it has two digits."""
    await store.write([filled(partition, 409_341)])
    await store.write([growing(partition, {"n": 1})])
    error = await exceeded(store, new(wide(partition), "b"), growing(partition, {"n": 9}))
    assert told(error) == ("item_bytes", 409_601, 409_600, 1)
    assert told(await exceeded(store, growing(partition, {"m": 0}))) == ("item_bytes", 409_606, 409_600, 0)
    assert await store.get([Key(wide(partition), "b")]) == (None,)
    await store.write([growing(partition, {"n": 8})])
    assert await one(store, wide(partition), NAME) == Item(Key(wide(partition), NAME), 3, {"text": "x" * 409_341, "n": 9})


async def test_additions_alone_make_no_item_too_large(store: Store, partition: str) -> None:
    """A name of a thousand bytes takes 1,005 with its number, the last one 4, and the braces 2: 243 with keys and the like."""
    names = [f"{number:0>1000}" for number in range(407)]
    for begin in range(0, 407, 100):
        await store.write([growing(partition, dict.fromkeys(names[begin : begin + 100], 1))])
    await store.write([growing(partition, {"r" * 317: 1})])
    assert told(await exceeded(store, growing(partition, {"r" * 317: 9}))) == ("item_bytes", 409_601, 409_600, 0)
    assert told(await exceeded(store, growing(partition, {names[0]: -2}))) == ("item_bytes", 409_601, 409_600, 0)
    await store.write([growing(partition, {names[0]: 8, "r" * 317: -1})])
    found = await one(store, wide(partition), NAME)
    assert found is not None
    assert (found.version, found.attributes[names[0]], found.attributes["r" * 317]) == (7, 9, 0)


async def test_items_that_a_write_adds_to_count_in_its_4_megabytes(store: Store, partition: str) -> None:
    """Ten items of 409,594 bytes grow by 6 each, so that 98,304 are left."""
    kept = [f"{number:010}" for number in range(10)]
    await store.write([filled(partition, 409_341, name=name) for name in kept])
    additions = [growing(partition, {"n": 1}, name) for name in kept]
    error = await exceeded(store, *additions, filled(partition, 98_052))
    assert told(error) == ("write_bytes", 4_194_305, 4_194_304, None)
    await store.write([*additions, filled(partition, 98_051)])
    found = await store.get([Key(wide(partition), name) for name in kept])
    assert [each and each.attributes["n"] for each in found] == [1] * 10


async def test_an_expectation_that_fails_comes_before_a_size(store: Store, partition: str) -> None:
    await store.write([filled(partition, 409_347), new(partition, "taken")])
    assert await refusal(store, [growing(partition, {"n": 1}), new(partition, "taken")]) == {1: Failure(1, "exists", 1)}
    assert await refusal(store, [following(partition, "none", 2), growing(partition, {"n": 1})]) == {0: Failure(0, "missing")}


async def test_an_addition_holds_250_increments_and_50_bounds_and_no_more(store: Store, partition: str) -> None:
    numbers = {f"n{number}": 1 for number in range(251)}
    key = Key(partition, "a")

    def bounded(count: int) -> Add:
        return Add(key, dict(list(numbers.items())[:60]), {f"n{number}": Bounds(0, 9) for number in range(count)}, ANYTHING)

    most = Add(key, dict(list(numbers.items())[:250]), {f"n{number}": Bounds(0, 9) for number in range(50)}, ANYTHING)
    assert told(await exceeded(store, new(partition, "b"), Add(key, numbers, {}, ANYTHING))) == ("increments", 251, 250, 1)
    assert told(await exceeded(store, bounded(51))) == ("bounds", 51, 50, 0)
    await store.write([most])
    await store.write([most])
    assert await one(store, partition, "a") == Item(key, 2, {f"n{number}": 2 for number in range(250)})


@pytest.mark.parametrize("letter", ["k", "é", "\U0001f512"])
async def test_keys_are_counted_in_bytes(store: Store, partition: str, letter: str) -> None:
    size = len(letter.encode())
    pk, sk = f"{partition:0<{size * 32}}" + letter * 64, letter * (MAX_SORT_KEY_BYTES // size)
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


@pytest.mark.parametrize(
    ("query", "limit", "size"),
    [
        (walk_of("p", sk_prefix="x" * 1_025), "sort_key_bytes", 1_025),
        (walk_of("p", 1, sk_prefix="é" * 513), "sort_key_bytes", 1_026),
        (walk_of("p", sk_between=("x" * 1_025, "y")), "sort_key_bytes", 1_025),
        (walk_of("p", sk_between=("a", "x" * 1_025)), "sort_key_bytes", 1_025),
        (walk_of("p" * 2_049), "partition_key_bytes", 2_049),
    ],
)
async def test_the_texts_of_a_query_are_no_longer_than_keys(store: Store, query: Query, limit: str, size: int) -> None:
    with pytest.raises(LimitExceeded) as caught:
        await store.query([query])
    assert told(caught.value) == (limit, size, 1_024 if limit == "sort_key_bytes" else 2_048, None)
    await store.query([walk_of("p" * 2_048, sk_prefix="x" * 1_024), walk_of("p", sk_between=("x" * 1_024, "y" * 1_024))])


async def test_a_page_holds_a_thousand_items_and_no_more(store: Store, partition: str) -> None:
    await store.query([walk_of(partition, limit=MAX_PAGE)])
    with pytest.raises(LimitExceeded) as caught:
        await store.query([walk_of(partition, limit=MAX_PAGE + 1)])
    assert (caught.value.limit, caught.value.actual, caught.value.allowed) == ("page", 1001, 1000)


async def test_attributes_are_nested_32_levels_deep_and_no_more(store: Store, partition: str) -> None:
    nested: list[Any] = []
    for _ in range(31):
        nested = [nested]
    await store.write([new(partition, "a", deep=nested)])
    found = await one(store, partition, "a")
    assert found is not None
    assert found.attributes == {"deep": nested}
    assert (await exceeded(store, new(partition, "b", deep=[nested]))).limit == "nesting"


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
        {"body": 1},
        {"room": 1},
        {1: 1},
        {"pk": "x"},
        {"version": 1},
        {"sk_1": "x"},
    ],
)
async def test_what_a_store_does_not_hold_is_refused(store: Store, partition: str, attributes: Any) -> None:
    with pytest.raises(ValueError):
        await store.write([Put(Item(Key(partition, "a"), 1, attributes), ABSENT)])
    assert await one(store, partition, "a") is None


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
