"""The list of events of a group."""

from collections.abc import Sequence
from typing import Any

from integrates.api.context import Info
from integrates.api.resolve.connection import Connection, Keep, Walk, connected, entities
from integrates.db_model.events.facet import EVENT, events_of_group
from integrates.db_model.events.types import Event, EventType
from integrates.db_model.groups.types import Group


def _of_type(kind: EventType) -> Keep[Event]:
    async def keep(found: Sequence[Event]) -> Sequence[bool]:
        return [one.info.type is kind for one in found]

    return keep


async def events(source: Group, info: Info, **args: Any) -> Connection:
    """Return the events of the group."""
    kind = args.get("type")
    walk = Walk(
        stretches=(events_of_group(source.name, args.get("state")),),
        read=entities(info.context, EVENT),
        keep=None if kind is None else _of_type(kind),
    )
    return await connected(info, source.name, args, walk)
