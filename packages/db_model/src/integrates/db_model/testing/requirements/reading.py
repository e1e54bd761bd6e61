"""Requirements of ``get``."""

from integrates.db_model.store.port import ABSENT, Delete, IndexKey, Item, Key, Put, Store, Value, Version
from integrates.db_model.testing.requirements.sample import following, item, new, one, walk_of


async def test_get_answers_in_the_order_asked_none_for_what_is_missing_and_repeats_repeated(store: Store, place: str) -> None:
    await store.write([new(place, "a", n=1), new(place, "b", n=2)])
    found = await store.get([Key(place, name) for name in ("b", "absent", "a", "b", "absent")])
    assert [each and each.attributes["n"] for each in found] == [2, None, 1, 2, None]


async def test_get_of_no_keys_is_empty(store: Store) -> None:
    assert await store.get([]) == ()


async def test_get_reads_its_own_writes(store: Store, place: str) -> None:
    for number in range(2, 12):
        await store.write([new(place, str(number))])
        await store.write([following(place, str(number), 2, n=number)])
        assert await one(store, place, str(number)) == item(place, str(number), 2, n=number)
        await store.write([Delete(Key(place, str(number)), Version(2))])
        assert await one(store, place, str(number)) is None


async def test_get_takes_any_number_of_keys(store: Store, place: str) -> None:
    names = [f"{number:03}" for number in range(250)]
    for begin in range(0, len(names), 100):
        await store.write([new(place, name) for name in names[begin : begin + 100]])
    asked = [*names, *reversed(names)]
    found = await store.get([Key(place, name) for name in asked])
    assert [each and each.key.sk for each in found] == asked


async def test_tables_are_apart(store: Store, place: str) -> None:
    other = item(place, "a", table="integrates_vms_historic", of="history")
    await store.write([new(place, "a", of="items"), Put(other, ABSENT)])
    found = await store.get([other.key, Key(place, "a")])
    assert [each and each.attributes for each in found] == [{"of": "history"}, {"of": "items"}]


async def test_every_value_comes_back_as_it_was_written(store: Store, place: str) -> None:
    values: dict[str, Value] = {
        "none": None,
        "true": True,
        "false": False,
        "numbers": [0, 1, -1, 2**63 - 1, -(2**63) + 1],
        "texts": ["", " ", "é", "\U0001f512", "\0\n\t\"'\\", "0001", "2026-01-01T00:00:00.000000+00:00"],
        "nested": {"list": [[], {}, [None]], "map": {"a.b": {"#": ["x"]}}},
        "·name with spaces·": "x",
    }
    written = Item(Key(place, place), 7, values, {1: IndexKey(place, "é#"), 3: IndexKey(place, "z")})
    await store.write([Put(written, ABSENT)])
    found = await one(store, place, place)
    assert found == written
    assert found is not None
    assert found.attributes["true"] is True


async def test_sequences_come_back_as_lists(store: Store, place: str) -> None:
    await store.write([new(place, "a", pair=("x", ("y",)))])
    found = await one(store, place, "a")
    assert found is not None
    assert found.attributes == {"pair": ["x", ["y"]]}


async def test_what_is_stored_is_not_the_callers_own_object(store: Store, place: str) -> None:
    mine = {"inner": {"list": [1]}}
    written = Item(Key(place, "a"), 1, mine)
    await store.write([Put(written, ABSENT)])
    mine["inner"]["list"].append(2)
    first = await one(store, place, "a")
    assert first is not None
    assert first.attributes == {"inner": {"list": [1]}}
    (page,) = await store.query([walk_of(place)])
    first.attributes["inner"]["list"].append(3)  # type: ignore[index,call-overload,union-attr]  # a list, just written
    page.items[0].attributes["inner"]["list"].append(4)  # type: ignore[index,call-overload,union-attr]  # likewise
    again = await one(store, place, "a")
    assert again is not None
    assert again.attributes == {"inner": {"list": [1]}}
