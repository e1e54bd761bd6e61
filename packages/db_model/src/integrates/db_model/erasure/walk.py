"""Walking all entities of a store with their pasts, from the lists of the platform down."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from integrates.db_model.entity import read
from integrates.db_model.entity.facet import Facet, id_of
from integrates.db_model.finding_policies.application import application_key
from integrates.db_model.finding_policies.facet import FINDING_POLICY
from integrates.db_model.registry import lists_at_top, lists_below
from integrates.db_model.store.port import Item, Query, Store

_PAGE: Final = 100


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An entity in any state as it is stored: its item, its revisions by ascending version, and what stands beside it."""

    facet: Facet[Any]
    item: Item
    records: Sequence[Item]
    beside: Sequence[Item] = ()


async def everything_kept(store: Store) -> AsyncIterator[Kept]:
    """Yield every entity that stands in the list of what it belongs to. What is stored meanwhile may be left out."""
    for facet, query in lists_at_top():
        async for kept in _listed(store, facet, query):
            yield kept


async def _listed(store: Store, facet: Facet[Any], query: Query) -> AsyncIterator[Kept]:
    async for page in read.pages(store, replace(query, limit=_PAGE)):
        keys = [item.key for item in page]
        records = await read.records_of_each(store.query, keys, limit=_PAGE)
        others = [application_key(id_of(key)) for key in keys] if facet is FINDING_POLICY else []
        found = await store.get([*keys, *others])
        beside = dict(zip(keys, found[len(keys) :], strict=False))
        for key, item in zip(keys, found, strict=False):
            if item is not None:
                extra = beside.get(key)
                yield Kept(facet=facet, item=item, records=records[key], beside=() if extra is None else (extra,))
        for key in keys:
            for child, below in lists_below(facet, key):
                async for kept in _listed(store, child, below):
                    yield kept
