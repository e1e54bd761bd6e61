"""Changing events, and holding vulnerabilities by them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from integrates.api.authorization.sight import Sight
from integrates.api.comment.mutations import add_comment
from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.bulk import change_all
from integrates.api.resolve.change import Payload, changed
from integrates.api.upload import Upload
from integrates.db_model import events
from integrates.db_model.events.types import Event
from integrates.db_model.evidences.types import EvidenceSlot
from integrates.db_model.groups.types import Group
from integrates.db_model.vulnerabilities.types import Vulnerability


async def add_event(seen: Sight[Group], info: Info, **given: Any) -> Payload:
    """Report what keeps people from testing."""
    identity, root = info.context.call.new_id(), seen.named.get("root_id")
    return await changed(info, "event", partial(events.create, group=seen.found, root=root, given=given, identity=identity))


async def update_event(seen: Sight[Event], info: Info, *, expected_version: int | None = None, **given: Any) -> Payload:
    """Change what an event says of itself."""
    command = partial(events.describe, seen=seen.found, given=given, expected_version=expected_version)
    return await changed(info, "event", command)


async def update_event_evidence(
    seen: Sight[Event], info: Info, *, file: Upload, expected_version: int | None = None, **given: Any
) -> Payload:
    """Put a file into a slot of an event."""
    files, given = info.context.call.files, {**given, "file": await file.read()}
    command = partial(events.attach, seen=seen.found, given=given, files=files, expected_version=expected_version)
    return await changed(info, "event", command)


async def remove_event_evidence(
    seen: Sight[Event], info: Info, *, slot: EvidenceSlot, expected_version: int | None = None
) -> Payload:
    """Empty a slot of an event."""
    command = partial(events.detach, seen=seen.found, slot=slot, expected_version=expected_version)
    return await changed(info, "event", command)


async def request_event_verification(
    seen: Sight[Event], info: Info, *, expected_version: int | None = None, **given: Any
) -> Payload:
    """Say that an event is over."""
    command = partial(events.claim_solution, seen=seen.found, given=given, expected_version=expected_version)
    return await changed(info, "event", command)


async def reject_event_solution(
    seen: Sight[Event], info: Info, *, expected_version: int | None = None, **given: Any
) -> Payload:
    """Say that an event is not over."""
    command = partial(events.reject_solution, seen=seen.found, given=given, expected_version=expected_version)
    return await changed(info, "event", command)


async def solve_event(seen: Sight[Event], info: Info, *, expected_version: int | None = None, **given: Any) -> Payload:
    """End an event, and let go on what waited for it."""
    command = partial(events.solve, seen=seen.found, given=given, expected_version=expected_version)
    return await changed(info, "event", command)


async def request_vulnerabilities_hold(
    seen: Sight[Sequence[Vulnerability]], info: Info, *, items: Sequence[Mapping[str, Any]]
) -> Payload:
    """Let several verifications wait for an event."""
    command = partial(events.hold, event=seen.named["event_id"])
    return await change_all(info, seen, items, "vulnerabilities", command)


MUTATIONS: Final[Fields] = {
    "Mutation": {
        "addEvent": add_event,
        "updateEvent": update_event,
        "updateEventEvidence": update_event_evidence,
        "removeEventEvidence": remove_event_evidence,
        "requestEventVerification": request_event_verification,
        "rejectEventSolution": reject_event_solution,
        "solveEvent": solve_event,
        "requestVulnerabilitiesHold": request_vulnerabilities_hold,
        "addEventComment": add_comment,
    }
}
