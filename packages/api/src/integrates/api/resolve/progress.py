"""Fields of long work that stand in its progress, an item beside the entity."""

from typing import Any

from integrates.api.context import Info
from integrates.api.resolve.attribute import Resolver
from integrates.db_model.entity.progress import P, ProgressFacet, progress_key, progress_of
from integrates.db_model.errors import Corrupt


async def load_progress(info: Info, facet: ProgressFacet[P], work_id: str) -> P:
    """Return the progress of a work. Raise ``Corrupt`` when there is none: it is stored with the entity."""
    found = progress_of(facet, await info.context.loaders.items.load(progress_key(facet, work_id)))
    if found is None:
        raise Corrupt(facet.name, work_id)
    return found


def in_progress(facet: ProgressFacet[Any], name: str) -> Resolver:
    """Return the resolver that shows an attribute of the progress."""

    async def show(source: Any, info: Info) -> Any:
        return getattr(await load_progress(info, facet, source.id), name)

    return show
