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


async def test_absent_refuses_a_second_put_and_leaves_the_first_untouched(store: Store, partition: str) -> None:
    await store.write([new(partition, "a", by="first")])
    assert await refusal(store, [new(partition, "a", by="second")]) == {0: Failure(0, "exists", 1)}
    assert await one(store, partition, "a") == item(partition, "a", by="first")


async def test_version_refuses_a_stale_put(store: Store, partition: str) -> None:
    await store.write([new(partition, "a")])
    await store.write([following(partition, "a", 2, by="first")])
    assert await refusal(store, [following(partition, "a", 2, by="second")]) == {0: Failure(0, "stale", 2)}
    assert await one(store, partition, "a") == item(partition, "a", 2, by="first")


async def test_version_refuses_a_stale_delete(store: Store, partition: str) -> None:
    await store.write([Put(item(partition, "a", 5), ABSENT)])
    assert await refusal(store, [Delete(Key(partition, "a"), Version(4))]) == {0: Failure(0, "stale", 5)}
    assert await one(store, partition, "a") == item(partition, "a", 5)


async def test_version_refuses_a_missing_item_and_conflict_tells_it_from_a_stale_one(store: Store, partition: str) -> None:
    await store.write([new(partition, "stored")])
    for change in (
        following(partition, "a", 2),
        Delete(Key(partition, "a"), Version(1)),
        Check(Key(partition, "a"), Version(1)),
    ):
        assert await refusal(store, [change]) == {0: Failure(0, "missing")}
    assert await names(store, walk_of(partition)) == ["stored"]


async def test_anything_puts_and_deletes_whatever_is_there(store: Store, partition: str) -> None:
    await store.write([Put(item(partition, "a", 3, by="first"), ANYTHING)])
    await store.write([Put(item(partition, "a", 1, by="second"), ANYTHING), Delete(Key(partition, "b"), ANYTHING)])
    assert await one(store, partition, "a") == item(partition, "a", 1, by="second")
    await store.write([Delete(Key(partition, "a"), ANYTHING)])
    assert await one(store, partition, "a") is None


async def test_a_delete_may_expect_that_nothing_is_there(store: Store, partition: str) -> None:
    await store.write([Delete(Key(partition, "a"), ABSENT), new(partition, "b")])
    assert await refusal(store, [Delete(Key(partition, "b"), ABSENT)]) == {0: Failure(0, "exists", 1)}


async def test_a_deleted_item_can_be_put_again(store: Store, partition: str) -> None:
    await store.write([new(partition, "a")])
    await store.write([Delete(Key(partition, "a"), Version(1))])
    await store.write([new(partition, "a", by="second")])
    assert await one(store, partition, "a") == item(partition, "a", by="second")


@pytest.mark.parametrize("failing", range(4))
async def test_a_write_is_all_or_nothing_and_conflict_names_a_failing_position(
    store: Store, partition: str, failing: int
) -> None:
    before = (
        Put(item(partition, "changed", 1), ABSENT),
        Put(item(partition, "gone", 1), ABSENT),
        Put(item(partition, "taken", 9), ABSENT),
    )
    await store.write(before)
    good: list[Change] = [
        new(partition, "added"),
        following(partition, "changed", 2),
        Delete(Key(partition, "gone"), Version(1)),
    ]
    changes = [*good[:failing], expecting(ABSENT, partition, "taken", 1), *good[failing:]]
    assert await refusal(store, changes) == {failing: Failure(failing, "exists", 9)}
    assert await walked(store, walk_of(partition)) == tuple(put.item for put in before)


async def test_conflict_names_only_failing_positions(store: Store, partition: str) -> None:
    await store.write([new(partition, "a"), new(partition, "c")])
    failed = await refusal(
        store, [new(partition, "a"), new(partition, "b"), following(partition, "c", 3), following(partition, "d", 2)]
    )
    true = {0: Failure(0, "exists", 1), 2: Failure(2, "stale", 1), 3: Failure(3, "missing")}
    assert failed.items() <= true.items()


