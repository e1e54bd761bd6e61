"""Walking all entities of a store with their pasts, from the lists of the platform down."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from integrates.db_model.access.rules import ci_identity
from integrates.db_model.entity import read
from integrates.db_model.entity.facet import Facet, id_of
from integrates.db_model.entity.listing import everywhere, listing
from integrates.db_model.finding_policies.application import application_key
from integrates.db_model.finding_policies.facet import FINDING_POLICY
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.organizations.facet import ORGANIZATION
from integrates.db_model.registry import lists_below
from integrates.db_model.stakeholders.facet import STAKEHOLDER
from integrates.db_model.store.port import Item, Key, Query, Store
from integrates.db_model.tokens.facet import ACCESS_TOKEN

_PAGE: Final = 100
_TOP: Final = ((STAKEHOLDER, "stakeholders_of_platform"), (ORGANIZATION, "organizations_of_platform"))


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An entity in any state as it is stored: its item, its revisions by ascending version, and what stands beside it."""

    facet: Facet[Any]
    item: Item
    records: Sequence[Item]
    beside: Sequence[Item] = ()


async def everything_kept(store: Store) -> AsyncIterator[Kept]:
    """Yield every entity that stands in the list of what it belongs to. What is stored meanwhile may be left out."""
    for facet, pattern in _TOP:
        for query in everywhere(facet.name, pattern):
            async for kept in _listed(store, facet, query):
                yield kept


def _below(facet: Facet[Any], key: Key) -> Sequence[tuple[Facet[Any], Query]]:
    """Return the lists below an entity; the CI token of a group stands below the identity, which is no entity."""
    if facet is not GROUP:
        return lists_below(facet, key)
    owner = {"owner": ci_identity(id_of(key))}
    return (*lists_below(facet, key), (ACCESS_TOKEN, listing(ACCESS_TOKEN.name, "tokens_of_owner", owner)))


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
            for child, below in _below(facet, key):
                async for kept in _listed(store, child, below):
                    yield kept
