"""Reading a group by name."""

from typing import Any, Final

from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.db_model.groups.types import Group


async def group(_source: Any, info: Info, *, name: str) -> Group | None:
    """The group."""
    return (await info.context.scopes.groups.load(name)).group


QUERIES: Final[Fields] = {"Query": {"group": group}}
