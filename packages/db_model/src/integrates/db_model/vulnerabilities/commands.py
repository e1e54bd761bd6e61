"""Changing vulnerabilities."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeAlias

from msgspec.structs import replace

from integrates.db_model.entity import claim, command, read
from integrates.db_model.entity.bulk import Decision, Reference, Refused, Written, repetitions, write_all
from integrates.db_model.entity.facet import Given
from integrates.db_model.entity.plan import Needs, Plan, altered, needs, plan
from integrates.db_model.entity.transaction import gathered, repeated, write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, ModelError, NotFound, Raced, Reason, Rejected, Stale
from integrates.db_model.findings.commands import released
from integrates.db_model.findings.facet import finding_key, within_finding
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.facet import GROUP, group_key, within_group
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.store.port import Item, Store
from integrates.db_model.values.text import identifier
from integrates.db_model.vulnerabilities import lists, rules, treatment
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.identity import first_claim, free_numbers, numbered_claims
from integrates.db_model.vulnerabilities.rules import Sighting, is_hidden, is_live, is_released
from integrates.db_model.vulnerabilities.supplement import Supplement
from integrates.db_model.vulnerabilities.treatment import Order, check_permitted
from integrates.db_model.vulnerabilities.types import ClosingReason, Vulnerability, VulnerabilityStatus

Alter: TypeAlias = Callable[[Vulnerability, datetime], Vulnerability]
AlterWithin: TypeAlias = Callable[[Vulnerability, Finding, datetime], Vulnerability]
"""A pure function from a vulnerability, its finding and the effective date of the change to what becomes of it."""


async def _check_location(store: Store, new: Vulnerability, claims: Sequence[Item]) -> None:
    """Raise ``AlreadyExists`` when claims or lists show a vulnerability of the finding and root at the location."""
    holders = [holder for item in claims if (holder := claim.holder_of(item))]
    known = await read.get_many(store, VULNERABILITY, [vulnerability_key(holder) for holder in holders])
    listed = await read.everything(store, VULNERABILITY, lists.of_root_and_path(new.root_id, new.location.where))
    for other in (*known, *listed):
        alike = other and (other.finding_id, other.type) == (new.finding_id, new.type)
        if other and alike and is_live(other) and rules.is_at(other, new.location):
            raise AlreadyExists(Reason.PLACE_REPORTED, ("where",), other.id)


async def add(store: Store, new: Vulnerability, stamp: Stamp) -> Vulnerability:
    """Store a new vulnerability, and the first release of its finding; return it as stored.

    Raise ``AlreadyExists`` (``place_reported``) when a vulnerability of the finding and root has the location now, ``NotFound``
    without group, finding or root, ``Rejections`` when these do not belong together, when the root is not ACTIVE, or when its
    kind does not have vulnerabilities of that type.
    """
    needs(VULNERABILITY, None, new)  # refuses ids of which no key can be made

    async def attempt() -> Vulnerability:
        (claims,) = await numbered_claims(store, (lambda number: first_claim(replace(new, number=number)),))
        await _check_location(store, new, claims)
        wanted = replace(new, number=next(free_numbers(claims)))
        given = await gathered(store, (needs(VULNERABILITY, None, wanted),))
        made = plan(VULNERABILITY, None, wanted, stamp, given)
        finding = given.known[finding_key(new.finding_id)]
        first = (released(finding, stamp),) if is_released(made.entity) else ()
        try:
            await write(store, (made, *first))
        except (AlreadyExists, Stale) as error:  # another one took the number, or recorded the release
            raise Raced(new.id) from error
        return made.entity

    return await repeated(attempt)


def _is_id(text: str) -> bool:
    """Return whether a text can be the id of a vulnerability (E1)."""
    try:
        return identifier(text, ()) == text
    except Rejected:
        return False


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
    known = [position for position, each in given.items() if _is_id(each)]
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


def _finding_of(one: Vulnerability, given: Given) -> Finding | None:
    """Return the finding of a vulnerability; ``None`` when that or the group was removed.

    Raise the error of the model that keeps one of them from being read.
    """
    group, finding = given.known[group_key(one.group_name)], given.known[finding_key(one.finding_id)]
    for parent in (group, finding):
        if isinstance(parent, ModelError):
            raise parent
    found: Finding | None = finding if group else None
    return found


def _decision(
    old: Vulnerability | ModelError, expected_version: int | None, alter: AlterWithin, stamp: Stamp, given: Given
) -> Plan[Vulnerability] | ModelError:
    """Decide about one, in the order of M5: it exists, its version is the expected one, and then the rules of ``alter``."""
    try:
        if isinstance(old, ModelError):
            raise old
        finding = _finding_of(old, given)
        if finding is None or not is_live(old):
            raise NotFound(VULNERABILITY.name, old.id)
        if expected_version not in {None, old.version}:
            raise Stale(VULNERABILITY.name, old.id, old.version)
        return altered(VULNERABILITY, old, lambda one, at: alter(one, finding, at), stamp, given)
    except ModelError as error:
        return error


def _refused(error: Rejected, *_: object) -> Vulnerability:
    raise error


async def change_all(
    store: Store,
    wanted: Sequence[Reference],
    alter: AlterWithin,
    stamp: Stamp,
    *,
    seen: Sequence[Vulnerability | None] = (),
    supplement: Supplement | None = None,
) -> Written | Refused:
    """Change vulnerabilities, each by its position; when one is refused, none is changed (M4).

    ``alter`` is a pure function that may raise errors of the model. After a lost race those without an expected version are
    read and decided about again; one that is not at its expected version is ``Stale``, and one that is named before refuses the
    change like an argument at fault. ``seen`` are all of the vulnerabilities as the caller has just read them, which saves
    reading them again. A ``supplement`` writes or refuses what concerns all of them together, such as the comment that explains
    the change (:func:`integrates.db_model.comments.remark.remarked`).
    """
    twice = repetitions(wanted)
    alters = [partial(_refused, twice[at]) if at in twice else alter for at in range(len(wanted))]

    async def decisions(read_now: Mapping[int, Vulnerability | ModelError | None]) -> Mapping[int, Decision]:
        found = {at: one or NotFound(VULNERABILITY.name, wanted[at].id) for at, one in read_now.items()}
        known = [one for one in found.values() if isinstance(one, Vulnerability)]
        parents = (Needs((within_group(one.group_name), within_finding(one.finding_id, one.root_id))) for one in known)
        given = await gathered(store, (*parents, *((supplement.needs(known),) if supplement else ())))
        each = {at: _decision(one, wanted[at].expected_version, alters[at], stamp, given) for at, one in found.items()}
        return supplement.applied(each, given) if supplement else each

    async def decide(positions: Sequence[int]) -> Mapping[int, Decision]:
        known = [position for position in positions if _is_id(wanted[position].id)]
        items = await store.get([vulnerability_key(wanted[position].id) for position in known])
        found = [read.attempted(VULNERABILITY, item) for item in items]
        return await decisions({**dict.fromkeys(positions), **dict(zip(known, found, strict=True))})

    first = await (decisions(dict(zip(range(len(wanted)), seen, strict=True))) if seen else decide(range(len(wanted))))
    return await write_all(store, first, decide)


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
