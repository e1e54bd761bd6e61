"""Changing many entities at once. Every position gets exactly one outcome, whatever happens to the others."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

import msgspec

from integrates.db_model.entity.packing import Write, chunks, joined
from integrates.db_model.entity.plan import Plan
from integrates.db_model.entity.transaction import RACES, RETRIES, concerned, refusals, send
from integrates.db_model.errors import (
    Conflict,
    IntegratesError,
    LimitExceeded,
    ModelError,
    Raced,
    Reason,
    Rejected,
    Stale,
    StoreError,
)
from integrates.db_model.store.port import Store
from integrates.db_model.store.retry import Policy, ceilings, pause

_SPREAD: Final = 4
"""How many times as long as an attempt took the pause after it may be: many who change the same entities then come apart."""
Decision: TypeAlias = Plan[Any] | IntegratesError
Decide: TypeAlias = Callable[[Sequence[int]], Awaitable[Mapping[int, Decision]]]
"""Reads the entities at these positions, and decides about each of them again."""
_Plans: TypeAlias = dict[int, Plan[Any]]


class Written(msgspec.Struct, frozen=True):
    """The outcome of a bulk change: the entities as they are now, and the errors of the others, each by position.

    An error is one of the model, or of the store when that failed.
    """

    entities: Mapping[int, Any] = {}
    refused: Mapping[int, IntegratesError] = {}


class Refused(msgspec.Struct, frozen=True):
    """Nothing was written, because the decision refused these positions."""

    errors: Mapping[int, ModelError]


class Reference(msgspec.Struct, frozen=True):
    """One entity of a bulk change: its id, the version that the caller expects, if any, and the argument that names it.

    The argument is told by the name of the list and the position in that; both are those of the only list unless given.
    """

    id: str
    expected_version: int | None = None
    path: tuple[str, ...] = ()


def paths_of(wanted: Sequence[Reference]) -> tuple[tuple[str, ...], ...]:
    """Return the path of the argument that names each entity, such as ``items.3.id``."""
    return tuple(one.path or ("items", str(position), "id") for position, one in enumerate(wanted))


def repetitions(wanted: Sequence[Reference]) -> dict[int, Rejected]:
    """Return, by position, the refusal of each reference to an entity that an earlier one names already.

    The reason is ``in_both_lists`` where that stands in another list, else ``bad_format``.
    """
    paths, first = paths_of(wanted), dict[str, int]()
    for position, one in enumerate(wanted):
        first.setdefault(one.id, position)
    return {
        position: Rejected(Reason.BAD_FORMAT, paths[position], "it is named twice")
        if paths[first[one.id]][0] == paths[position][0]
        else Rejected(Reason.IN_BOTH_LISTS, paths[position])
        for position, one in enumerate(wanted)
        if first[one.id] != position
    }


class _Losses(msgspec.Struct, frozen=True):
    """How a refused write goes on: the positions that leave it, with their errors, and those that are written apart."""

    left: Mapping[int, IntegratesError]
    apart: tuple[int, ...] = ()


def _crowd(conflict: Conflict, write: Write) -> frozenset[int]:
    """Return the numbers of the plans that share a counter which has no room for all of them, but may have room for some."""
    found = (concerned(write, failure) for failure in conflict.failed if failure.reason == "out_of_bounds")
    crowds = ({share.number for share in shares} for shares in found)
    return frozenset(number for crowd in crowds if len(crowd) > 1 for number in crowd)


def _divided(conflict: Conflict, write: Write, plans: _Plans) -> _Losses:
    """Return the losses of one conflict: all losers leave at once, except that a crowd is halved and written in two writes."""
    positions = list(plans)
    errors = refusals(conflict, write, list(plans.values()))
    crowd = _crowd(conflict, write)
    crowded = [
        positions[number] for number, error in errors.items() if number in crowd and not isinstance(error, Stale | Raced)
    ]
    left = {positions[number]: error for number, error in errors.items() if positions[number] not in crowded}
    return _Losses(left, tuple(crowded[len(crowded) // 2 :]))


def _too_large(error: LimitExceeded, write: Write, positions: Sequence[int]) -> _Losses:
    """Return the losses of a write that exceeds a limit: plans with too large a change leave; too large a write is halved."""
    if error.position is not None:
        return _Losses({positions[share.number]: error for share in write.shares[error.position]})
    if len(positions) == 1:
        return _Losses({positions[0]: error})
    return _Losses({}, tuple(positions[len(positions) // 2 :]))


async def _attempted(store: Store, plans: _Plans, made: Write) -> _Losses:
    """Write plans, of which a write was ``made``, and return the losses. When there are any, nothing was written."""
    positions = list(plans)
    try:
        await send(store, made.changes)
    except Conflict as conflict:
        return _divided(conflict, made, plans)
    except LimitExceeded as error:
        return _too_large(error, made, positions)
    except (StoreError, ModelError) as error:
        return _Losses(dict.fromkeys(positions, error))
    return _Losses({})


async def _chunk(store: Store, positions: Sequence[int], made: Write) -> dict[int, IntegratesError]:
    """Write one chunk, repeatedly without the losers, until the rest is written. Return the error of each loser."""
    lost: dict[int, IntegratesError] = {}
    waiting = [(dict(zip(positions, made.plans, strict=True)), made)]
    while waiting:
        part, whole = waiting.pop()
        losses = await _attempted(store, part, whole)
        lost.update(losses.left)
        if not losses.left and not losses.apart:
            continue
        apart = {position: part[position] for position in losses.apart}
        rest = {position: made for position, made in part.items() if position not in losses.left and position not in apart}
        waiting.extend((each, joined(list(each.values()))) for each in (apart, rest) if each)
    return lost


class _Round(msgspec.Struct, frozen=True):
    """The outcome of one round: entities that are written or unchanged, refusals, and lost races."""

    entities: Mapping[int, Any]
    refused: Mapping[int, IntegratesError]
    raced: Mapping[int, IntegratesError]


async def _round(store: Store, decided: Mapping[int, Decision]) -> _Round:
    """Write all plans once, in the order of their positions. A plan without a change needs no write."""
    plans = {position: made for position, made in sorted(decided.items()) if isinstance(made, Plan)}
    refused: dict[int, IntegratesError] = {position: made for position, made in decided.items() if not isinstance(made, Plan)}
    lost: dict[int, IntegratesError] = {}
    positions = iter([position for position, made in plans.items() if made.own])
    for chunk in chunks(list(plans.values()), changes=store.max_changes):
        lost |= await _chunk(store, list(islice(positions, len(chunk.plans))), chunk)
    raced = {position: error for position, error in lost.items() if isinstance(error, Raced | Stale)}
    refused |= {position: error for position, error in lost.items() if position not in raced}
    return _Round({position: made.entity for position, made in plans.items() if position not in lost}, refused, raced)


async def _again(decide: Decide, positions: Sequence[int]) -> Mapping[int, Decision]:
    try:
        return await decide(positions)
    except IntegratesError as error:
        return dict.fromkeys(positions, error)


async def write_each(store: Store, decided: Mapping[int, Decision], decide: Decide, *, policy: Policy = RACES) -> Written:
    """Write a bulk change in chunks of whole entities that each fit one transaction; return the outcome of each position.

    A position with a taken claim, a full counter or another refusal of its plan gets that error; the others are written.
    After a lost race ``decide`` is asked again for the positions concerned, with growing pauses, as often as the ``policy``
    allows, and at most ``RETRIES`` times for an entity that was itself changed; then the error is ``Raced``. ``decide`` has to
    return ``Stale`` for an entity that is no longer at the version which the caller expects.
    """
    pauses, clock = ceilings(policy), asyncio.get_running_loop().time
    begun = clock()
    entities: dict[int, Any] = {}
    refused: dict[int, IntegratesError] = {}
    stale: Counter[int] = Counter()
    while decided:
        done = await _round(store, decided)
        entities |= done.entities
        refused |= done.refused
        stale.update(position for position, error in done.raced.items() if isinstance(error, Stale))
        ceiling = next(pauses, None)
        over = {at: Raced(*error.args) for at, error in done.raced.items() if ceiling is None or stale[at] > RETRIES}
        refused |= over
        left = sorted(done.raced.keys() - over.keys())
        if not left:
            break
        await pause(min(policy.cap, max(ceiling or 0.0, _SPREAD * (clock() - begun))), policy)
        begun = clock()
        decided = await _again(decide, left)
    return Written(entities, dict(sorted(refused.items())))


async def write_all(
    store: Store, decided: Mapping[int, Decision], decide: Decide, *, policy: Policy = RACES
) -> Written | Refused:
    """Write a bulk change as :func:`write_each` does, but only when the decision refuses nothing (M4).

    Raise the error of the store, with nothing written, when a decision failed because of the store.
    """
    outage = next((made for made in decided.values() if isinstance(made, StoreError)), None)
    if outage is not None:
        raise outage
    errors = {position: made for position, made in sorted(decided.items()) if isinstance(made, ModelError)}
    return Refused(errors) if errors else await write_each(store, decided, decide, policy=policy)
