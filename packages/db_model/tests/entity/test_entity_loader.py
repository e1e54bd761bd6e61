"""Loaders: what is asked for together is read together, and what cannot be read fails those only who asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from integrates.db_model.entity import loader
from integrates.db_model.errors import Corrupt
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
