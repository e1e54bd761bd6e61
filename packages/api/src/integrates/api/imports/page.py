"""The list of imports into a group."""

from typing import Any

from integrates.api.context import Info
from integrates.api.resolve.connection import Connection, Keep, Walk, connected, each, entities
from integrates.api.resolve.lookup import key_for
from integrates.api.resolve.parent import Above, with_parents
from integrates.db_model.entity.listing import listing
from integrates.db_model.groups.types import Group
from integrates.db_model.imports.facet import IMPORT
from integrates.db_model.imports.types import Import
from integrates.db_model.roots.facet import ROOT, root_key


def _root(source: Import) -> Above:
    return ROOT, root_key(source.root_id)


async def imports(source: Group, info: Info, **args: Any) -> Connection:
    """Return the imports into the group, or into one of its roots; newest first."""
    group_name, root_id = source.name, args.get("root_id")

    read = with_parents(info, entities(info.context, IMPORT), {"root": _root})
    of_group = listing(IMPORT.name, "imports_of_group", {"group_name": group_name}, descending=True)
    if root_id is None:
        return await connected(info, group_name, args, Walk(stretches=(of_group,), read=read))
    of_root = (
        listing(IMPORT.name, "imports_of_root", {"root_id": root_id}, descending=True) if key_for(root_key, root_id) else None
    )
    within: Keep[Import] = each(lambda one: one.group_name == group_name)
    return await connected(info, group_name, args, Walk(stretches=(of_root,), read=read, keep=within))
