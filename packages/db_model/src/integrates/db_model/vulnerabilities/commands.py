"""Changing vulnerabilities."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeAlias

from integrates.db_model.entity import command, read
from integrates.db_model.entity.bulk import Reference, Refused, Written
from integrates.db_model.entity.plan import needs
from integrates.db_model.entity.transaction import repeated, write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import ModelError, NotFound, Raced, Reason, Rejected, Stale
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.store.port import Store
from integrates.db_model.values.text import is_identifier
from integrates.db_model.vulnerabilities import lists, rules, treatment
from integrates.db_model.vulnerabilities.change import change_all
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.intake import give_way, plans_of
from integrates.db_model.vulnerabilities.rules import Sighting, is_hidden
from integrates.db_model.vulnerabilities.treatment import Order, check_permitted
from integrates.db_model.vulnerabilities.types import ClosingReason, Vulnerability, VulnerabilityStatus

Alter: TypeAlias = Callable[[Vulnerability, datetime], Vulnerability]


async def add(store: Store, new: Vulnerability, stamp: Stamp) -> Vulnerability:
    """Store a new vulnerability, and the first release of its finding; return it as stored.

    A removed one that keeps the place gives it up, unless a scanner reports it. Raise ``AlreadyExists`` (``place_reported``)
    when a vulnerability of the finding and root has the location now, ``NotFound`` without group, finding or root,
    ``Rejections`` when these do not belong together, when the root is not ACTIVE, or when it does not have vulnerabilities of
    that type there.
    """
    needs(VULNERABILITY, None, new)  # refuses ids of which no key can be made

    async def attempt() -> Vulnerability:
        planned = await plans_of(store, (new,), stamp)
        (made,) = planned.plans
        if isinstance(made, ModelError):
            raise made
        await give_way(store, planned.surplus, stamp)
        try:
            await write(store, (made,))
        except Stale as error:
            raise Raced(new.id) from error
        return made.entity

    return await repeated(attempt)


async def update(
    store: Store, vulnerability_id: str, alter: Alter, stamp: Stamp, *, expected_version: int | None = None
) -> Vulnerability:
    """Change one vulnerability; return it as stored. See :func:`integrates.db_model.entity.command.update`."""
    key = vulnerability_key(vulnerability_id)
    return await command.update(store, VULNERABILITY, key, alter, stamp, expected_version=expected_version)


async def update_each(store: Store, ids: Iterable[str], alter: Alter, stamp: Stamp) -> Written:
    """Change many vulnerabilities; return the outcome of each by its position in ``ids``.

    A malformed id is treated as not found. See :func:`integrates.db_model.entity.command.update_each`.
    """
    given = dict(enumerate(ids))
    known = [position for position, each in given.items() if is_identifier(each)]
    keys = [vulnerability_key(given[position]) for position in known]
    made = await command.update_each(store, VULNERABILITY, keys, alter, stamp)
    unknown = {position: NotFound(VULNERABILITY.name, str(given[position])) for position in given.keys() - set(known)}
    refused = {**unknown, **{known[at]: error for at, error in made.refused.items()}}
    return Written({known[at]: one for at, one in made.entities.items()}, dict(sorted(refused.items())))


async def close(store: Store, vulnerability_id: str, reason: ClosingReason, stamp: Stamp) -> Vulnerability:
    """End the cycle of a vulnerability; return it as stored. Raise ``Rejected`` (``not_vulnerable``)."""
    return await update(store, vulnerability_id, lambda old, at: rules.closed(old, reason, by=stamp.by, at=at), stamp)


async def reopen(store: Store, vulnerability_id: str, sighting: Sighting, stamp: Stamp) -> Vulnerability:
    """Begin a new cycle of a vulnerability where it was seen; return it as stored.

    Raise ``Rejected`` (``not_safe``, ``inactive_root``).
    """
    return await update(store, vulnerability_id, lambda old, at: rules.reopened(old, sighting, by=stamp.by, at=at), stamp)


async def move(store: Store, vulnerability_id: str, sighting: Sighting, stamp: Stamp) -> Vulnerability:
    """Give a vulnerability the location where it was seen; return it as stored. Its identity stays."""
    return await update(store, vulnerability_id, lambda old, _: rules.moved(old, sighting), stamp)


async def treat(
    store: Store, wanted: Sequence[Reference], order: Order, stamp: Stamp, *, seen: Sequence[Vulnerability | None] = ()
) -> Written | Refused:
    """Give vulnerabilities a treatment; see :func:`change_all`. Raise ``Rejections`` when the requester may not ask for it."""
    check_permitted(order.request, order.requester)
    return await change_all(store, wanted, partial(_treated, order), stamp, seen=seen)


def _treated(order: Order, old: Vulnerability, finding: Finding, at: datetime) -> Vulnerability:
    score = rules.effective_score(old, finding.severity)
    return treatment.treat(old, order.request, order.requester, policies=order.policies, score=score, at=at)


async def check_group(store: Store, group: str) -> None:
    """Raise ``NotFound`` when there is no such group."""
    if await read.get(store, GROUP, group_key(group)) is None:
        raise NotFound(GROUP.name, group, ("group",))


async def each(
    store: Store,
    group: str,
    *,
    state: VulnerabilityStatus = VulnerabilityStatus.VULNERABLE,
    assigned: str | None = None,
    hidden: bool = False,
) -> AsyncIterator[Vulnerability]:
    """Yield the vulnerabilities of a group in one state, read page by page, in the order of their opening or closing.

    With ``assigned``, only those whose treatment is assigned to that person, ordered by id. A list may lag: read again what you
    change, as all commands do. Raise ``NotFound`` when there is no such group.
    """
    await check_group(store, group)
    in_state = lists.of_group_in_state(group, hidden=hidden, state=state)
    query = lists.assigned_to(assigned, group_name=group) if assigned else in_state
    async for items in read.pages(store, query):
        found = [read.live(VULNERABILITY, item) for item in items]
        for one in found:
            if one is not None and (one.state.status, is_hidden(one)) == (state, hidden):
                yield one


async def reassign(store: Store, found: Vulnerability, *, to: str, stamp: Stamp) -> Vulnerability:
    """Assign the treatment of a vulnerability to another person, unless it is no longer assigned as in ``found``.

    Return the vulnerability as stored. Raise ``Rejected`` (``unknown_person``) when nobody is known by that e-mail,
    ``Rejections`` (``not_vulnerable``, ``hidden``). Whether the person may be assigned is a permission: the caller checks it.
    """
    leaver = found.treatment.assigned
    if leaver is None:
        return found
    if await read.get(store, STAKEHOLDER, stakeholder_key(to)) is None:
        raise Rejected(Reason.UNKNOWN_PERSON, ("to",))
    return await update(store, found.id, lambda old, at: treatment.reassigned(old, leaver, to, by=stamp.by, at=at), stamp)
