"""Requirements of calls that fail."""

import asyncio
from typing import Final

import pytest

from integrates.db_model.errors import Failure, Unavailable, Unfit
from integrates.db_model.store.port import ANYTHING, Add, Item, Key, Put, Store, Version
from integrates.db_model.testing.adapter import Adapter, Opener
from integrates.db_model.testing.requirements.handle import required
from integrates.db_model.testing.requirements.sample import following, item, names, new, one, refusal, walk_of

PATIENCE: Final = 60.0
"""Seconds within which an adapter must give up that is set to give up within a few."""


async def test_a_write_whose_answer_was_lost_is_recognised_as_done(adapter: Adapter, store: Store, partition: str) -> None:
    async with required(adapter.forgetful)() as forgetful:
        await forgetful.write([new(partition, "a")])
        await forgetful.write([following(partition, "a", 2), Add(Key(partition, "sum"), {"n": 1}, {}, ANYTHING)])
        await forgetful.write([Add(Key(partition, "sum"), {"n": 1}, {}, ANYTHING)])
        await forgetful.write([Put(item(partition, "a", 3, by="third"), Version(2))])
    assert await one(store, partition, "a") == item(partition, "a", 3, by="third")
    assert await one(store, partition, "sum") == item(partition, "sum", 2, n=2)


async def test_a_conflict_is_still_one_when_answers_get_lost(adapter: Adapter, store: Store, partition: str) -> None:
    await store.write([new(partition, "a")])
    async with required(adapter.forgetful)() as forgetful:
        assert await refusal(forgetful, [new(partition, "a"), new(partition, "b")]) == {0: Failure(0, "exists", 1)}
    assert await names(store, walk_of(partition)) == ["a"]


async def test_a_transient_error_is_retried(adapter: Adapter, partition: str) -> None:
    async with required(adapter.stumbling)() as stumbling:
        await stumbling.write([new(partition, "a", index=1), new(partition, "b")])
        await stumbling.write([Add(Key(partition, "sum"), {"n": 1}, {}, ANYTHING)])
        assert [found and found.version for found in await stumbling.get([Key(partition, "a"), Key(partition, "c")])] == [
            1,
            None,
        ]
        assert await names(stumbling, walk_of(partition, limit=1)) == ["a", "b", "sum"]
        assert await refusal(stumbling, [new(partition, "a")]) == {0: Failure(0, "exists", 1)}
        assert await one(stumbling, partition, "sum") == item(partition, "sum", 1, n=1)


async def test_a_store_that_never_answers_is_unavailable(adapter: Adapter, partition: str) -> None:
    async with required(adapter.lost)() as lost, asyncio.timeout(PATIENCE):
        with pytest.raises(Unavailable):
            await lost.write([new(partition, "a")])


async def test_a_store_that_cannot_be_used_is_unfit(adapter: Adapter, partition: str) -> None:
    async def read(opened: Opener) -> Item | None:
        async with opened() as store:
            return await one(store, partition, "a")

    for opened in required(adapter.unfit).values():
        with pytest.raises(Unfit) as caught:
            await read(opened)
        assert caught.value.reason


async def test_a_store_that_is_taken_away_while_it_is_open_acknowledges_nothing(adapter: Adapter, partition: str) -> None:
    keys = [Key(partition, f"{number}") for number in range(100)]
    for opened in required(adapter.vanishing).values():
        async with opened() as (store, lose):
            await store.write([new(partition, "a", index=1)])
            await lose()
            for number in range(3):
                with pytest.raises(Unfit):
                    await store.write([new(partition, f"{number}")])
            for call in (store.get(keys[:1]), store.get(keys), store.query([walk_of(partition, 1)])):
                with pytest.raises(Unfit) as caught:
                    await call
                assert caught.value.reason


async def test_what_was_written_is_there_when_the_store_is_opened_again(adapter: Adapter, partition: str) -> None:
    async with adapter.handle() as first:
        await first.write([new(partition, "a", index=1, text="x")])
    async with adapter.handle() as second:
        assert await one(second, partition, "a") == item(partition, "a", index=1, text="x")
