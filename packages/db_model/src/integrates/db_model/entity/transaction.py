"""Plans into transactions: merging, chunks, and what a refused write means."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from integrates.db_model.entity.facet import identity_of
from integrates.db_model.entity.plan import Plan
from integrates.db_model.errors import AlreadyExists, Conflict, Failure, ModelError, Raced, Rejected, Stale
from integrates.db_model.store.port import MAX_CHANGES, MAX_WRITE_BYTES, Add, Change, Check, Key, Put, Store
from integrates.db_model.store.rules import item_size

T = TypeVar("T")
AnyPlan: TypeAlias = Plan[Any]
RETRIES: Final = 3
"""How often a lost race is decided again before it is reported."""
_CLAIM: Final = "UNIQUE#"


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in (*one, *(name for name in other if name not in one))}


def _merged(earlier: Change, later: Change) -> Change:
    """Join two changes of one key. Raises ``ValueError`` when they do not go together."""
    match earlier, later:
        case Add(), Add() if earlier.expect == later.expect:
            return Add(
                earlier.key,
                _sum(earlier.increments, later.increments),
                {**earlier.bounds, **later.bounds},
                earlier.expect,
            )
        case Check(), Check() if earlier.expect == later.expect:
            return earlier
        case Put(), Check() if earlier.expect == later.expect:
            return earlier
        case Check(), Put() if earlier.expect == later.expect:
            return later
    raise ValueError(f"two changes of {earlier.key} cannot share a write")


def _joined(earlier: Change | None, later: Change) -> Change:
    return later if earlier is None else _merged(earlier, later)


def merged(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Merge additions to one counter and equal checks, so that each key stands once.

    A check is dropped where a put expects the same. Raises ``ValueError`` when a key would still stand twice.
    """
    by_key: dict[Key, Change] = {}
    for change in changes:
        by_key[change.key] = _joined(by_key.get(change.key), change)
    return tuple(by_key.values())


