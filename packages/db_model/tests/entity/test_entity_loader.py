"""Loaders: what is asked for together is read together, and what cannot be read fails those only who asked for it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from integrates.db_model.entity import loader
from integrates.db_model.entity.read import EntityPage
from integrates.db_model.errors import Corrupt, InvalidCursor, Unavailable
from integrates.db_model.findings.facet import FINDING, finding_counters_keys, finding_key
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.roots.facet import root_counters_key
from integrates.db_model.store.port import Item, Key, Page, Query, Store
from integrates.db_model.testing.scene import add_finding, add_group, add_root, add_vulnerability, ticking, uid
from integrates.db_model.vulnerabilities import lists
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House


def counted(store: Store, calls: list[str]) -> Store:
    async def get(keys: Sequence[Key]) -> tuple[Item | None, ...]:
        calls.append("get")
        return await store.get(keys)

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        calls.append("query")
        return await store.query(queries)

    return replace(store, get=get, query=query)


async def test_what_is_loaded_together_is_read_together(store: Store) -> None:
    stamp = ticking()
    group = await add_group(store, "webshop", stamp)
    root = await add_root(store, group, "backend", stamp)
    one, two = [await add_finding(store, group, rule, stamp) for rule in ("R1", "R2")]
    for finding in (one, two):
        for number in range(3):
            await add_vulnerability(store, finding, root, f"{number}.py", stamp, identity=uid(f"{finding.id}/{number}"))
    calls: list[str] = []
    ours = loader.new_loaders(counted(store, calls))
    findings, loaded, pages, counts = await asyncio.gather(
        asyncio.gather(*(loader.load(ours, FINDING, finding_key(each)) for each in (one.id, two.id, uid("none"), one.id))),
        loader.load(ours, GROUP, group_key("webshop")),
        asyncio.gather(*(loader.load_page(ours, VULNERABILITY, lists.of_finding(each.id, limit=2)) for each in (one, two))),
        loader.load_counts(ours, (root_counters_key(root.id), *finding_counters_keys(uid("none")))),
    )
    assert [each.id if each else None for each in findings] == [one.id, two.id, None, one.id]
    assert loaded == group
    assert [{each.finding_id for each in page.entities} for page in pages] == [{one.id}, {two.id}]
    assert [(len(page.entities), page.has_next) for page in pages] == [(2, True), (2, True)]
    assert counts["reported"] == 6
    assert sorted(calls) == ["get", "get", "query"]
    await loader.load_many(ours, FINDING, (finding_key(one.id), finding_key(two.id)))
    assert len(calls) == 3
    loader.forget(ours)
    assert await loader.load_many(ours, FINDING, (finding_key(uid("none")), finding_key(one.id))) == (None, findings[0])
    assert len(calls) == 4


async def test_an_item_that_cannot_be_read_fails_those_only_who_asked_for_it(store: Store, house: House) -> None:
    two = await add_vulnerability(store, await house.known(), house.root, "two.py", house.stamp)
    await house.spoil(vulnerability_key(house.one.id))
    ours = loader.new_loaders(store)
    asked_for = [loader.load(ours, VULNERABILITY, vulnerability_key(each.id)) for each in (house.one, two)]
    odd, fine = await asyncio.gather(*asked_for, return_exceptions=True)
    assert (type(odd), fine) == (Corrupt, two)


READS: dict[str, Callable[[loader.Loaders, str], Awaitable[object]]] = {
    "load": lambda ours, _: loader.load(ours, GROUP, group_key("webshop")),
    "load_many": lambda ours, _: loader.load_many(ours, GROUP, [group_key("webshop"), group_key("none")]),
    "load_page": lambda ours, finding_id: loader.load_page(ours, VULNERABILITY, lists.of_finding(finding_id)),
    "load_counts": lambda ours, finding_id: loader.load_counts(ours, finding_counters_keys(finding_id)),
}


@pytest.mark.parametrize("way", READS)
async def test_a_cancelled_reader_cancels_no_other(store: Store, house: House, way: str) -> None:
    for given_up_at in range(6):
        calls: list[str] = []
        ours = loader.new_loaders(counted(store, calls))
        first, second = (asyncio.ensure_future(READS[way](ours, house.one.finding_id)) for _ in range(2))
        for _ in range(given_up_at):
            await asyncio.sleep(0)
        first.cancel()
        assert await second == await READS[way](ours, house.one.finding_id)
        assert len(calls) == 1


async def test_a_read_that_fails_when_its_readers_are_gone_is_no_complaint(store: Store) -> None:
    begun, ends = asyncio.Event(), asyncio.Event()

    async def get(_: Sequence[Key]) -> tuple[Item | None, ...]:
        begun.set()
        await ends.wait()
        raise Unavailable

    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    ours = loader.new_loaders(replace(store, get=get))
    readers = [asyncio.ensure_future(READS[way](ours, uid("none"))) for way in ("load", "load_many", "load_counts")]
    await begun.wait()
    for one in readers:
        one.cancel()
    assert [type(one) for one in await asyncio.gather(*readers, return_exceptions=True)] == [asyncio.CancelledError] * 3
    last = asyncio.ensure_future(loader.load(ours, GROUP, group_key("webshop")))
    await asyncio.sleep(0)
    ends.set()
    with pytest.raises(Unavailable):
        await last
    del ours, readers, last
    gc.collect()
    assert complaints == []


async def test_a_cursor_of_another_list_fails_those_only_who_gave_it(store: Store, house: House) -> None:
    ours, query = loader.new_loaders(store), lists.of_finding(house.one.finding_id)
    odd, fine = await asyncio.gather(
        loader.load_page(ours, VULNERABILITY, replace(query, after="of no list")),
        loader.load_page(ours, VULNERABILITY, query),
        return_exceptions=True,
    )
    assert type(odd) is InvalidCursor
    assert isinstance(fine, EntityPage)
    assert house.one in fine.entities