async def test_a_check_guards_and_writes_nothing(store: Store, partition: str) -> None:
    await store.write([new(partition, "guard")])
    guards = (Check(Key(partition, "guard"), Version(1)), Check(Key(partition, "none"), ABSENT))
    await store.write([*guards, new(partition, "a")])
    assert await names(store, walk_of(partition)) == ["a", "guard"]
    assert await one(store, partition, "guard") == item(partition, "guard")
    for position, wrong in enumerate((Check(Key(partition, "guard"), ABSENT), Check(Key(partition, "none"), Version(1)))):
        failed = await refusal(store, [*guards[:position], wrong, new(partition, "b")])
        assert failed.keys() == {position}
    assert await one(store, partition, "b") is None


async def test_a_write_of_checks_alone_guards_too(store: Store, partition: str) -> None:
    await store.write([Check(Key(partition, "a"), ABSENT)])
    assert await refusal(store, [Check(Key(partition, "a"), Version(2))]) == {0: Failure(0, "missing")}


async def test_a_key_twice_in_one_write_is_a_bug(store: Store, partition: str) -> None:
    pairs: list[list[Change]] = [
        [new(partition, "a"), Check(Key(partition, "a"), Absent())],
        [new(partition, "a"), new(partition, "a")],
        [Delete(Key(partition, "a"), ANYTHING), new(partition, "a")],
    ]
    for pair in pairs:
        with pytest.raises(ValueError, match="more than once"):
            await store.write(pair)
    assert await one(store, partition, "a") is None


async def test_an_empty_write_writes_nothing(adapter: Adapter, store: Store, partition: str) -> None:
    await store.write([new(partition, "a", index=1, n=1)])
    await store.write([])
    assert await required(adapter.raw)(Key(partition, "a")) == item(partition, "a", index=1, n=1)
    assert await names(store, walk_of(partition)) == ["a"]


async def test_a_failing_write_fails_none_that_is_committed_with_it(store: Store, partition: str) -> None:
    await store.write([new(partition, "taken"), new(partition, "sum", n=1), new(partition, "full", text="x" * 409_000)])
    wrong: tuple[Change, ...] = (
        new(partition, "taken"),
        following(partition, "missing", 2),
        Add(Key(partition, "sum"), {"n": 1}, {"n": Bounds(high=1)}, ANYTHING),
        Add(Key(partition, "full"), {"n" * 600: 1}, {}, ANYTHING),
    )
    counted = Add(Key(partition, "good"), {"n": 1}, {}, ANYTHING)
    good: list[list[Change]] = [[new(partition, f"{n}"), counted] for n in range(12)]
    bad: list[list[Change]] = [[new(partition, f"beside {n}"), each] for n, each in enumerate(wrong)]
    writes = [good[n] if n % 3 else bad[n // 3] for n in range(12)]
    outcomes = await asyncio.gather(*(store.write(changes) for changes in writes), return_exceptions=True)
    assert [type(each) for each in outcomes if each is not None] == [Conflict, Conflict, Conflict, LimitExceeded]
    assert [n for n, each in enumerate(outcomes) if each is not None] == [0, 3, 6, 9]
    assert await one(store, partition, "good") == item(partition, "good", 8, n=8)
    stored = await names(store, walk_of(partition))
    assert sorted(stored) == sorted([*(f"{n}" for n in range(12) if n % 3), "full", "good", "sum", "taken"])


async def test_index_keys_are_sparse_and_a_put_replaces_them_all(store: Store, partition: str) -> None:
    async def listed(index: int) -> list[str]:
        return await names(store, walk_of(f"{partition}#{index}", index))

    def standing(number: int, *indexes: int) -> Item:
        return Item(Key(partition, "a"), number, {}, {index: IndexKey(f"{partition}#{index}", "a") for index in indexes})

    await store.write([Put(standing(1, 1, 2), ABSENT), new(partition, "unlisted")])
    await eventually(lambda: listed(1), ["a"])
    await eventually(lambda: listed(2), ["a"])
    await store.write([Put(standing(2, 2, 3), Version(1))])
    await eventually(lambda: listed(1), [])
    await eventually(lambda: listed(3), ["a"])
    assert await listed(2) == ["a"]
    assert await one(store, partition, "a") == standing(2, 2, 3)
    await store.write([Delete(Key(partition, "a"), Version(2))])
    await eventually(lambda: listed(2), [])
    await eventually(lambda: listed(3), [])
