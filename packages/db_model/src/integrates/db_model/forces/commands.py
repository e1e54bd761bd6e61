"""Deciding whether a build passes, and keeping the verdict."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from msgspec import Struct

from integrates.db_model.entity import claim, command, counter, read
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Corrupt, LimitExceeded, ModelError, NotFound, Reason, Rejected, Stale, Unavailable
from integrates.db_model.files.port import Files, read_all
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.forces import rules
from integrates.db_model.forces.facet import FORCES_EXECUTION, forces_execution_key
from integrates.db_model.forces.gate import KINDS, Tally, boundaries, counts_of, exit_code, policy_used, tallied, verdicts
from integrates.db_model.forces.rules import ARGUMENTS, GivenExecution, log_key
from integrates.db_model.forces.types import ForcesExecution, GatePolicy
from integrates.db_model.groups.facet import GROUP, group_counters_keys, group_key
from integrates.db_model.groups.types import Group
from integrates.db_model.indicators.cell import Cell, cells, is_closed, is_open
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.policies.rules import effective
from integrates.db_model.roots.facet import ROOT, root_counters_key, root_key, root_nickname_key
from integrates.db_model.roots.types import Root
from integrates.db_model.severities.types import Severity
from integrates.db_model.store.port import Item, Key, Query, Store
from integrates.db_model.values.check import checked
from integrates.db_model.vulnerabilities import lists
from integrates.db_model.vulnerabilities import rules as life
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityStatus

PAUSES: Final = (0.1, 0.2, 0.4, 0.8, 1.5, 2.0, 2.5, 2.5)
"""The seconds that are waited before the list is read again: 10 in all."""
Wait: TypeAlias = Callable[[float], Awaitable[object]]
"""Waits so many seconds."""


class _Scope(Struct, frozen=True):
    """The list of what is looked at, and the counters that tell how long it is."""

    query: Query
    counters: Sequence[Key]


class _Numbers(Struct, frozen=True):
    """How many vulnerabilities are open and how many are closed, as counters say."""

    opened: int
    closed: int


class _Walked(Struct, frozen=True):
    """How long the list was, and what the gate makes of what is on it."""

    length: int = 0
    tally: Tally = Tally()


async def execute(
    store: Store, group: Group, given: Mapping[str, Any], stamp: Stamp, files: Files, *, wait: Wait = asyncio.sleep
) -> ForcesExecution:
    """Decide whether a build of the group passes, at the date of the stamp, and store the verdict; return it as stored.

    ``given`` are raw arguments, the ``log`` as bytes. The id is the caller's: a call that is sent again gets what is stored.
    Raise ``Rejected`` (``no_root``) when the group has no root of that nickname, ``Rejections`` for arguments at fault,
    ``AlreadyExists`` (``id_used``) for an id that other arguments came with, ``NotFound`` when the group is gone,
    ``Unavailable`` while the list of vulnerabilities is not as long as the counters say, for longer than ``PAUSES``.
    """
    known, root = await _named(store, group.name, given)
    details = checked(ARGUMENTS, given)
    if known is not None:
        return rules.repeated_call(known, details)
    policy = await _policy(store, group, details)
    numbers, tally = await _decided(store, _scope_of(group, root), details, policy, stamp, wait)
    counts = counts_of(tally, numbers.closed)
    new = ForcesExecution(
        id=details.id,
        group_name=group.name,
        organization_id=group.organization_id,
        root_id=root.id if root else None,
        execution_date=stamp.at,
        kind=details.kind,
        strictness=details.strictness,
        git=rules.git_of(details),
        asked=rules.request_of(details),
        policy=policy,
        counts=counts,
        blocking=tuple(identity for _, identity in tally.blocking),
        exit_code=exit_code(details.strictness, counts),
        log=rules.log_of(details),
        created_at=stamp.at,
        created_by=stamp.by,
    )
    return await _stored(store, new, details, stamp, files)


async def _named(store: Store, group_name: str, given: Mapping[str, Any]) -> tuple[ForcesExecution | None, Root | None]:
    """Return what is stored under the id, and the root of the nickname, each if there is one.

    A call that is sent again gets its record although the root has another nickname by now.
    """
    nickname = given.get("root_nickname")
    known = await find(store, group_name, given["id"])
    if nickname is None or (known is not None and known.asked.root_nickname == nickname):
        return known, None
    (held,) = await store.get((root_nickname_key(group_name, nickname),))
    holder = claim.holder_of(held)
    root = None if holder is None else await read.get(store, ROOT, root_key(holder))
    if root is None:
        raise Rejected(Reason.NO_ROOT, ("root_nickname",))
    return known, root


async def find(store: Store, group_name: str, execution_id: str) -> ForcesExecution | None:
    """Read an execution of a group; ``None`` when there is none, or the id is none."""
    try:
        key = forces_execution_key(group_name, rules.execution_id(execution_id, ("id",)))
    except ModelError:
        return None
    return await read.get(store, FORCES_EXECUTION, key)


async def _policy(store: Store, group: Group, details: GivenExecution) -> GatePolicy:
    """Return the values that decide, of the policies that are in force now."""
    above, own = await store.get((organization_key(group.organization_id), group_key(group.name)))
    organization, latest = read.live(ORGANIZATION, above), read.live(GROUP, own)
    if organization is None or latest is None:
        raise NotFound(GROUP.name, group.name, ("group_name",))
    return policy_used(effective(organization.policies, latest.policies), rules.request_of(details))


def _scope_of(group: Group, root: Root | None) -> _Scope:
    state = VulnerabilityStatus.VULNERABLE
    if root is None:
        query = lists.of_group_in_state(group.name, hidden=False, state=state)
        return _Scope(query, group_counters_keys(group.name))
    return _Scope(lists.of_root_in_state(root.id, hidden=False, state=state), (root_counters_key(root.id),))


async def _decided(
    store: Store, scope: _Scope, details: GivenExecution, policy: GatePolicy, stamp: Stamp, wait: Wait
) -> tuple[_Numbers, Tally]:
    """Walk the list until it is as long as the counters say: those before, those after, or between while others write."""
    for pause in (*PAUSES, None):
        before = await _numbers(store, scope)
        walked = await _walked(store, scope.query, details, policy, stamp)
        after = await _numbers(store, scope)
        if min(before.opened, after.opened) <= walked.length <= max(before.opened, after.opened):
            return after, walked.tally
        if pause is not None:
            await wait(pause)
    raise Unavailable("the list of vulnerabilities is not as long as the counters say")


async def _numbers(store: Store, scope: _Scope) -> _Numbers:
    found = cells(counter.summed(await store.get(scope.counters)))

    def number(is_wanted: Callable[[Cell], bool]) -> int:
        return sum(cell.count for cell in found if is_wanted(cell))

    return _Numbers(number(is_open), number(is_closed))


async def _walked(store: Store, query: Query, details: GivenExecution, policy: GatePolicy, stamp: Stamp) -> _Walked:
    """Walk the list page by page; nothing of a page is kept but its numbers and what may be told of it."""
    walked, types, held = _Walked(), KINDS[details.kind], boundaries(policy, stamp.at)
    async for found, severities in _pages(store, query):
        wanted = ((one, life.effective_score(one, severities[one.finding_id])) for one in found if one.type in types)
        walked = _Walked(walked.length + len(found), tallied(walked.tally, verdicts(wanted, held)))
    return walked


async def _pages(store: Store, query: Query) -> AsyncIterator[tuple[Sequence[Vulnerability], Mapping[str, Severity | None]]]:
    """Yield the open vulnerabilities of each page with the severities of their findings.

    What belongs to a finding that was removed is gone, too, whatever a list that lags shows.
    """
    known: dict[str, Severity | None] = {}
    async for items in read.pages(store, query):
        found = _open(items)
        missing = dict.fromkeys(one.finding_id for one in found if one.finding_id not in known)
        read_now = await read.get_many(store, FINDING, [finding_key(each) for each in missing]) if missing else ()
        known |= {one.id: one.severity for one in read_now if one is not None}
        yield [one for one in found if one.finding_id in known], known


def _open(items: Sequence[Item]) -> Sequence[Vulnerability]:
    """Return the vulnerabilities in items that are open, hence not removed."""
    return [one for item in items if life.is_open(one := decoded(VULNERABILITY, item))]


async def _stored(store: Store, new: ForcesExecution, details: GivenExecution, stamp: Stamp, files: Files) -> ForcesExecution:
    """Store the log, then the verdict. Of two calls with one id the first one counts.

    The log goes away again when the verdict is refused; after an outage it stays: the verdict may be stored all the same.
    """
    key = log_key(new)
    if key is not None and details.log is not None:
        await files.put(key, details.log)
    try:
        return await command.add(store, FORCES_EXECUTION, new, stamp)
    except (ModelError, LimitExceeded) as error:
        winner = await find(store, new.group_name, new.id) if isinstance(error, Stale) else None
        if key is not None and (winner is None or log_key(winner) != key):
            await files.delete(key)
        if winner is None:
            raise
        return rules.repeated_call(winner, details)


async def log_text(files: Files, execution: ForcesExecution) -> str | None:
    """Read the log of an execution; ``None`` without one. Raise ``Corrupt`` when its file is gone."""
    key = log_key(execution)
    if key is None:
        return None
    try:
        return (await read_all(files.get(key))).decode()
    except NotFound as error:
        raise Corrupt(FORCES_EXECUTION.name, execution.id, str(error)) from error
