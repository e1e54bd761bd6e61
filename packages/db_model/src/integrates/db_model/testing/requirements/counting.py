"""Requirements of ``Add``."""

import asyncio

import pytest

from integrates.db_model.errors import Failure, Side
from integrates.db_model.store.port import ABSENT, ANYTHING, Add, Bounds, IndexKey, Item, Key, Put, Store, Value, Version
from integrates.db_model.testing.adapter import Adapter
from integrates.db_model.testing.requirements.sample import item, new, one, refusal


def adding(partition: str, **increments: int) -> Add:
    """Return an addition that expects nothing."""
    return Add(Key(partition, "sum"), increments, {}, ANYTHING)


async def test_concurrent_additions_are_all_counted_and_none_is_refused(adapter: Adapter, partition: str) -> None:
    async with adapter.handle() as first, adapter.handle() as second:
        writes = [(store, adding(partition, n=number, each=1)) for store in (first, second) for number in range(1, 21)]
        await asyncio.gather(*(store.write([change]) for store, change in writes))
        assert await one(first, partition, "sum") == item(partition, "sum", 40, n=420, each=40)


async def test_additions_commute(store: Store, partition: str) -> None:
    for order, name in (((1, -2, 3), "a"), ((3, 1, -2), "b")):
        for increment in order:
            await store.write([Add(Key(partition, name), {"n": increment}, {}, ANYTHING)])
    first, second = await one(store, partition, "a"), await one(store, partition, "b")
    assert first == item(partition, "a", 3, n=2)
    assert second == item(partition, "b", 3, n=2)


async def test_an_addition_advances_the_version_so_that_a_reader_can_be_conditional_on_it(store: Store, partition: str) -> None:
    await store.write([Add(Key(partition, "sum"), {"n": 1}, {}, ABSENT)])
    assert await refusal(store, [Add(Key(partition, "sum"), {"n": 1}, {}, ABSENT)]) == {0: Failure(0, "exists", 1)}
    await store.write([Add(Key(partition, "sum"), {"n": 1}, {}, Version(1))])
    assert await refusal(store, [Add(Key(partition, "sum"), {"n": 1}, {}, Version(1))]) == {0: Failure(0, "stale", 2)}
    assert await refusal(store, [Add(Key(partition, "none"), {"n": 1}, {}, Version(1))]) == {0: Failure(0, "missing")}
    assert await one(store, partition, "sum") == item(partition, "sum", 2, n=2)


async def test_an_addition_leaves_everything_else_of_the_item_alone(store: Store, partition: str) -> None:
    written = Item(Key(partition, "sum"), 4, {"n": 1, "text": "x", "·dotted·": 2}, {1: IndexKey(partition, "z")})
    await store.write([Put(written, ABSENT)])
    await store.write([adding(partition, **{"·dotted·": -2, "new": 0})])
    assert await one(store, partition, "sum") == Item(
        written.key, 5, {"n": 1, "text": "x", "·dotted·": 0, "new": 0}, written.index_keys
    )


@pytest.mark.parametrize(
    ("stored", "increment", "bounds", "passed"),
    [
        (None, 1, Bounds(0, 1), None),
        (None, 2, Bounds(0, 1), "high"),
        (None, -1, Bounds(low=0), "low"),
        (None, 0, Bounds(low=1), "low"),
        (None, 5, Bounds(low=5, high=5), None),
        (3, -3, Bounds(low=0), None),
        (3, -4, Bounds(low=0), "low"),
        (3, 2, Bounds(high=5), None),
        (3, 3, Bounds(high=5), "high"),
        (3, -1, Bounds(5, 9), "low"),
        (3, 2, Bounds(5, 9), None),
    ],
)
async def test_bounds_refuse_an_addition_that_would_leave_them_and_conflict_says_which(
    store: Store, partition: str, stored: int | None, increment: int, bounds: Bounds, passed: Side | None
) -> None:
    change = Add(Key(partition, "sum"), {"other": 1, "n": increment}, {"n": bounds}, ANYTHING)
    await store.write([new(partition, "sum") if stored is None else new(partition, "sum", n=stored)])
    if passed is None:
        await store.write([change])
        assert await one(store, partition, "sum") == item(partition, "sum", 2, other=1, n=increment + (stored or 0))
    else:
        assert await refusal(store, [new(partition, "b"), change]) == {
            1: Failure(1, "out_of_bounds", bound=passed, attribute="n")
        }
        assert await store.get([Key(partition, "b")]) == (None,)


