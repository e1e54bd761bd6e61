"""From plans to transactions: reading what plans need, writing them, and what a refused write means for them."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from integrates.db_model.entity import read
from integrates.db_model.entity.counter import compacted
from integrates.db_model.entity.facet import UNREAD, Beside, Facet, Given, key_text
from integrates.db_model.entity.packing import AnyPlan, Share, Write, joined
from integrates.db_model.entity.plan import Needs
from integrates.db_model.errors import Conflict, Failure, LimitExceeded, ModelError, Raced, Rejected, Rejections, Stale
from integrates.db_model.store.port import Add, Change, Key, Store
from integrates.db_model.store.retry import Policy, ceilings, pause

T = TypeVar("T")

RACES: Final = Policy(base=0.01, cap=0.5, attempts=12)
"""How often, and after which pauses, a change that lost a race on a parent or a counter is decided again."""
RETRIES: Final = 3
"""How often a change that lost a race on the entity itself is decided again (domain rules M3 and M4)."""


async def gathered(store: Store, wanted: Iterable[Needs], given: Given = UNREAD) -> Given:
    """Return what any number of changes need beside what is ``given``, each key read once.

    It takes one call of the store, and one for each step of what follows from what was read.
    """
    waiting = tuple(wanted)
    while any(needs.parents or needs.items for needs in waiting):
        given = await _read(store, waiting, given)
        waiting = tuple(needs.then(given) for needs in waiting if needs.then)
    return given


async def _read(store: Store, wanted: Iterable[Needs], given: Given) -> Given:
    """Return what was given and what is wanted beside it."""
    parents: dict[Key, Facet[Any]] = {}
    keys: dict[Key, None] = {}
    for needs in wanted:
        parents |= {parent.key: parent.facet for parent in needs.parents if parent.key not in given.known}
        keys |= dict.fromkeys(key for key in needs.items if key not in given.items)
    if not parents and not keys:
        return given
    found = dict(zip((*parents, *keys), await store.get((*parents, *keys)), strict=True))
    known = {key: read.attempted(facet, found[key]) for key, facet in parents.items()}
    return replace(given, known={**given.known, **known}, items={**given.items, **{key: found[key] for key in keys}})


def _refusal(share: Share, failure: Failure, plans: Sequence[AnyPlan]) -> ModelError:
    if share.refusal is None:
        made = plans[share.number]
        return Stale(made.facet.name, made.facet.identity(made.entity), failure.version)
    return share.refusal


def concerned(write: Write, failure: Failure) -> tuple[Share, ...]:
    """Return the shares of plans that a failure is about: of an addition, only those with the bound that refused it.

    Return all shares when the store does not say which bound that is, or when the number itself is at fault.
    """
    shares = write.shares[failure.position]
    bound = tuple(share for share in shares if failure.attribute in getattr(share.change, "bounds", ()))
    return bound or shares


def _gravest(errors: Sequence[ModelError]) -> ModelError:
    """Return the one error for the refusals of a plan: ``Stale``, else a lost race, else all rules that refuse it."""
    for kind in (Stale, Raced):
        found = next((error for error in errors if isinstance(error, kind)), None)
        if found is not None:
            return found
    refused = [error for error in errors if isinstance(error, Rejected)]
    return Rejections(refused) if len(refused) > 1 else errors[0]


def refusals(conflict: Conflict, write: Write, plans: Sequence[AnyPlan]) -> dict[int, ModelError]:
    """Return the errors of the plans that a refused write concerns, by number; there is at least one.

    A plan whose own entity changed is ``Stale``, whatever else failed. Changes beside the plans have the number after theirs.
    """
    found: dict[int, list[ModelError]] = {}
    for failure in conflict.failed:
        for share in concerned(write, failure):
            found.setdefault(share.number, []).append(_refusal(share, failure, plans))
    return {number: _gravest(errors) for number, errors in found.items()}


async def _compact(store: Store, key: Key) -> bool:
    """Drop the cells of a counter that are zero. Return whether there were any."""
    (item,) = await store.get((key,))
    smaller = compacted(item)
    if smaller is None:
        return False
    try:
        await store.write((smaller,))
    except Conflict as conflict:
        raise Raced(key_text(key)) from conflict
    return True


async def send(store: Store, changes: Sequence[Change]) -> None:
    """Write changes. Where counters have grown too large, drop their cells that are zero and write again.

    Raise ``Raced`` when such a counter changes meanwhile.
    """
    done: set[Key] = set()
    while True:
        try:
            return await store.write(changes)
        except LimitExceeded as error:
            change = None if error.position is None else changes[error.position]
            if error.limit != "item_bytes" or not isinstance(change, Add) or change.key in done:
                raise
            if not await _compact(store, change.key):
                raise
            done.add(change.key)


async def write(store: Store, plans: Sequence[AnyPlan], beside: Sequence[Beside] = ()) -> None:
    """Write the plans, and the changes ``beside`` them, in one transaction. Without changes nothing is sent.

    Raise the first of the :func:`refusals` (a ``Stale`` before others) when the transaction is refused: nothing was written.
    """
    made = joined(plans, beside)
    if not made.changes:
        return
    try:
        await send(store, made.changes)
    except Conflict as conflict:
        errors = list(refusals(conflict, made, plans).values())
        raise next((error for error in errors if isinstance(error, Stale)), errors[0]) from conflict


async def repeated(
    attempt: Callable[[], Awaitable[T]], *, on: tuple[type[ModelError], ...] = (Raced,), policy: Policy = RACES
) -> T:
    """Return the result of ``attempt``, which reads, decides and writes; repeat it after a lost race, with growing pauses.

    Raise the last error when the ``policy`` is exhausted. Give ``Stale`` in ``on`` when the caller named no version: after more
    than ``RETRIES`` of these, raise ``Raced``.
    """
    lost = 0
    for ceiling in ceilings(policy):
        try:
            return await attempt()
        except on as error:
            lost += isinstance(error, Stale)
            if lost > RETRIES:
                raise Raced(*error.args) from error
            await pause(ceiling, policy)
    return await attempt()
