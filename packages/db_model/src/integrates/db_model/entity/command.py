"""The generic commands over a facet: load, decide, write, and repeat that after a lost race."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from integrates.db_model.entity import read
from integrates.db_model.entity.bulk import Decision, Written, write_each
from integrates.db_model.entity.facet import UNREAD, E, Facet, Given, id_of
from integrates.db_model.entity.plan import Needs, Plan, effective_at, needs, plan
from integrates.db_model.entity.transaction import gathered, repeated, write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import ModelError, NotFound, Raced, Stale
from integrates.db_model.store.port import Key, Store

T = TypeVar("T")
Alter = Callable[[E, datetime], E]
"""A pure function from the old entity and the effective date of the change to the new one. It may raise ``Rejected``."""
Storing = Callable[[Store, Facet[E], E | None, E, Stamp], Awaitable[E]]
"""Plans and writes the change from the old entity (``None`` for a new one), and returns the new one as it is stored then."""


async def planned(store: Store, facet: Facet[E], old: E | None, new: E, stamp: Stamp) -> Plan[E]:
    """Return the plan of a change, after reading what the change needs."""
    return plan(facet, old, new, stamp, await gathered(store, (needs(facet, old, new),)))


async def committed(store: Store, facet: Facet[E], old: E | None, new: E, stamp: Stamp) -> E:
    """Plan and write a change in a transaction of its own; return the entity as stored."""
    made = await planned(store, facet, old, new, stamp)
    await write(store, (made,))
    return made.entity


async def add(store: Store, facet: Facet[E], new: E, stamp: Stamp, *, storing: Storing[E] = committed) -> E:
    """Store a new entity; return it as stored.

    Raise what :func:`integrates.db_model.entity.plan.plan` raises, and ``Stale`` when its key is taken already.
    ``storing`` writes it where more than the entity changes in the transaction.
    """
    return await repeated(partial(storing, store, facet, None, new, stamp))


async def add_each(store: Store, facet: Facet[E], new: Sequence[E], stamp: Stamp) -> Written:
    """Store many new entities, none of which may claim what another one does; return the outcome of each by its position.

    See :func:`integrates.db_model.entity.bulk.write_each`.
    """

    async def decide(positions: Sequence[int]) -> Mapping[int, Decision]:
        return await planned_each(store, facet, {position: (None, new[position]) for position in positions}, stamp)

    return await write_each(store, await decide(range(len(new))), decide)


def check_version(facet: Facet[E], found: E, version: int | None) -> None:
    """Raise ``Stale`` unless the entity has the version that the caller expects, if the caller expects one.

    For what has to be looked at before the entity is changed, but after its version (M5).
    """
    if version not in {None, found.version}:
        raise Stale(facet.name, facet.identity(found), found.version)


def expected(facet: Facet[E], key: Key, found: E | None, version: int | None) -> E:
    """Return what was ``found`` under a key. Raise ``NotFound`` when that is nothing, and what :func:`check_version` raises."""
    if found is None or not facet.is_live(found):
        raise NotFound(facet.name, id_of(key))
    check_version(facet, found, version)
    return found


async def update(
    store: Store,
    facet: Facet[E],
    key: Key,
    alter: Alter[E],
    stamp: Stamp,
    *,
    expected_version: int | None = None,
    seen: E | None = None,
    storing: Storing[E] = committed,
) -> E:
    """Change one entity, and return it as it is stored then; one that stays equal is not written.

    ``seen`` is the entity as the caller has just read it, which saves reading it again. Raise ``NotFound`` when it does not
    exist, and what ``alter`` and :func:`integrates.db_model.entity.plan.plan` raise. With ``expected_version``, raise ``Stale``
    when it has or gets another version, before ``alter`` is asked; without it, read and decide again, and raise ``Raced`` after
    too many lost races. ``storing`` writes the change where more than the entity changes in the transaction.
    """
    known = [] if seen is None else [seen]

    async def attempt() -> E:
        latest = known.pop() if known else await read.get(store, facet, key)
        old = expected(facet, key, latest, expected_version)
        return await storing(store, facet, old, alter(old, effective_at(stamp, old)), stamp)

    return await repeated(attempt, on=(Raced,) if expected_version is not None else (Raced, Stale))


async def update_each(store: Store, facet: Facet[E], keys: Sequence[Key], alter: Alter[E], stamp: Stamp) -> Written:
    """Change many entities; return the outcome of each by its position in ``keys``.

    See :func:`integrates.db_model.entity.bulk.write_each`.
    """

    async def decide(positions: Sequence[int]) -> Mapping[int, Decision]:
        wanted = [keys[position] for position in positions]
        found = [
            read.attempted(facet, item) or NotFound(facet.name, id_of(key))
            for key, item in zip(wanted, await store.get(wanted), strict=True)
        ]
        return await decided(store, facet, dict(zip(positions, found, strict=True)), alter, stamp)

    return await write_each(store, await decide(range(len(keys))), decide)


async def decided(
    store: Store, facet: Facet[E], found: Mapping[int, E | ModelError], alter: Alter[E], stamp: Stamp
) -> dict[int, Decision]:
    """Return, for each entity that was read, the plan of its change or the error that refuses it."""
    pairs: dict[int, tuple[E, E]] = {}
    decisions: dict[int, Decision] = {}
    for position, old in found.items():
        if isinstance(old, ModelError):
            decisions[position] = old
            continue
        new = _attempted(partial(_altered, old, alter, stamp))
        if isinstance(new, ModelError):
            decisions[position] = new
        else:
            pairs[position] = (old, new)
    return decisions | await planned_each(store, facet, pairs, stamp)


def _altered(old: E, alter: Alter[E], stamp: Stamp) -> E:
    return alter(old, effective_at(stamp, old))


async def planned_each(
    store: Store, facet: Facet[E], pairs: Mapping[int, tuple[E | None, E]], stamp: Stamp, given: Given = UNREAD
) -> dict[int, Decision]:
    """Return the plan that stores the second of each pair in place of the first, or the error that refuses it.

    What is not ``given`` is read before.
    """
    wanted = {position: _attempted(partial(needs, facet, *pair)) for position, pair in pairs.items()}
    given = await gathered(store, (each for each in wanted.values() if isinstance(each, Needs)), given)
    return {
        position: each if isinstance(each, ModelError) else _attempted(partial(plan, facet, *pairs[position], stamp, given))
        for position, each in wanted.items()
    }


def _attempted(work: Callable[[], T]) -> T | ModelError:
    try:
        return work()
    except ModelError as error:
        return error
