"""Whole lists that are known to be short, read through the loaders."""

import msgspec

from integrates.db_model.entity.facet import E, Facet
from integrates.db_model.entity.loader import Loaders, load_page
from integrates.db_model.store.port import MAX_PAGE, Query


async def whole(loaders: Loaders, facet: Facet[E], query: Query) -> tuple[E, ...]:
    """Read all live entities of a list."""
    found = await load_page(loaders, facet, msgspec.structs.replace(query, limit=MAX_PAGE))
    entities = found.entities
    while found.has_next:
        found = await load_page(loaders, facet, msgspec.structs.replace(query, limit=MAX_PAGE, after=found.end))
        entities = (*entities, *found.entities)
    return entities
