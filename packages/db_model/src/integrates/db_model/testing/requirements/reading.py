"""Requirements of ``get``."""

import asyncio
from typing import Any

from integrates.db_model.errors import Failure
from integrates.db_model.store.body import Body, raw_of
from integrates.db_model.store.port import (
    ABSENT,
    ANYTHING,
    Add,
    Bounds,
    Delete,
    IndexKey,
    Item,
    Key,
    Put,
    Store,
    Table,
    Value,
    Version,
)
from integrates.db_model.testing.adapter import Adapter
from integrates.db_model.testing.requirements.handle import required
from integrates.db_model.testing.requirements.sample import (
    eventually,
    following,
    item,
    names,
    new,
    one,
    refusal,
    walk_of,
    walked,
)


async def test_get_answers_in_the_order_asked_none_for_what_is_missing_and_repeats_repeated(
    store: Store, partition: str
) -> None:
    await store.write([new(partition, "a", n=1), new(partition, "b", n=2)])
    found = await store.get([Key(partition, name) for name in ("b", "absent", "a", "b", "absent")])
    assert [each and each.attributes["n"] for each in found] == [2, None, 1, 2, None]


async def test_get_of_no_keys_is_empty(store: Store) -> None:
    assert await store.get([]) == ()


async def test_get_reads_its_own_writes(store: Store, partition: str) -> None:
    for number in range(2, 12):
        await store.write([new(partition, str(number))])
        await store.write([following(partition, str(number), 2, n=number)])
        assert await one(store, partition, str(number)) == item(partition, str(number), 2, n=number)
        await store.write([Delete(Key(partition, str(number)), Version(2))])
        assert await one(store, partition, str(number)) is None


async def test_get_takes_any_number_of_keys(store: Store, partition: str) -> None:
    names = [f"{number:03}" for number in range(250)]
    for begin in range(0, len(names), 100):
        await store.write([new(partition, name) for name in names[begin : begin + 100]])
    asked = [*names, *reversed(names)]
    found = await store.get([Key(partition, name) for name in asked])
    assert [each and each.key.sk for each in found] == asked


async def test_get_takes_any_number_of_keys_of_several_tables(store: Store, partition: str) -> None:
    tables: tuple[Table, ...] = ("integrates_vms", "integrates_vms_historic")
    items = [item(partition, f"{number:03}", table=tables[number % 2], n=number) for number in range(230)]
    for begin in range(0, len(items), 100):
        await store.write([Put(each, ABSENT) for each in items[begin : begin + 100]])
    missing = [Key(partition, f"{number:03}", tables[1 - number % 2]) for number in range(230)]
    asked = [key for pair in zip((each.key for each in items), missing, strict=True) for key in pair]
    assert await store.get(asked) == tuple(found for each in items for found in (each, None))


async def test_each_item_is_read_whole_while_it_is_written(adapter: Adapter, store: Store, partition: str) -> None:
    """It is not promised that several items are read as of one moment."""

    async def written() -> None:
        for number in range(2, 40):
            await store.write([following(partition, "a", number, text=f"{number}" * 2_000, n=number, m=number)])

    await store.write([new(partition, "a", text="1" * 2_000, n=1, m=1)])
    async with adapter.handle() as other:
        writing = asyncio.ensure_future(written())
        while not writing.done():
            (found,), (page,) = await asyncio.gather(other.get([Key(partition, "a")]), other.query([walk_of(partition)]))
            for each in (found, *page.items):
                assert each is not None
                assert each == item(
                    partition, "a", each.version, text=f"{each.version}" * 2_000, n=each.version, m=each.version
                )
        await writing


async def test_what_is_answered_is_a_body(store: Store, partition: str) -> None:
    await store.write([new(partition, "a", index=1, text="x", n=1)])
    await eventually(lambda: names(store, walk_of(partition, 1)), ["a"])
    pages = await store.query([walk_of(partition), walk_of(partition, 1)])
    for found in (await one(store, partition, "a"), *(page.items[0] for page in pages)):
        assert found is not None
        assert isinstance(found.attributes, Body)
        assert Body(found.attributes.raw) == {"text": "x", "n": 1}


async def test_a_body_is_written_as_it_is(adapter: Adapter, store: Store, partition: str) -> None:
    attributes: dict[str, Any] = {"text": "é", "n": -7, "yes": False, "inner": {"n": [1, None]}}
    body = Body(raw_of(attributes))
    await store.write([Put(Item(Key(partition, "a"), 1, body), ABSENT), Put(Item(Key(partition, "b"), 1, Body(b"{}")), ABSENT)])
    assert await store.get([Key(partition, "a"), Key(partition, "b")]) == (
        item(partition, "a", **attributes),
        item(partition, "b"),
    )
    assert await required(adapter.raw)(Key(partition, "a")) == item(partition, "a", **attributes)


