"""The list of imports into a group."""

from typing import Any

from integrates.api.context import Info
from integrates.api.resolve.connection import Connection, Walk, connected, entities
from integrates.api.resolve.lookup import find
from integrates.api.resolve.parent import Above, with_parents
from integrates.db_model.entity.listing import listing
from integrates.db_model.groups.types import Group
from integrates.db_model.imports.facet import IMPORT
from integrates.db_model.imports.types import Import
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.store.port import Query


def _root(source: Import) -> Above:
    return ROOT, root_key(source.root_id)


async def imports(source: Group, info: Info, **args: Any) -> Connection:
    """Return the imports into the group, or into one of its roots; newest first.

    Those of a root of another group are not even looked for, so that it looks like a root that does not exist.
    """
    group_name, root_id = source.name, args.get("root_id")
    query: Query | None = listing(IMPORT.name, "imports_of_group", {"group_name": group_name}, descending=True)
    if root_id is not None:
        root = await find(info.context.loaders, ROOT, root_key, root_id)
        is_own = root is not None and root.group_name == group_name
        query = listing(IMPORT.name, "imports_of_root", {"root_id": root_id}, descending=True) if is_own else None
    read = with_parents(info, entities(info.context, IMPORT), {"root": _root})
    return await connected(info, group_name, args, Walk(stretches=(query,), read=read))
