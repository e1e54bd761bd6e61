"""Requirements of concurrent use."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from integrates.db_model.errors import Conflict
from integrates.db_model.store.port import Check, Key, Store, Version
from integrates.db_model.testing.adapter import Adapter
from integrates.db_model.testing.race import laps
from integrates.db_model.testing.requirements.handle import required
from integrates.db_model.testing.requirements.sample import following, item, new, one, walk_of

RACERS: Final = 8


async def won(store: Store, partition: str, number: int, racer: int) -> bool:
    """Try to write a version of the item. Return whether it was written."""
    try:
        await store.write([following(partition, "a", number, by=racer), new(partition, f"{number}")])
    except Conflict:
        return False
    return True


async def test_of_many_racers_on_one_version_exactly_one_wins(adapter: Adapter, partition: str) -> None:
    async with adapter.handle() as first, adapter.handle() as second:
        await first.write([new(partition, "a")])
        for number in range(2, 8):
            racers = [
                won(store, partition, number, 2 * n + m) for n in range(RACERS) for m, store in enumerate((first, second))
            ]
            outcomes = await asyncio.gather(*racers)
            assert sum(outcomes) == 1
            assert await one(second, partition, "a") == item(partition, "a", number, by=outcomes.index(True))


async def test_of_many_racers_for_a_new_item_exactly_one_wins(adapter: Adapter, partition: str) -> None:
    async def claimed(store: Store, racer: int) -> bool:
        try:
            await store.write([new(partition, "claim", by=racer), new(partition, f"{racer}")])
        except Conflict:
            return False
        return True

    async with adapter.handle() as first, adapter.handle() as second:
        outcomes = await asyncio.gather(*(claimed(store, n) for n, store in enumerate((first, second) * RACERS)))
        assert sum(outcomes) == 1
        assert await one(first, partition, "claim") == item(partition, "claim", by=outcomes.index(True))


def _in_threads(race: Callable[[int], Coroutine[Any, Any, list[int]]]) -> list[list[int]]:
    with ThreadPoolExecutor(RACERS) as threads:
        return list(threads.map(lambda racer: asyncio.run(race(racer)), range(RACERS)))


async def test_threads_with_an_event_loop_and_a_handle_each_race_fairly(adapter: Adapter, partition: str) -> None:
    async def race(_: int) -> list[int]:
        async with adapter.handle() as own:
            return await laps(own, Key(partition, "a"), 3)

    async with adapter.handle() as store:
        await store.write([new(partition, "a")])
        versions = await asyncio.to_thread(_in_threads, race)
        assert sorted(version for some in versions for version in some) == list(range(2, 2 + 3 * RACERS))
        assert await one(store, partition, "a") == item(partition, "a", 1 + 3 * RACERS, n=1 + 3 * RACERS)


async def test_one_handle_serves_several_event_loops(store: Store, partition: str) -> None:
    async def race(_: int) -> list[int]:
        return await laps(store, Key(partition, "a"), 3)

    await store.write([new(partition, "a")])
    versions = await asyncio.to_thread(_in_threads, race)
    assert sorted(version for some in versions for version in some) == list(range(2, 2 + 3 * RACERS))


async def test_two_processes_race_fairly(adapter: Adapter, store: Store, partition: str) -> None:
    async def racer(url: str) -> list[int]:
        arguments = (sys.executable, "-m", "integrates.db_model.testing.race", url, partition, "100")
        process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        assert process.returncode == 0
        return [int(word) for word in output.split()]

    url = required(adapter.url)
    await store.write([new(partition, partition)])
    first, second = await asyncio.gather(racer(url), racer(url))
    assert sorted(first + second) == list(range(2, 202))
    assert await one(store, partition, partition) == item(partition, partition, 201, n=201)


@pytest.mark.parametrize("begun", range(4))
async def test_a_caller_that_is_cancelled_disturbs_no_other(store: Store, partition: str, begun: int) -> None:
    """Cancel every fourth of some reads and writes that run together, a few turns of the event loop after they began."""
    await store.write([new(partition, "a")])
    calls: list[Awaitable[Any]] = [
        call
        for n in range(RACERS)
        for call in (store.write([new(partition, f"{n}")]), store.get([Key(partition, "a")]), store.query([walk_of(partition)]))
    ]
    tasks = [asyncio.ensure_future(call) for call in calls]
    for _ in range(begun):
        await asyncio.sleep(0)
    for task in tasks[::4]:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [outcome for n, outcome in enumerate(outcomes) if n % 4 and isinstance(outcome, BaseException)] == []
    names = [f"{n // 3}" for n in range(0, len(calls), 3) if n % 4]
    assert None not in await store.get([Key(partition, name) for name in names])


async def test_a_checked_item_cannot_change_before_the_write_is_done(adapter: Adapter, partition: str) -> None:
    """Write children while their parent changes: each that checked the parent's version was written before that changed."""

    async def child(store: Store, name: str) -> bool:
        try:
            await store.write([Check(Key(partition, "a"), Version(1)), new(partition, name)])
        except Conflict:
            return False
        return True

    async with adapter.handle() as first, adapter.handle() as second:
        await first.write([new(partition, "a")])
        names = [f"child{n}" for n in range(RACERS)]
        work = (child(first, names[0]), won(second, partition, 2, 0), *(child(second, name) for name in names[1:]))
        outcomes = await asyncio.gather(*work)
        assert outcomes.pop(1) is True
        stored = await first.get([Key(partition, name) for name in names])
        assert [found is not None for found in stored] == outcomes
        assert await child(second, "late") is False
