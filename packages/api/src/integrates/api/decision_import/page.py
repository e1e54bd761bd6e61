"""The list of imports of decisions into a group."""

from typing import Any

from integrates.api.context import Info
from integrates.api.resolve.connection import Connection, Walk, connected, entities
from integrates.db_model.decision_imports.facet import DECISION_IMPORT
from integrates.db_model.entity.listing import listing
from integrates.db_model.groups.types import Group


async def decision_imports(source: Group, info: Info, **args: Any) -> Connection:
    """Return the imports of decisions into the group; newest first."""
    query = listing(DECISION_IMPORT.name, "decision_imports_of_group", {"group_name": source.name}, descending=True)
    return await connected(info, source.name, args, Walk(stretches=(query,), read=entities(info.context, DECISION_IMPORT)))
