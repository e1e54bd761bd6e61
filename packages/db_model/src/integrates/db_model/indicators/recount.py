"""Counters rebuilt from what they count, to prove or repair the stored ones (domain section 7)."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from integrates.db_model.entity import read
from integrates.db_model.entity.counter import plus, summed
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import E, Facet
from integrates.db_model.entity.revision import states
from integrates.db_model.events.facet import EVENT, event_counters_key
from integrates.db_model.findings.facet import FINDING, finding_counters_keys
from integrates.db_model.groups.facet import GROUP, group_counters_keys, group_key
from integrates.db_model.indicators.contribution import CONTRIBUTIONS, Counter, Lifetime
from integrates.db_model.registry import lists_below
from integrates.db_model.roots.facet import ROOT, root_counters_key
from integrates.db_model.store.port import Item, Key, Store


class Recount(msgspec.Struct, frozen=True):
    """The counters of a group (all shards summed), and of each of its findings, roots and events by id."""

    group: Mapping[str, int]
    findings: Mapping[str, Mapping[str, int]]
    roots: Mapping[str, Mapping[str, int]]
    events: Mapping[str, Mapping[str, int]]


async def _lifetime(store: Store, facet: Facet[E], item: Item) -> Lifetime:
    """Read the past of an entity, removed or not."""
    revisions = await read.history(store, item.key)
    return Lifetime(decoded(facet, item), revisions, states(facet, revisions))


async def _below(
    store: Store, owner: Facet[Any], key: Key, above: Lifetime | None = None
) -> AsyncIterator[tuple[Facet[Any], Lifetime, Lifetime | None]]:
    """Yield all entities below one, however deep, each with its facet, its past, and that of the one that it belongs to."""
    for facet, query in lists_below(owner, key):
        async for page in read.pages(store, query):
            for item in page:
                own = await _lifetime(store, facet, item)
                yield facet, own, above
                async for each in _below(store, facet, item.key, own):
                    yield each


async def recount(store: Store, group_name: str) -> Recount:
    """Return the counters of a group, its findings, roots and events, rebuilt from the entities and their revisions.

    Exact while nobody writes. Reads everything of the group: for tests, checks and repairs, not for requests.
    """
    ledger: dict[Counter, dict[str, int]] = {}
    ids: dict[str, list[str]] = {FINDING.name: [], ROOT.name: [], EVENT.name: []}
    async for facet, own, above in _below(store, GROUP, group_key(group_name)):
        ids.get(facet.name, []).append(facet.identity(own.now))
        for counter, numbers in CONTRIBUTIONS[facet.name](own, above):
            ledger[counter] = plus(ledger.get(counter, {}), numbers)
    return Recount(
        ledger.get(group_counters_keys(group_name), {}),
        {one: ledger.get(finding_counters_keys(one), {}) for one in ids[FINDING.name]},
        {one: ledger.get((root_counters_key(one),), {}) for one in ids[ROOT.name]},
        {one: ledger.get((event_counters_key(one),), {}) for one in ids[EVENT.name]},
    )


async def stored_counters(store: Store, recounted: Recount, group_name: str) -> Recount:
    """Return the stored counters of the same objects, without numbers that are zero."""

    async def numbers(*keys: Key) -> dict[str, int]:
        return plus(summed(await store.get(keys)), {})

    return Recount(
        await numbers(*group_counters_keys(group_name)),
        {each: await numbers(*finding_counters_keys(each)) for each in recounted.findings},
        {each: await numbers(root_counters_key(each)) for each in recounted.roots},
        {each: await numbers(event_counters_key(each)) for each in recounted.events},
    )
