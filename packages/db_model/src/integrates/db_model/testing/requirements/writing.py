"""Requirements of ``write``."""

import asyncio

import pytest

from integrates.db_model.errors import Conflict, Failure, LimitExceeded
from integrates.db_model.store.port import (
    ABSENT,
    ANYTHING,
    Absent,
    Add,
    Bounds,
    Change,
    Check,
    Delete,
    IndexKey,
    Item,
    Key,
    Put,
    Store,
    Version,
)
from integrates.db_model.testing.adapter import Adapter
from integrates.db_model.testing.requirements.handle import required
from integrates.db_model.testing.requirements.sample import (
    eventually,
    expecting,
    following,
    item,
    names,
    new,
    one,
    refusal,
    walk_of,
    walked,
)


async def test_absent_refuses_a_second_put_and_leaves_the_first_untouched(store: Store, place: str) -> None:
    await store.write([new(place, "a", by="first")])
    assert await refusal(store, [new(place, "a", by="second")]) == {0: Failure(0, "exists", 1)}
    assert await one(store, place, "a") == item(place, "a", by="first")


async def test_version_refuses_a_stale_put(store: Store, place: str) -> None:
    await store.write([new(place, "a")])
    await store.write([following(place, "a", 2, by="first")])
    assert await refusal(store, [following(place, "a", 2, by="second")]) == {0: Failure(0, "stale", 2)}
    assert await one(store, place, "a") == item(place, "a", 2, by="first")


async def test_version_refuses_a_stale_delete(store: Store, place: str) -> None:
    await store.write([Put(item(place, "a", 5), ABSENT)])
    assert await refusal(store, [Delete(Key(place, "a"), Version(4))]) == {0: Failure(0, "stale", 5)}
    assert await one(store, place, "a") == item(place, "a", 5)


async def test_version_refuses_a_missing_item_and_conflict_tells_it_from_a_stale_one(store: Store, place: str) -> None:
    await store.write([new(place, "stored")])
    for change in (following(place, "a", 2), Delete(Key(place, "a"), Version(1)), Check(Key(place, "a"), Version(1))):
        assert await refusal(store, [change]) == {0: Failure(0, "missing")}
    assert await names(store, walk_of(place)) == ["stored"]


async def test_anything_puts_and_deletes_whatever_is_there(store: Store, place: str) -> None:
    await store.write([Put(item(place, "a", 3, by="first"), ANYTHING)])
    await store.write([Put(item(place, "a", 1, by="second"), ANYTHING), Delete(Key(place, "b"), ANYTHING)])
    assert await one(store, place, "a") == item(place, "a", 1, by="second")
    await store.write([Delete(Key(place, "a"), ANYTHING)])
    assert await one(store, place, "a") is None


async def test_a_delete_may_expect_that_nothing_is_there(store: Store, place: str) -> None:
    await store.write([Delete(Key(place, "a"), ABSENT), new(place, "b")])
    assert await refusal(store, [Delete(Key(place, "b"), ABSENT)]) == {0: Failure(0, "exists", 1)}


async def test_a_deleted_item_can_be_put_again(store: Store, place: str) -> None:
    await store.write([new(place, "a")])
    await store.write([Delete(Key(place, "a"), Version(1))])
    await store.write([new(place, "a", by="second")])
    assert await one(store, place, "a") == item(place, "a", by="second")


@pytest.mark.parametrize("failing", range(4))
async def test_a_write_is_all_or_nothing_and_conflict_names_a_failing_position(store: Store, place: str, failing: int) -> None:
    before = (Put(item(place, "changed", 1), ABSENT), Put(item(place, "gone", 1), ABSENT), Put(item(place, "taken", 9), ABSENT))
    await store.write(before)
    good: list[Change] = [new(place, "added"), following(place, "changed", 2), Delete(Key(place, "gone"), Version(1))]
    changes = [*good[:failing], expecting(ABSENT, place, "taken", 1), *good[failing:]]
    assert await refusal(store, changes) == {failing: Failure(failing, "exists", 9)}
    assert await walked(store, walk_of(place)) == tuple(put.item for put in before)


async def test_conflict_names_only_failing_positions(store: Store, place: str) -> None:
    await store.write([new(place, "a"), new(place, "c")])
    failed = await refusal(store, [new(place, "a"), new(place, "b"), following(place, "c", 3), following(place, "d", 2)])
    true = {0: Failure(0, "exists", 1), 2: Failure(2, "stale", 1), 3: Failure(3, "missing")}
    assert failed.items() <= true.items()


