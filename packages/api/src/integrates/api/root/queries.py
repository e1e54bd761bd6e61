"""Reading a root by id."""

from typing import Any, Final

from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.db_model.entity.loader import load
from integrates.db_model.roots.facet import GIT_ROOT, root_key
from integrates.db_model.roots.types import Root


async def root(_source: Any, info: Info, *, id: str) -> Root | None:  # noqa: A002 -- the name of the argument
    """The root."""
    return await load(info.context.loaders, GIT_ROOT, root_key(id))


QUERIES: Final[Fields] = {"Query": {"root": root}}
