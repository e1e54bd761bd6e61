"""The list of events of a group."""

from typing import Any

from integrates.api.context import Info
from integrates.api.resolve.connection import Connection, Walk, connected, each, entities
from integrates.db_model.events.facet import EVENT, events_of_group
from integrates.db_model.groups.types import Group


async def events(source: Group, info: Info, **args: Any) -> Connection:
    """Return the events of the group."""
    kind = args.get("type")
    walk = Walk(
        stretches=(events_of_group(source.name, args.get("state")),),
        read=entities(info.context, EVENT),
        keep=None if kind is None else each(lambda one: one.info.type is kind),
    )
    return await connected(info, source.name, args, walk)