async def test_a_check_guards_and_writes_nothing(store: Store, place: str) -> None:
    await store.write([new(place, "guard")])
    guards = (Check(Key(place, "guard"), Version(1)), Check(Key(place, "none"), ABSENT))
    await store.write([*guards, new(place, "a")])
    assert await names(store, walk_of(place)) == ["a", "guard"]
    assert await one(store, place, "guard") == item(place, "guard")
    for position, wrong in enumerate((Check(Key(place, "guard"), ABSENT), Check(Key(place, "none"), Version(1)))):
        failed = await refusal(store, [*guards[:position], wrong, new(place, "b")])
        assert failed.keys() == {position}
    assert await one(store, place, "b") is None


async def test_a_write_of_checks_alone_guards_too(store: Store, place: str) -> None:
    await store.write([Check(Key(place, "a"), ABSENT)])
    assert await refusal(store, [Check(Key(place, "a"), Version(2))]) == {0: Failure(0, "missing")}


async def test_a_key_twice_in_one_write_is_a_bug(store: Store, place: str) -> None:
    pairs: list[list[Change]] = [
        [new(place, "a"), Check(Key(place, "a"), Absent())],
        [new(place, "a"), new(place, "a")],
        [Delete(Key(place, "a"), ANYTHING), new(place, "a")],
    ]
    for pair in pairs:
        with pytest.raises(ValueError, match="more than once"):
            await store.write(pair)
    assert await one(store, place, "a") is None


async def test_an_empty_write_writes_nothing(adapter: Adapter, store: Store, place: str) -> None:
    await store.write([new(place, "a", index=1, n=1)])
    await store.write([])
    assert await required(adapter.raw)(Key(place, "a")) == item(place, "a", index=1, n=1)
    assert await names(store, walk_of(place)) == ["a"]


async def test_a_failing_write_fails_none_that_is_committed_with_it(store: Store, place: str) -> None:
    await store.write([new(place, "taken"), new(place, "sum", n=1), new(place, "full", text="x" * 409_000)])
    wrong: tuple[Change, ...] = (
        new(place, "taken"),
        following(place, "missing", 2),
        Add(Key(place, "sum"), {"n": 1}, {"n": Bounds(high=1)}, ANYTHING),
        Add(Key(place, "full"), {"n" * 600: 1}, {}, ANYTHING),
    )
    counted = Add(Key(place, "good"), {"n": 1}, {}, ANYTHING)
    good: list[list[Change]] = [[new(place, f"{n}"), counted] for n in range(12)]
    bad: list[list[Change]] = [[new(place, f"beside {n}"), each] for n, each in enumerate(wrong)]
    writes = [good[n] if n % 3 else bad[n // 3] for n in range(12)]
    outcomes = await asyncio.gather(*(store.write(changes) for changes in writes), return_exceptions=True)
    assert [type(each) for each in outcomes if each is not None] == [Conflict, Conflict, Conflict, LimitExceeded]
    assert [n for n, each in enumerate(outcomes) if each is not None] == [0, 3, 6, 9]
    assert await one(store, place, "good") == item(place, "good", 8, n=8)
    stored = await names(store, walk_of(place))
    assert sorted(stored) == sorted([*(f"{n}" for n in range(12) if n % 3), "full", "good", "sum", "taken"])


async def test_index_keys_are_sparse_and_a_put_replaces_them_all(store: Store, place: str) -> None:
    async def listed(index: int) -> list[str]:
        return await names(store, walk_of(f"{place}#{index}", index))

    def standing(number: int, *indexes: int) -> Item:
        return Item(Key(place, "a"), number, {}, {index: IndexKey(f"{place}#{index}", "a") for index in indexes})

    await store.write([Put(standing(1, 1, 2), ABSENT), new(place, "unlisted")])
    await eventually(lambda: listed(1), ["a"])
    await eventually(lambda: listed(2), ["a"])
    await store.write([Put(standing(2, 2, 3), Version(1))])
    await eventually(lambda: listed(1), [])
    await eventually(lambda: listed(3), ["a"])
    assert await listed(2) == ["a"]
    assert await one(store, place, "a") == standing(2, 2, 3)
    await store.write([Delete(Key(place, "a"), Version(2))])
    await eventually(lambda: listed(2), [])
    await eventually(lambda: listed(3), [])