@pytest.mark.parametrize("stored", ["text", True, None, [1], {"n": 1}])
async def test_an_addition_to_what_is_no_integer_is_out_of_bounds(store: Store, partition: str, stored: Value) -> None:
    written = new(partition, "sum", n=stored, other=1)
    await store.write([written])
    for increments in ({"n": 1}, {"n": 0}, {"other": 1, "n": -1}):
        assert await refusal(store, [adding(partition, **increments)]) == {0: Failure(0, "out_of_bounds", attribute="n")}
    assert await one(store, partition, "sum") == written.item


@pytest.mark.parametrize("sign", [1, -1])
async def test_a_total_beyond_the_integers_of_a_store_is_out_of_bounds(store: Store, partition: str, sign: int) -> None:
    bound: Side = "high" if sign == 1 else "low"
    await store.write([adding(partition, n=sign * (2**63 - 2))])
    await store.write([adding(partition, n=sign)])
    assert await refusal(store, [adding(partition, n=sign)]) == {0: Failure(0, "out_of_bounds", bound=bound, attribute="n")}
    assert await refusal(store, [adding(partition, m=1, n=sign * (2**63 - 1))]) == {
        0: Failure(0, "out_of_bounds", bound=bound, attribute="n")
    }
    assert await one(store, partition, "sum") == item(partition, "sum", 2, n=sign * (2**63 - 1))


async def test_bounds_count_an_absent_item_as_zero(store: Store, partition: str) -> None:
    assert await refusal(store, [Add(Key(partition, "sum"), {"n": -1}, {"n": Bounds(0)}, ANYTHING)]) == {
        0: Failure(0, "out_of_bounds", bound="low", attribute="n")
    }
    await store.write([Add(Key(partition, "sum"), {"n": 1}, {"n": Bounds(0)}, ANYTHING)])
    assert await one(store, partition, "sum") == item(partition, "sum", 1, n=1)


async def test_a_stored_zero_stays_and_counts_as_nothing(store: Store, partition: str) -> None:
    await store.write([adding(partition, n=2, m=0)])
    await store.write([adding(partition, n=-2)])
    assert await one(store, partition, "sum") == item(partition, "sum", 2, n=0, m=0)
    await store.write([Add(Key(partition, "sum"), {"n": 1, "new": 1}, {"n": Bounds(1, 1), "new": Bounds(1, 1)}, ANYTHING)])
    assert await one(store, partition, "sum") == item(partition, "sum", 3, n=1, m=0, new=1)


async def test_concurrent_bounded_additions_never_leave_the_bounds(adapter: Adapter, partition: str) -> None:
    seat = Add(Key(partition, "sum"), {"n": 1}, {"n": Bounds(0, 5)}, ANYTHING)
    async with adapter.handle() as first, adapter.handle() as second:
        takers = [store.write([seat]) for store in (first, second) for _ in range(6)]
        outcomes = await asyncio.gather(*takers, return_exceptions=True)
        assert sum(outcome is None for outcome in outcomes) == 5
        assert await one(first, partition, "sum") == item(partition, "sum", 5, n=5)


async def test_a_write_may_hold_many_additions(store: Store, partition: str) -> None:
    names = {f"·{number}·": number for number in range(250)}
    keys = [Key(partition, f"{number}") for number in range(20)]
    for _ in range(2):
        await store.write([Add(key, names, {name: Bounds(0) for name in list(names)[:50]}, ANYTHING) for key in keys])
    assert await store.get(keys) == tuple(Item(key, 2, {name: 2 * n for name, n in names.items()}) for key in keys)
