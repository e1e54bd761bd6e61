"""Whole lists that are known to be short, read through the loaders."""

from collections.abc import AsyncIterator
from functools import partial

from msgspec.structs import replace

from integrates.api.context import Context
from integrates.api.request.turn import sliced
from integrates.db_model.entity.facet import E, Facet
from integrates.db_model.entity.read import live
from integrates.db_model.store.port import MAX_PAGE, Item, Query


async def pages(context: Context, query: Query, size: int = MAX_PAGE) -> AsyncIterator[tuple[Item, ...]]:
    """Yield the items of each page of a list, to its end. A page is read when it is asked for."""
    after, has_next = None, True
    while has_next:
        page = await context.loaders.pages.load(replace(query, limit=size, after=after))
        yield page.items
        after, has_next = page.cursors[-1] if page.cursors else None, page.has_next


async def whole(context: Context, facet: Facet[E], query: Query) -> tuple[E, ...]:
    """Read all live entities of a list."""
    items = [item async for page in pages(context, query) for item in page]
    found = await sliced(context.turns, partial(live, facet), items)
    return tuple(entity for entity in found if entity is not None)
