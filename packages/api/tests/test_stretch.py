"""Lists of many stretches: the same items at every page size, and few calls of the store."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from packages.api.tests.conftest import stamping
from packages.api.tests.test_store_calls import counting

from integrates.api.resolve.connection import MAX_LOOKED_AT, TOGETHER, Batch, Page, Walk, walked
from integrates.db_model.store.port import Query
from integrates.db_model.testing import scene

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.api.tests.conftest import World

    from integrates.db_model.testing.scene import Stamping

LONG: Final = 121
"""The months of ten years, from one to the same ten years later."""


class Shelf:
    """Numbers in stretches; ``None`` is a stretch that nobody may see. Keeps how many numbers each read asked for."""

    def __init__(self, sizes: Sequence[int | None], *, kept: bool = False, together: int = 1) -> None:
        self.numbers = [None if size is None else [100 * at + n for n in range(size)] for at, size in enumerate(sizes)]
        self.limits: list[int] = []
        self.reading, self.rounds, self.kept = 0, 0, kept
        queries = [
            None if size is None else Query(pattern="", index=None, pk=str(at), limit=1) for at, size in enumerate(sizes)
        ]
        self.walk = Walk(stretches=tuple(queries), read=self.read, keep=self.keep if kept else None, together=together)

    async def read(self, query: Query) -> Batch[int]:
        """Read a page. What is asked for before an earlier read has ended is the same round as that."""
        self.rounds += not self.reading
        self.reading += 1
        await asyncio.sleep(0)
        self.reading -= 1
        self.limits.append(query.limit)
        begin = int(query.after or 0)
        found = (self.numbers[int(query.pk)] or [])[begin:]
        nodes = found[: query.limit]
        cursors = tuple(str(begin + n + 1) for n in range(len(nodes)))
        return Batch(tuple(nodes), cursors, len(found) > query.limit, cursors[-1] if cursors else None)

    @staticmethod
    async def keep(found: Sequence[int]) -> Sequence[bool]:
        """Keep every third number."""
        return [number % 3 == 0 for number in found]

    def everything(self) -> list[int]:
        """Return the whole list."""
        return [number for part in self.numbers for number in part or () if not self.kept or number % 3 == 0]

    async def pages(self, size: int) -> list[Page[int]]:
        """Walk the whole list."""
        pages = [await walked(self.walk, None, size)]
        while pages[-1].has_next:
            pages.append(await walked(self.walk, pages[-1].end, size))
        return pages


sizes = st.lists(st.none() | st.sampled_from([0, 0, 0, 1, 2, 3, 9, 30]), min_size=0, max_size=40)


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("together", [1, 3, TOGETHER])
@given(sizes=sizes, size=st.sampled_from([1, 2, 3, 7, 25, 500]))
@settings(max_examples=60)
async def test_each_page_size_shows_the_same(sizes: list[int | None], size: int, together: int, *, kept: bool) -> None:
    shelf = Shelf(sizes, kept=kept, together=together)
    whole, pages = shelf.everything(), await shelf.pages(size)
    shown = [[row.node for row in page.rows] for page in pages]
    assert [number for page in shown for number in page] == whole
    assert [len(page) for page in shown[:-1]] == [size] * (len(shown) - 1)
    for before, page in enumerate(pages):
        assert page.has_previous == (before > 0)
        assert page.end == (page.rows[-1].position if page.rows else None)
        for row in page.rows:
            rest = (await walked(shelf.walk, row.position, 500)).rows
            assert [one.node for one in rest] == whole[whole.index(row.node) + 1 :]


@pytest.mark.parametrize("sizes", [[0] * LONG, [1] * LONG, [3] * LONG, [0] * 120 + [900], [0, 40] * 60, [2, 0, 0] * 40])
@pytest.mark.parametrize("size", [1, 25, 100, 500])
async def test_a_page_takes_few_reads_and_few_items(sizes: list[int], size: int) -> None:
    for together, most in ((1, 6), (TOGETHER, 5)):
        shelf = Shelf(sizes, together=together)
        await walked(shelf.walk, None, size)
        assert shelf.rounds <= most
        assert sum(shelf.limits) <= most * (3 * (size + 1) + LONG)


@pytest.mark.parametrize("together", [1, TOGETHER])
async def test_a_full_first_stretch_costs_little_more_than_the_page(together: int) -> None:
    shelf = Shelf([900] * LONG, together=together)
    await walked(shelf.walk, None, 25)
    assert shelf.rounds == 1
    assert sum(shelf.limits) <= 26 * (1 if together == 1 else 3)


async def test_what_was_read_ahead_counts_up_to_the_bound_only() -> None:
    for together in (1, TOGETHER):
        shelf = Shelf([99] * 90, kept=True, together=together)
        shelf.walk = replace(shelf.walk, keep=_nothing)
        page = await walked(shelf.walk, None, 25)
        assert (page.rows, page.has_next) == ((), True)
        assert page.end
        assert MAX_LOOKED_AT <= 99 * page.end.stretch + int(page.end.after or 0) < MAX_LOOKED_AT + 200
        assert sum(shelf.limits) <= 3 * (MAX_LOOKED_AT + 200)
        assert shelf.rounds <= 12


async def _nothing(found: Sequence[int]) -> Sequence[bool]:
    return [False] * len(found)


AUDIT: Final = """query ($first: Int, $after: String) { group(name: "ancient") { audit(first: $first, after: $after) {
  nodes { at entity version } pageInfo { hasNextPage endCursor } } } }"""
PEOPLE: Final = "query ($first: Int, $after: String) { stakeholders(first: $first, after: $after) { %s } }"


async def _calls(world: World, query: str, **variables: Any) -> tuple[Any, list[str]]:
    calls: list[str] = []
    answer = await world.answer("ada", query, store=counting(world.store, calls), **variables)
    assert "errors" not in answer.body
    return answer.body["data"], calls


def _stamping(year: int) -> Stamping:
    return stamping(datetime(year, 5, 1, 12, tzinfo=UTC))


async def test_the_trail_of_ten_years_takes_few_calls(world: World) -> None:
    group = await scene.add_group(world.store, "ancient", _stamping(2016), organization="aurora")
    for year in (2016, 2019, 2022, 2025):
        stamp = _stamping(year)
        await scene.add_root(world.store, group, f"since{year}", stamp, url=f"https://git.example/{year}", branch="main")
    data, calls = await _calls(world, AUDIT, first=500)
    whole = data["group"]["audit"]["nodes"]
    assert [node["at"][:4] for node in whole if node["entity"].startswith("ROOT")] == ["2016", "2019", "2022", "2025"]
    assert len(calls) <= 9
    for size in range(1, len(whole) + 2):
        found, after, goes_on = [], None, True
        while goes_on:
            data, calls = await _calls(world, AUDIT, first=size, after=after)
            page = data["group"]["audit"]
            found += page["nodes"]
            after, goes_on = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
            assert len(calls) <= 9
        assert found == whole


async def test_people_of_all_shards_are_read_in_one_call(world: World) -> None:
    data, calls = await _calls(world, PEOPLE % "nodes { id }", first=100)
    assert len(data["stakeholders"]["nodes"]) == 16
    assert calls == ["get", "query"]
