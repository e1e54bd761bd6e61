"""Changing events, and holding vulnerabilities by them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from integrates.api.authorization.sight import Sight
from integrates.api.comment.mutations import add_comment
from integrates.api.context import Info
from integrates.api.evidence.mutations import attaching, detaching
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.bulk import change_all
from integrates.api.resolve.change import Payload, changed, changing
from integrates.db_model import events
from integrates.db_model.groups.types import Group
from integrates.db_model.vulnerabilities.types import Vulnerability


async def add_event(seen: Sight[Group], info: Info, **given: Any) -> Payload:
    """Report what keeps people from testing."""
    identity, root = info.context.call.new_id(), seen.named.get("root_id")
    return await changed(info, "event", partial(events.create, group=seen.found, root=root, given=given, identity=identity))


async def request_vulnerabilities_hold(
    seen: Sight[Sequence[Vulnerability]], info: Info, *, items: Sequence[Mapping[str, Any]]
) -> Payload:
    """Let several verifications wait for an event."""
    command = partial(events.hold, event=seen.named["event_id"])
    return await change_all(info, seen, items, command)


MUTATIONS: Final[Fields] = {
    "Mutation": {
        "addEvent": add_event,
        "updateEvent": changing("event", events.describe),
        "updateEventEvidence": attaching("event", events.attach),
        "removeEventEvidence": detaching("event", events.detach),
        "requestEventVerification": changing("event", events.claim_solution),
        "rejectEventSolution": changing("event", events.reject_solution),
        "solveEvent": changing("event", events.solve),
        "requestVulnerabilitiesHold": request_vulnerabilities_hold,
        "addEventComment": add_comment,
    }
}
