"""Changing events, and holding vulnerabilities by them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from integrates.db_model.entity import command, read
from integrates.db_model.entity.bulk import Decision, Reference, Refused, Written
from integrates.db_model.entity.counter import summed
from integrates.db_model.entity.facet import Given
from integrates.db_model.entity.plan import Needs, Plan, effective_at
from integrates.db_model.entity.transaction import repeated
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import NotFound, Raced, Reason, Rejected, Rejections, Stale
from integrates.db_model.events import rules
from integrates.db_model.events.facet import EVENT, HELD, event_counters_key, event_key, within_unsolved_event
from integrates.db_model.events.rules import ARGUMENTS, MAX_HELD
from integrates.db_model.events.types import Event, EventInfo, EventState, EventStatus
from integrates.db_model.evidences.file import brought, dropped, examined
from integrates.db_model.evidences.types import EvidenceSlot
from integrates.db_model.files.port import Files
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.types import Group
from integrates.db_model.roots.types import Root
from integrates.db_model.store.port import Store
from integrates.db_model.values.check import checked
from integrates.db_model.vulnerabilities import lists
from integrates.db_model.vulnerabilities.change import change_all
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.hold import put_on_hold, resumed
from integrates.db_model.vulnerabilities.supplement import Decisions, Supplement
from integrates.db_model.vulnerabilities.types import Vulnerability

_CHUNK: Final = 25
"""How many vulnerabilities are let go between two looks at the event: what fits one transaction of any store."""
_OVERTAKEN: Final = (NotFound, Raced, Stale)
"""What keeps a vulnerability from being returned although nothing is wrong: the list is read again after it."""


def new_event(
    identity: str, group: Group, info: EventInfo, event_date: datetime, stamp: Stamp, *, root_id: str | None = None
) -> Event:
    """Return a new event of a group, or of one of its roots. It is not stored yet."""
    return Event(
        id=identity,
        group_name=group.name,
        organization_id=group.organization_id,
        root_id=root_id,
        event_date=event_date,
        info=info,
        state=EventState(status=EventStatus.CREATED, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


async def add(store: Store, new: Event, stamp: Stamp) -> Event:
    """Store a new event; return it as stored.

    Raise ``NotFound`` when there is no such group or root, ``Rejections`` (``inactive_root``) when the root is not ACTIVE,
    (``in_future``) when the date has not come yet.
    """
    return await command.add(store, EVENT, new, stamp)


async def create(store: Store, group: Group, root: Root | None, given: Mapping[str, Any], stamp: Stamp, identity: str) -> Event:
    """Store a new event of a group, or of a root of it, made of the arguments ``given``; return it as stored.

    Raise ``Rejections`` for arguments at fault, and what :func:`add` raises.
    """
    details = checked(ARGUMENTS, given)
    info = EventInfo(type=details.type, description=details.description)
    return await add(
        store, new_event(identity, group, info, details.event_date, stamp, root_id=root.id if root else None), stamp
    )


async def _updated(store: Store, seen: Event, alter: command.Alter[Event], stamp: Stamp, version: int | None) -> Event:
    """Change one event, ``seen`` as the caller has just read it; see :func:`integrates.db_model.entity.command.update`."""
    return await command.update(store, EVENT, event_key(seen.id), alter, stamp, expected_version=version, seen=seen)


async def describe(
    store: Store, seen: Event, given: Mapping[str, Any], stamp: Stamp, *, expected_version: int | None = None
) -> Event:
    """Change the type or the description of an event; return it as stored. What is not ``given``, or ``None``, stays.

    Raise what :func:`integrates.db_model.events.rules.redescribed` and :func:`integrates.db_model.entity.command.update` raise.
    """
    return await _updated(store, seen, lambda old, _: rules.redescribed(old, given), stamp, expected_version)


async def attach(
    store: Store,
    seen: Event,
    given: Mapping[str, Any],
    stamp: Stamp,
    *,
    files: Files,
    expected_version: int | None = None,
) -> Event:
    """Put a file into a slot of an event; return the event as stored.

    ``given`` are ``slot``, ``file`` (bytes) and ``description``, as :func:`integrates.db_model.evidences.file.examined` takes
    them. Raise what that raises, ``Rejected`` (``event_solved``), and what :func:`integrates.db_model.entity.command.update`
    raises.
    """
    command.check_version(EVENT, seen, expected_version)
    details = await examined(given)
    rules.check_unsolved(seen)
    new = await brought(files, seen.id, details, stamp)
    stored = await _updated(store, seen, lambda old, _: rules.proved(old, new), stamp, expected_version)
    await dropped(files, seen.id, new, stored.evidences)
    return stored


async def detach(store: Store, seen: Event, slot: EvidenceSlot, stamp: Stamp, *, expected_version: int | None = None) -> Event:
    """Empty a slot of an event; return the event as stored. The file is deleted later, when the clean-up finds it.

    Raise ``Rejected`` (``event_solved``, ``empty_slot``), and what :func:`integrates.db_model.entity.command.update` raises.
    """
    return await _updated(store, seen, lambda old, _: rules.unproved(old, slot), stamp, expected_version)


async def claim_solution(
    store: Store, seen: Event, given: Mapping[str, Any], stamp: Stamp, *, expected_version: int | None = None
) -> Event:
    """Say that an event is over, so that somebody looks; return it as stored.

    Raise what ``events.rules.solution_claimed`` and :func:`integrates.db_model.entity.command.update` raise.
    """
    return await _updated(
        store, seen, lambda old, at: rules.solution_claimed(old, given, by=stamp.by, at=at), stamp, expected_version
    )


async def reject_solution(
    store: Store, seen: Event, given: Mapping[str, Any], stamp: Stamp, *, expected_version: int | None = None
) -> Event:
    """Say that an event is not over, although somebody said so; return it as stored.

    Raise what ``events.rules.solution_rejected`` and :func:`integrates.db_model.entity.command.update` raise.
    """
    return await _updated(
        store, seen, lambda old, at: rules.solution_rejected(old, given, by=stamp.by, at=at), stamp, expected_version
    )


async def _latest(store: Store, event_id: str, expected_version: int | None) -> Event:
    key = event_key(event_id)
    return command.expected(EVENT, key, await read.get(store, EVENT, key), expected_version)


async def solve(
    store: Store, seen: Event, given: Mapping[str, Any], stamp: Stamp, *, expected_version: int | None = None
) -> Event:
    """End an event, after every verification that it holds is requested again; return it as stored.

    The vulnerabilities are changed in chunks, all under the stamp's ``change_id``, and the event last, in a transaction that
    requires that it holds nothing (M3). A call that was cut off is finished by another one. ``expected_version`` is compared
    before the first chunk. Raise what ``events.rules.solved`` raises; ``Raced`` when vulnerabilities go on being held, or a
    list that lags does not show them in time.

    What refuses the solution from the beginning leaves everything as it was. The event is read again before each chunk: when it
    changes in the meantime so that the solution is refused, e.g. its type does, then what was let go by then stays so, and the
    event holds the rest.
    """

    async def checked_again(version: int | None = None) -> tuple[Event, Event]:
        latest = await _latest(store, seen.id, version)
        return latest, rules.solved(latest, given, by=stamp.by, at=effective_at(stamp, latest))

    async def attempt() -> Event:
        await _resume_each(store, seen.id, stamp, checked_again)
        latest, new = await checked_again()
        return await command.committed(store, EVENT, latest, new, stamp)

    await checked_again(expected_version)

    return await repeated(attempt, on=(Raced, Stale))


async def _resume_each(store: Store, event_id: str, stamp: Stamp, check: Callable[[], Awaitable[object]]) -> None:
    """Request the verification of everything that an event holds again, with a ``check`` before each chunk.

    Raise the first error that is no lost race.
    """

    def alter(old: Vulnerability, at: datetime) -> Vulnerability:
        return resumed(old, event_id, by=stamp.by, at=at)

    async for items in read.pages(store, lists.held_by_event(event_id, limit=_CHUNK)):
        await check()
        done = await command.update_each(store, VULNERABILITY, [item.key for item in items], alter, stamp)
        for error in done.refused.values():
            if not isinstance(error, _OVERTAKEN):
                raise error


async def hold(
    store: Store,
    wanted: Sequence[Reference],
    event: Event,
    stamp: Stamp,
    *,
    seen: Sequence[Vulnerability | None] = (),
) -> Written | Refused:
    """Let the requested verifications of vulnerabilities wait until an event of their group is solved.

    See :func:`integrates.db_model.vulnerabilities.change.change_all`. They are refused as ``not_requested`` or
    ``hidden``; ``event_solved``; ``too_many_held`` when the event would hold more than ``MAX_HELD``.
    """
    alter = partial(_put_on_hold, event.id, stamp.by)
    room = Supplement(partial(_needs_of, event), partial(_with_room, event.id))
    return await change_all(store, wanted, alter, stamp, seen=seen, supplement=room)


def _put_on_hold(event_id: str, by: str, old: Vulnerability, _finding: Finding, at: datetime) -> Vulnerability:
    return put_on_hold(old, event_id, by=by, at=at)


def _needs_of(event: Event, _found: Sequence[Vulnerability]) -> Needs:
    return Needs((within_unsolved_event(event.id, event.group_name),), (event_counters_key(event.id),))


def _with_room(event_id: str, decisions: Decisions, given: Given) -> Decisions:
    """Refuse all when the event is solved, or would hold too many; also what is refused in itself, so that both are told."""
    entering = sum(isinstance(made, Plan) and made.own is not None for made in decisions.values())
    event, now = given.known[event_key(event_id)], summed((given.items[event_counters_key(event_id)],)).get(HELD, 0)
    if isinstance(event, Event) and rules.is_solved(event):
        return {at: _also(made, Rejected(Reason.EVENT_SOLVED, ("event_id",))) for at, made in decisions.items()}
    if now + entering > MAX_HELD:
        full = Rejected(Reason.TOO_MANY_HELD, ("event_id",), f"at most {MAX_HELD}, and it holds {now} now")
        return {at: _also(made, full) for at, made in decisions.items()}
    return decisions


def _also(made: Decision, why: Rejected) -> Decision:
    """Refuse a vulnerability also for what is wrong with the event; an error that is no refusal of a rule stays alone."""
    match made:
        case Plan():
            own: tuple[Rejected, ...] = ()
        case Rejected():
            own = (made,)
        case Rejections():
            own = made.refusals
        case _:
            return made
    return Rejections([*own, *(() if why.reason in {one.reason for one in own} else (why,))])
