"""Applying finding policies: long work that can be cut off at any moment, taken up by another worker, and repeated."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.entity import command, read
from integrates.db_model.entity.facet import as_read, id_of
from integrates.db_model.entity.packing import chunks
from integrates.db_model.entity.plan import Plan
from integrates.db_model.entity.steps import LOST, MOST_LOSSES
from integrates.db_model.entity.transaction import RACES, repeated
from integrates.db_model.entity.types import Stamp
from integrates.db_model.entity.work import LEASE, Overtaken, given_back, is_leased
from integrates.db_model.errors import IntegratesError, NotFound, Raced
from integrates.db_model.finding_policies import rules
from integrates.db_model.finding_policies.commands import find, move_application
from integrates.db_model.finding_policies.facet import finding_policy_key
from integrates.db_model.finding_policies.types import Application, FindingPolicy
from integrates.db_model.finding_policies.unit import UNITS, Unit
from integrates.db_model.store.port import Store
from integrates.db_model.store.retry import pause
from integrates.db_model.vulnerabilities import lists
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.policy import brought_in_line
from integrates.db_model.vulnerabilities.types import Vulnerability

_BESIDE: Final = 1
"""What moving the application takes of a transaction."""
_PATIENCE: Final = 5.0
"""Seconds for giving a lease back: who is cancelled has to end soon."""


class Worker(Struct, frozen=True):
    """Who does the work: ``id`` is no other worker's, ``time`` returns an aware UTC date."""

    store: Store
    time: Callable[[], datetime]
    id: str


class Carried(Struct, frozen=True):
    """A policy at work, and by id the errors of the vulnerabilities that are as damaged as to be left out."""

    policy: FindingPolicy
    application: Application
    refused: Mapping[str, IntegratesError] = {}


async def _moved(worker: Worker, carried: Carried, to: Application, plans: Sequence[Plan[Any]] = ()) -> Carried:
    return replace(carried, application=await move_application(worker.store, carried.policy.id, to, plans))


async def _renewed(worker: Worker, carried: Carried) -> Carried:
    """Renew a lease of which half is gone, in work that may write nothing for long."""
    own, now = carried.application, worker.time()
    if own.lease_until - now > LEASE / 2:
        return carried
    return await _moved(worker, carried, rules.application_advanced(own, own.after, 0, now))


async def _written(worker: Worker, carried: Carried, plans: Sequence[Plan[Any]]) -> tuple[Carried, bool]:
    """Write plans in as few transactions as they fit, and return whether no race was lost; what was written before stays."""
    for each in chunks(plans, changes=worker.store.max_changes - _BESIDE):
        own = carried.application
        try:
            moved = rules.application_advanced(own, own.after, len(each.plans), worker.time())
            carried = await _moved(worker, carried, moved, each.plans)
        except LOST:
            return carried, False
    return carried, True


async def _decided(worker: Worker, carried: Carried, ids: Sequence[str]) -> Mapping[str, Plan[Any] | IntegratesError]:
    """Read vulnerabilities as they are now, and decide about each that is still there."""
    policy, own = carried.policy, carried.application

    def alter(old: Vulnerability, at: datetime) -> Vulnerability:
        return brought_in_line(old, policy, own.tasks[0], own.by, at)

    stamp = Stamp(by=own.by, at=worker.time(), operation=own.operation, change_id=own.change_id)
    items = await worker.store.get([vulnerability_key(each) for each in ids])
    read_now = enumerate(read.attempted(VULNERABILITY, item) for item in items)
    made = await command.decided(worker.store, VULNERABILITY, {at: one for at, one in read_now if one}, alter, stamp)
    return {ids[at]: each for at, each in made.items() if not isinstance(each, NotFound)}


async def _brought(worker: Worker, carried: Carried, ids: Sequence[str]) -> Carried:
    """Bring vulnerabilities in line; after a lost race look at all of them again, at those done for the last time."""
    for losses in range(MOST_LOSSES):
        made = await _decided(worker, carried, ids)
        refused = {each: error for each, error in made.items() if not isinstance(error, Plan)}
        plans = [each for each in made.values() if isinstance(each, Plan) and each.own]
        carried, is_done = await _written(worker, carried, plans)
        if is_done:
            return replace(carried, refused={**carried.refused, **refused})
        await pause(min(RACES.cap, RACES.base * 2.0**losses))
    raise Raced(carried.policy.id)


async def _unit(worker: Worker, carried: Carried, unit: Unit) -> Carried:
    """Bring all vulnerabilities of a finding in line. That it is done is recorded together with the next change."""
    async for items in read.pages(worker.store, lists.of_finding(unit.finding_id)):
        carried = await _brought(worker, await _renewed(worker, carried), [id_of(item.key) for item in items])
    return replace(carried, application=replace(carried.application, after=unit.position))


async def _task(worker: Worker, carried: Carried) -> Carried:
    """Do the first task that is left, from where it stands to its end."""
    begun = carried.application.after
    async for units in UNITS[carried.application.tasks[0]](worker.store, carried.policy):
        carried = await _renewed(worker, carried)
        for unit in units:
            carried = await _unit(worker, carried, unit) if unit.position > begun else carried
    delay = timedelta(seconds=worker.store.index_delay)
    return await _moved(worker, carried, rules.task_done(carried.application, worker.time(), delay))


async def _worked(worker: Worker, carried: Carried) -> Carried:
    while carried.application.worker == worker.id and not rules.is_done(carried.application):
        carried = await _task(worker, carried)
    return carried


async def _given_back(worker: Worker, policy_id: str) -> None:
    """End the worker's lease, if it still has it; where that fails, the lease ends by itself."""
    with suppress(Exception):
        async with asyncio.timeout(_PATIENCE):
            found = await find(worker.store, policy_id)
            if found and found.application and found.application.worker == worker.id:
                await move_application(worker.store, policy_id, given_back(found.application, worker.time()))


def is_due(application: Application, now: datetime) -> bool:
    """Return whether there is work that nobody does."""
    return not rules.is_done(application) and not is_leased(application, now)


async def _taken(worker: Worker, policy_id: str) -> Carried | None:
    """Take up the work on a policy, if there is any that nobody does. Raise ``Raced`` when policy and work do not go together.

    From then on an answer to the policy that matters to the work also moves the application.
    """
    found = await find(worker.store, policy_id)
    if found is None or found.application is None or not is_due(found.application, worker.time()):
        return None
    taken = rules.application_taken_up(found.application, worker.id, worker.time())
    lasting = as_read(finding_policy_key(policy_id), found.policy)
    return Carried(found.policy, await move_application(worker.store, policy_id, taken, (), (lasting,)))


async def carry_out(worker: Worker, policy_id: str) -> Carried | None:
    """Do what is left of applying a policy, and return how far it is then; ``None`` when there is nothing, or another worker.

    Where lists may lag, what was walked once is left to whoever looks after ``Store.index_delay``. Any error, and being
    cancelled, gives the lease back, so that another worker may go on at once.
    """
    try:
        carried = await repeated(partial(_taken, worker, policy_id))
        return await _worked(worker, carried) if carried else None
    except Overtaken:
        return None
    except BaseException:
        await asyncio.shield(_given_back(worker, policy_id))
        raise
