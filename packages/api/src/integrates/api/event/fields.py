"""Fields of events, and the event that a verification waits for."""

from typing import Any, Final

from integrates.api.authorization.sight import Sight, found
from integrates.api.authorization.visibility import sees_vulnerability
from integrates.api.comment.page import comments_page
from integrates.api.context import Info
from integrates.api.event.mutations import MUTATIONS
from integrates.api.event.page import events
from integrates.api.guard.target import FINDERS, Target
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.connection import Connection
from integrates.api.resolve.parent import group, permissions_for, root_if_any
from integrates.api.resolve.walk import whole
from integrates.db_model.comments.facet import comments_of_event
from integrates.db_model.events.facet import event_counters_key
from integrates.db_model.events.types import Event, EventStatus, EventType, SolvingReason
from integrates.db_model.evidences.rules import EVENT_SLOTS
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.hold import event_of
from integrates.db_model.vulnerabilities.lists import held_by_event
from integrates.db_model.vulnerabilities.types import Verification, Vulnerability


async def held_vulnerabilities(source: Event, info: Info) -> tuple[Vulnerability, ...]:
    """Return the vulnerabilities that wait for the event, and that the caller may see."""
    permissions = await permissions_for(source, info)
    held = await whole(info.context, VULNERABILITY, held_by_event(source.id))
    return tuple(one for one in held if event_of(one) == source.id and sees_vulnerability(permissions, one))


async def comments(source: Event, info: Info, **args: Any) -> Connection:
    """Return the comments on the event."""
    query, counters = comments_of_event(source.id), (event_counters_key(source.id),)
    return await comments_page(info, source.id, args, query, keep=None, counters=counters)


async def event(source: Verification, info: Info) -> Event | None:
    """Return the event that holds a verification, unless the caller may not read it."""
    if source.event_id is None:
        return None
    seen: Sight[Event | None] = await FINDERS[Target.EVENT](info.context, source.event_id, {})
    return seen.found


BINDING: Final = Binding(
    shows={"Event": Event},
    fields={
        "Query": {"event": found},
        **MUTATIONS,
        "Event": {
            "group": group,
            "root": root_if_any,
            "type": "info.type",
            "description": "info.description",
            "state": "state.status",
            "solvingReason": "state.reason",
            "other": "state.other",
            "heldVulnerabilities": held_vulnerabilities,
            "comments": comments,
        },
        "Group": {"events": events},
        "Verification": {"event": event},
    },
    enums={
        "EventEvidenceSlot": {slot.name: slot for slot in EVENT_SLOTS},
        "EventState": EventStatus,
        "EventType": EventType,
        "SolvingReason": SolvingReason,
    },
)