def fitting(groups: Iterable[Sequence[Change]], *, changes: int = MAX_CHANGES, size: int = MAX_WRITE_BYTES // 2) -> int:
    """Count how many of the leading groups fit one write of at most so many changes and about so many bytes.

    A group is the changes of one plan: its entity, a revision that is taken to be as large, and what else it puts. No more
    groups are taken from the iterable than it takes to see that one does not fit, be it because one of its changes cannot
    share a write with those before it. At least 1 unless there are no groups.
    """
    by_key: dict[Key, Change] = {}
    used = count = 0
    for group in groups:
        used += sum(item_size(change.item) for change in (*group[:1], *group[:1], *group[2:]) if isinstance(change, Put))
        try:
            joined = {change.key: _joined(by_key.get(change.key), change) for change in group}
        except ValueError:
            return max(count, 1)
        if len(by_key.keys() | joined.keys()) > changes or used > size:
            return max(count, 1)
        by_key.update(joined)
        count += 1
    return count


def chunks(plans: Sequence[AnyPlan]) -> tuple[tuple[AnyPlan, ...], ...]:
    """Cut plans into chunks of whole entities that each fit one transaction, in order; plans without changes are left out."""
    rest = tuple(plan for plan in plans if plan.changes)
    done: list[tuple[AnyPlan, ...]] = []
    while rest:
        count = fitting(plan.changes for plan in rest)
        done.append(rest[:count])
        rest = rest[count:]
    return tuple(done)


def _refusal(failure: Failure, change: Change, own: Mapping[Key, AnyPlan]) -> ModelError:
    plan = own.get(change.key)
    if plan is not None:
        return Stale(plan.facet.name, identity_of(change.key), failure.version)
    if failure.reason == "out_of_bounds":
        return Rejected("too_many")
    if failure.reason == "exists" and change.key.pk.startswith(_CLAIM):
        return AlreadyExists(change.key.pk.split("#")[1], "")
    return Raced(identity_of(change.key))


def refusals(conflict: Conflict, changes: Sequence[Change], plans: Sequence[AnyPlan]) -> tuple[ModelError, ...]:
    """Say what the refused changes of a write mean for the plans that it was made of.

    ``Stale`` for an entity of the plans that changed; ``AlreadyExists`` for a claim that somebody holds; ``Rejected`` with
    ``too_many`` for a bounded counter; ``Raced`` for anything else, after which the change is decided again.
    """
    own = {plan.changes[0].key: plan for plan in plans if plan.changes}
    return tuple(_refusal(failure, changes[failure.position], own) for failure in conflict.failed)


async def write(store: Store, plans: Sequence[AnyPlan]) -> None:
    """Write the plans in one transaction; without changes nothing is sent.

    Raises the first of the :func:`refusals` (a ``Stale`` before others) when the transaction is refused.
    """
    changes = merged([change for plan in plans for change in plan.changes])
    if not changes:
        return
    try:
        await store.write(changes)
    except Conflict as conflict:
        errors = refusals(conflict, changes, plans)
        raise next((error for error in errors if isinstance(error, Stale)), errors[0]) from conflict


async def retried(attempt: Callable[[], Awaitable[T]], *, on: tuple[type[ModelError], ...] = (Raced,)) -> T:
    """Decide and write again after a lost race, up to ``RETRIES`` times; then the last error is raised.

    ``attempt`` reads what it decides on by itself. Give ``Stale`` in ``on`` when the caller named no version, and
    ``AlreadyExists`` when the attempt looks at the claim before it decides.
    """
    for _ in range(RETRIES):
        try:
            return await attempt()
        except on:
            continue
    return await attempt()


class Written(msgspec.Struct, frozen=True):
    """What became of a bulk change: the entities as they are now, and the refusals, each by position."""

    entities: Mapping[int, Any] = {}
    refused: Mapping[int, ModelError] = {}


Decision: TypeAlias = AnyPlan | ModelError
Decide: TypeAlias = Callable[[Sequence[int]], Awaitable[Mapping[int, Decision]]]


def _lost(chunk: Mapping[int, AnyPlan], error: Stale) -> dict[int, ModelError]:
    return {position: error for position, plan in chunk.items() if identity_of(plan.changes[0].key) == error.identity}


def _joint(one: Written, other: Written) -> Written:
    return Written({**one.entities, **other.entities}, {**one.refused, **other.refused})


async def _chunk_written(store: Store, chunk: Mapping[int, AnyPlan], decide: Decide, retries: int) -> Written:
    """Write one chunk. An item that changed is left out and reported; after any other lost race the rest is decided again."""
    plans = {position: plan for position, plan in chunk.items() if plan.changes}
    try:
        await write(store, tuple(plans.values()))
    except Stale as error:
        lost = _lost(plans, error)
        rest = {position: plan for position, plan in chunk.items() if position not in lost}
        return _joint(Written({}, lost), await _chunk_written(store, rest, decide, retries))
    except Raced as error:
        if not retries:
            equal = {position: plan.entity for position, plan in chunk.items() if position not in plans}
            return Written(equal, dict.fromkeys(plans, error))
        decided = await decide(tuple(chunk))
        refused = {position: made for position, made in decided.items() if isinstance(made, ModelError)}
        again = {position: made for position, made in decided.items() if not isinstance(made, ModelError)}
        return _joint(Written({}, refused), await _all_written(store, again, decide, retries - 1))
    return Written({position: plan.entity for position, plan in chunk.items()})


async def _all_written(store: Store, plans: Mapping[int, AnyPlan], decide: Decide, retries: int) -> Written:
    rest = dict(sorted(plans.items()))
    outcome = Written()
    while rest:
        count = fitting(plan.changes for plan in rest.values())
        chunk = dict(list(rest.items())[:count])
        rest = dict(list(rest.items())[count:])
        outcome = _joint(outcome, await _chunk_written(store, chunk, decide, retries))
    return outcome


async def write_each(store: Store, plans: Mapping[int, AnyPlan], decide: Decide) -> Written:
    """Write the plans of a bulk change, each item by its position, in chunks that each fit one transaction.

    An item whose own version moved in the meantime is refused with ``Stale`` while the others are written. After a lost race
    on anything else ``decide`` is asked again for the positions of the chunk, at most ``RETRIES`` times.
    """
    return await _all_written(store, plans, decide, RETRIES)
