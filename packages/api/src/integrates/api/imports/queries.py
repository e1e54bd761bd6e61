"""Reading an import by id."""

from typing import Any, Final

from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.db_model.entity.loader import load
from integrates.db_model.imports.facet import IMPORT, import_key
from integrates.db_model.imports.types import Import


async def import_(_source: Any, info: Info, *, id: str) -> Import | None:  # noqa: A002 -- the name of the argument
    """The import."""
    return await load(info.context.loaders, IMPORT, import_key(id))


QUERIES: Final[Fields] = {"Query": {"import": import_}}