async def test_what_was_written_is_what_is_stored(adapter: Adapter, store: Store, partition: str) -> None:
    raw = required(adapter.raw)
    put = Item(Key(partition, "a"), 3, {"text": "é", "n": 1, "list": [{}, None]}, {2: IndexKey(partition, "z")})
    await store.write([Put(put, ABSENT), new(partition, "b", n=1), new(partition, "c")])
    assert await raw(put.key) == put
    await store.write([Add(Key(partition, "b"), {"n": 2, "m": 0}, {}, ANYTHING), Delete(Key(partition, "c"), Version(1))])
    await store.write([Add(Key(partition, "d"), {"n": -1}, {}, ABSENT)])
    assert await raw(Key(partition, "b")) == item(partition, "b", 2, n=3, m=0)
    assert await raw(Key(partition, "c")) is None
    assert await raw(Key(partition, "d")) == item(partition, "d", n=-1)


async def test_what_is_stored_is_what_is_read_and_changed(adapter: Adapter, store: Store, partition: str) -> None:
    index_keys = {1: IndexKey(partition, "z"), 2: IndexKey(partition, "y")}
    planted = Item(Key(partition, "a"), 3, {"text": "é", "n": 1, "list": [{}, None]}, index_keys)
    for each in (planted, item(partition, "sum", 2, n=4)):
        await required(adapter.plant)(each)
    assert await one(store, partition, "a") == planted
    assert await walked(store, walk_of(partition)) == (planted, item(partition, "sum", 2, n=4))
    await eventually(lambda: names(store, walk_of(partition, 2)), ["a"])
    assert await walked(store, walk_of(partition, 2)) == (
        Item(planted.key, 3, planted.attributes, {2: IndexKey(partition, "y")}),
    )
    assert await refusal(store, [new(partition, "a")]) == {0: Failure(0, "exists", 3)}
    await store.write([Add(Key(partition, name), {"n": 1}, {"n": Bounds(0, 5)}, ANYTHING) for name in ("a", "sum")])
    assert await one(store, partition, "sum") == item(partition, "sum", 3, n=5)
    assert await one(store, partition, "a") == Item(planted.key, 4, {**planted.attributes, "n": 2}, planted.index_keys)


async def test_tables_are_apart(store: Store, partition: str) -> None:
    other = item(partition, "a", table="integrates_vms_historic", of="history")
    await store.write([new(partition, "a", of="items"), Put(other, ABSENT)])
    found = await store.get([other.key, Key(partition, "a")])
    assert [each and each.attributes for each in found] == [{"of": "history"}, {"of": "items"}]


async def test_every_value_comes_back_as_it_was_written(store: Store, partition: str) -> None:
    values: dict[str, Value] = {
        "none": None,
        "true": True,
        "false": False,
        "numbers": [0, 1, -1, 2**63 - 1, -(2**63) + 1],
        "texts": ["", " ", "é", "\U0001f512", "\0\n\t\"'\\", "0001", "2026-01-01T00:00:00.000000+00:00"],
        "nested": {"list": [[], {}, [None]], "map": {"a.b": {"#": ["x"]}}},
        "·name with spaces·": "x",
    }
    written = Item(Key(partition, partition), 7, values, {1: IndexKey(partition, "é#"), 3: IndexKey(partition, "z")})
    await store.write([Put(written, ABSENT)])
    found = await one(store, partition, partition)
    assert found == written
    assert found is not None
    assert found.attributes["true"] is True


async def test_sequences_come_back_as_lists(store: Store, partition: str) -> None:
    await store.write([new(partition, "a", pair=("x", ("y",)))])
    found = await one(store, partition, "a")
    assert found is not None
    assert found.attributes == {"pair": ["x", ["y"]]}


async def test_index_keys_that_are_stored_are_not_the_callers_own_object(store: Store, partition: str) -> None:
    mine = {1: IndexKey(partition, "z")}
    await store.write([Put(Item(Key(partition, "a"), 1, {}, mine), ABSENT)])
    mine[1] = IndexKey(partition, "y")
    mine[2] = IndexKey(partition, "x")
    stored = Item(Key(partition, "a"), 1, {}, {1: IndexKey(partition, "z")})
    for _ in range(2):
        found = await one(store, partition, "a")
        assert found == stored
        assert isinstance(found.index_keys, dict)
        found.index_keys.clear()
    await eventually(lambda: names(store, walk_of(partition, 1)), ["a"])
    await store.write([following(partition, "a", 2)])
    await eventually(lambda: names(store, walk_of(partition, 1)), [])
    assert await one(store, partition, "a") == item(partition, "a", 2)


async def test_what_is_stored_is_not_the_callers_own_object(store: Store, partition: str) -> None:
    mine = {"inner": {"list": [1]}}
    written = Item(Key(partition, "a"), 1, mine)
    await store.write([Put(written, ABSENT)])
    mine["inner"]["list"].append(2)
    first = await one(store, partition, "a")
    assert first is not None
    assert first.attributes == {"inner": {"list": [1]}}
    (page,) = await store.query([walk_of(partition)])
    first.attributes["inner"]["list"].append(3)  # type: ignore[index,call-overload,union-attr]  # a list, just written
    page.items[0].attributes["inner"]["list"].append(4)  # type: ignore[index,call-overload,union-attr]  # likewise
    again = await one(store, partition, "a")
    assert again is not None
    assert again.attributes == {"inner": {"list": [1]}}
