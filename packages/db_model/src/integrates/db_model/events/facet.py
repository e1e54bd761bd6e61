"""How events are stored, and what changes with them.

The counter ``held`` of an event is the number of vulnerabilities that wait for it: what enters or leaves ON_HOLD counts it in
its own transaction (``vulnerabilities.facet``). The counter is a gate too: an event is solved only while it holds nothing, and
holds nothing more from then on.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from integrates.db_model.entity import counter
from integrates.db_model.entity.facet import Audit, Beside, Facet, Given, Judge, Parent, anything_goes, key_of
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.events.rules import MAX_HELD, check_unsolved, is_solved, whole
from integrates.db_model.events.types import Event, EventStatus
from integrates.db_model.groups.facet import of_organization, within_group
from integrates.db_model.roots.facet import within_root
from integrates.db_model.roots.rules import is_active
from integrates.db_model.roots.types import Root
from integrates.db_model.store.port import ANYTHING, Add, Bounds, Change, Key, Query
from integrates.db_model.values.instant import instant_text

HELD: Final = "held"
"""The number of vulnerabilities that wait for an event."""


@lru_cache(maxsize=4_096)
def event_key(event_id: str) -> Key:
    """Return the key of an event."""
    return key_of("event", {"id": event_id})


@lru_cache(maxsize=4_096)
def event_counters_key(event_id: str) -> Key:
    """Return the key of an event's counters."""
    return key_of("event_counters", {"id": event_id})


def events_of_group(group_name: str, state: EventStatus | None = None) -> Query:
    """Return the query of the events of a group: by id, or those in one state by the date of the event and id."""
    if state is None:
        return listing("event", "events_of_group", {"group_name": group_name})
    return listing("event", "events_of_group_by_state", {"group_name": group_name, "state": state.value})


def within_event(event_id: str, judge: Judge[Event] = anything_goes) -> Parent:
    """Return an event as a parent that must exist, in whatever state."""

    def nothing(_key: Key, event: Event, _stamp: Stamp) -> Change:
        return Add(event_counters_key(event.id), {HELD: 0}, {}, ANYTHING)

    return Parent(facet=EVENT, key=event_key(event_id), path=("event_id",), judge=judge, hold=nothing)


def within_unsolved_event(event_id: str, group_name: str) -> Parent:
    """Return an event of a group as a parent that must not be solved, which the gate in its counters ensures."""

    def judge(event: Event) -> Iterator[Rejected]:
        if event.group_name != group_name:
            yield Rejected(Reason.WRONG_PARENT, ("event_id",))
        if is_solved(event):
            yield Rejected(Reason.EVENT_SOLVED, ("event_id",))

    def gate(_key: Key, event: Event, _stamp: Stamp) -> Change:
        return counter.passed(event_counters_key(event.id), {counter.CLOSED: 0})

    return Parent(facet=EVENT, key=event_key(event_id), path=("event_id",), judge=judge, hold=gate)


def holds(event_id: str, *, by: int) -> Beside:
    """Return the addition to the number of vulnerabilities that an event holds, and the refusal when there are too many."""
    full = Rejected(Reason.TOO_MANY_HELD, ("event_id",), f"at most {MAX_HELD}")
    change = counter.guarded(event_counters_key(event_id), HELD, by=by, high=MAX_HELD)
    return Beside(change, full if by > 0 else None)


def _within(old: Event | None, new: Event) -> tuple[Parent, ...]:
    def usable(root: Root) -> Iterator[Rejected]:
        if root.group_name != new.group_name:
            yield Rejected(Reason.WRONG_PARENT, ("root_id",))
        if not is_active(root):
            yield Rejected(Reason.INACTIVE_ROOT, ("root_id",))

    group = within_group(new.group_name, of_organization(new.organization_id))
    if old is not None or new.root_id is None:
        return (group,)
    return (group, within_root(new.root_id, usable))


def _counted(old: Event | None, new: Event, _given: Given, _stamp: Stamp) -> tuple[Beside, ...]:
    """Close the gate of an event that is solved, which is refused while it holds something. A solved one never changes."""
    if old is not None:
        check_unsolved(old)
    if not is_solved(new):
        return ()
    empty_and_open = {HELD: Bounds(0, 0), counter.CLOSED: Bounds(1, 1)}
    return (Beside(Add(event_counters_key(new.id), {HELD: 0, counter.CLOSED: 1}, empty_and_open, ANYTHING)),)


EVENT: Final[Facet[Event]] = Facet(
    name="event",
    type=Event,
    audit=lambda event: Audit(group=event.group_name),
    variables={
        "state": lambda event: event.state.status.value,
        "event_date": lambda event: instant_text(event.event_date),
    },
    fixed=("id", "group_name", "organization_id", "root_id", "event_date"),
    within=_within,
    counted=_counted,
    check=whole,
)
