"""What an event may hold, and how it changes (domain section 3)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict, replace

from integrates.db_model.entity.rules import ENTITY, by
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.events.types import Event, EventInfo, EventState, EventStatus, EventType, SolvingReason
from integrates.db_model.evidences.rules import EVENT_SLOTS, EVIDENCES, Brought, emptied, misplaced, put_into
from integrates.db_model.evidences.types import EvidenceSlot
from integrates.db_model.values.check import Arguments, checked, one_of, refuse, remembered, whole_of
from integrates.db_model.values.instant import utc
from integrates.db_model.values.text import event_description, identifier, name, reasoning

MAX_HELD: Final = 100
"""Most vulnerabilities that one event holds."""
_GONE: Final = SolvingReason.RESOURCE_REMOVED_FROM_SCOPE
_OTHER: Final = SolvingReason.OTHER
SOLVING_REASONS: Final[Mapping[EventType, frozenset[SolvingReason]]] = {
    EventType.AUTHORIZATION_SPECIAL_ATTACK: frozenset({SolvingReason.PERMISSION_DENIED, SolvingReason.PERMISSION_GRANTED}),
    EventType.CLONING_ISSUES: frozenset({SolvingReason.CLONED_SUCCESSFULLY, _GONE}),
    EventType.CREDENTIAL_ISSUES: frozenset(
        {SolvingReason.CREDENTIALS_ARE_WORKING_NOW, SolvingReason.NEW_CREDENTIALS_PROVIDED, _GONE}
    ),
    EventType.DATA_UPDATE_REQUIRED: frozenset({SolvingReason.DATA_UPDATED, _OTHER, _GONE}),
    EventType.ENVIRONMENT_ISSUES: frozenset(
        {SolvingReason.ENVIRONMENT_IS_WORKING_NOW, SolvingReason.NEW_ENVIRONMENT_PROVIDED, _GONE}
    ),
    EventType.INSTALLER_ISSUES: frozenset({SolvingReason.INSTALLER_IS_WORKING_NOW, _OTHER, _GONE}),
    EventType.MILESTONE_CANCELLED: frozenset({_OTHER}),
    EventType.MISSING_SUPPLIES: frozenset({SolvingReason.SUPPLIES_WERE_GIVEN, _OTHER, _GONE}),
    EventType.NETWORK_ACCESS_ISSUES: frozenset({SolvingReason.PERMISSION_GRANTED, _OTHER, _GONE}),
    EventType.OTHER: frozenset({_OTHER}),
    EventType.REMOTE_ACCESS_ISSUES: frozenset({SolvingReason.ACCESS_GRANTED, _OTHER}),
    EventType.TOE_DIFFERS_APPROVED: frozenset({SolvingReason.TOE_CHANGE_APPROVED, SolvingReason.TOE_WILL_REMAIN_UNCHANGED}),
    EventType.VPN_ISSUES: frozenset({SolvingReason.ACCESS_GRANTED, _OTHER}),
    EventType.WORK_SUSPENDED: frozenset({SolvingReason.IS_OK_TO_RESUME, _OTHER, _GONE}),
}
"""For each type of event, the reasons for which it may be solved."""


class GivenEvent(Struct, frozen=True, kw_only=True):
    """The arguments of a new event."""

    type: EventType
    description: str
    event_date: datetime


class GivenReason(Struct, frozen=True, kw_only=True):
    """The arguments of solving an event."""

    reason: SolvingReason
    other: str | None = None


class GivenComments(Struct, frozen=True, kw_only=True):
    """The argument of a request for verification, and of the rejection of a solution."""

    comments: str


_INFO: Final = {"type": one_of(EventType), "description": event_description}
ARGUMENTS: Final = Arguments(GivenEvent, {**_INFO, "event_date": utc})
"""What a new event is given."""
DESCRIPTION: Final = Arguments(EventInfo, _INFO)
"""What people may change of an event."""
SOLUTION: Final = Arguments(GivenReason, {"reason": one_of(SolvingReason), "other": reasoning})
"""What solving an event is given."""
COMMENTED: Final = Arguments(GivenComments, {"comments": reasoning})
"""What a request for verification and the rejection of a solution are given."""

_FIELDS: Final = whole_of(
    Event,
    {
        **ENTITY,
        **EVIDENCES,
        "id": identifier,
        "group_name": remembered(name),
        "organization_id": remembered(identifier),
        "root_id": remembered(identifier),
        "info.description": event_description,
        "state.by": by,
        "state.other": reasoning,
        "state.comments": reasoning,
    },
)


def is_solved(event: Event) -> bool:
    """Return whether the event is over, for good."""
    return event.state.status is EventStatus.SOLVED


def whole(event: Event) -> Iterator[Rejected]:
    """Yield each refusal of an event in any state (E13)."""
    refused = _FIELDS(event)
    yield from refused or _relations(event)


def _relations(event: Event) -> Iterator[Rejected]:
    if event.event_date > event.created_at:
        yield Rejected(Reason.IN_FUTURE, ("event_date",))
    yield from misplaced(event.evidences, event.id, EVENT_SLOTS.keys())
    state = event.state
    if is_solved(event):
        yield from _of_solution(event.info.type, state)
        if state.comments is not None:
            yield Rejected(Reason.INCONSISTENT, ("state", "comments"))
        return
    for member, value in (("reason", state.reason), ("other", state.other)):
        if value is not None:
            yield Rejected(Reason.INCONSISTENT, ("state", member))
    if state.status is EventStatus.VERIFICATION_REQUESTED and state.comments is None:
        yield Rejected(Reason.REQUIRED, ("state", "comments"))


def _of_solution(kind: EventType, state: EventState) -> Iterator[Rejected]:
    if state.reason is None:
        yield Rejected(Reason.REQUIRED, ("state", "reason"))
        return
    if state.reason not in SOLVING_REASONS[kind]:
        yield Rejected(Reason.REASON_NOT_ALLOWED, ("state", "reason"))
    yield from _misworded(state.reason, state.other, ("state", "other"))


def _misworded(reason: SolvingReason, other: str | None, path: tuple[str, ...]) -> Iterator[Rejected]:
    """Yield a refusal of the words beside a reason: OTHER needs them, and no other reason takes any."""
    if (reason is _OTHER) != (other is not None):
        yield Rejected(Reason.REQUIRED if other is None else Reason.INCONSISTENT, path)


def check_unsolved(event: Event) -> None:
    """Raise ``Rejected`` (``event_solved``) when the event is solved."""
    if is_solved(event):
        raise Rejected(Reason.EVENT_SOLVED, ("id",))


def redescribed(event: Event, given: Mapping[str, Any]) -> Event:
    """Return the event with another type or description; what is not given, or ``None``, stays.

    Raise ``Rejections`` for arguments at fault, ``Rejected`` (``event_solved``).
    """
    info = checked(DESCRIPTION, {**asdict(event.info), **{name: value for name, value in given.items() if value is not None}})
    check_unsolved(event)
    return replace(event, info=info)


def proved(event: Event, new: Brought) -> Event:
    """Return the event with evidence in a slot. Raise ``Rejected`` (``event_solved``)."""
    check_unsolved(event)
    return replace(event, evidences=put_into(event.evidences, new))


def unproved(event: Event, slot: EvidenceSlot) -> Event:
    """Return the event without the evidence in a slot. Raise ``Rejected`` (``event_solved``, ``empty_slot``)."""
    check_unsolved(event)
    return replace(event, evidences=emptied(event.evidences, slot))


def solution_claimed(event: Event, given: Mapping[str, Any], *, by: str, at: datetime) -> Event:
    """Return the event that is said to be over.

    Raise ``Rejections`` for arguments at fault, ``Rejected`` (``event_solved``, ``already_requested``).
    """
    comments = checked(COMMENTED, given).comments
    check_unsolved(event)
    if event.state.status is EventStatus.VERIFICATION_REQUESTED:
        raise Rejected(Reason.ALREADY_REQUESTED, ("id",))
    return replace(event, state=EventState(status=EventStatus.VERIFICATION_REQUESTED, at=at, by=by, comments=comments))


def solution_rejected(event: Event, given: Mapping[str, Any], *, by: str, at: datetime) -> Event:
    """Return the event that is not over, although somebody said so.

    Raise ``Rejections`` for arguments at fault, ``Rejected`` (``event_solved``, ``not_requested``).
    """
    comments = checked(COMMENTED, given).comments
    check_unsolved(event)
    if event.state.status is not EventStatus.VERIFICATION_REQUESTED:
        raise Rejected(Reason.NOT_REQUESTED, ("id",))
    return replace(event, state=EventState(status=EventStatus.CREATED, at=at, by=by, comments=comments))


def solved(event: Event, given: Mapping[str, Any], *, by: str, at: datetime) -> Event:
    """Return the event that is over.

    Raise ``Rejections`` for arguments at fault: the reason OTHER needs words, and no other reason takes any; ``Rejected``
    (``event_solved``), or (``reason_not_allowed``) when events of its type are not solved for that reason.
    """
    details = checked(SOLUTION, given)
    refuse(_misworded(details.reason, details.other, ("other",)))
    check_unsolved(event)
    allowed = SOLVING_REASONS[event.info.type]
    if details.reason not in allowed:
        raise Rejected(Reason.REASON_NOT_ALLOWED, ("reason",), f"one of {', '.join(sorted(allowed))}")
    state = EventState(status=EventStatus.SOLVED, at=at, by=by, reason=details.reason, other=details.other)
    return replace(event, state=state)
