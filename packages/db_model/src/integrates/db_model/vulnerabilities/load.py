"""Vulnerabilities that lists and claims name, read in a few store calls however many they are."""

from collections.abc import Callable, Iterable, Sequence

from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import id_of
from integrates.db_model.entity.read import pages_of_each
from integrates.db_model.store.port import Item, Query, Store
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import Vulnerability


async def listed_ids(store: Store, queries: Sequence[Query], is_wanted: Callable[[Item], bool] = lambda _: True) -> list[str]:
    """Read the wanted ids in several lists to their ends, all of them together page by page; those of removed ones, too."""
    return [id_of(item.key) async for _, items in pages_of_each(store.query, queries) for item in items if is_wanted(item)]


async def load_vulnerabilities(store: Store, ids: Iterable[str]) -> list[Vulnerability]:
    """Read vulnerabilities by id, removed ones too."""
    items = await store.get([vulnerability_key(each) for each in dict.fromkeys(ids)])
    return [decoded(VULNERABILITY, item) for item in items if item is not None]
