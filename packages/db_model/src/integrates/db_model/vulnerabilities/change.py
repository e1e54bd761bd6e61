"""Deciding about vulnerabilities below their findings, one or many: read, decide, write, and repeat that after a lost race.

A change is a pure function, so a command is a line. Whatever a change needs is read here: parents, claims, and the record of a
first release, which is written in the transaction of the vulnerability that is released.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final, TypeAlias

from msgspec import Struct

from integrates.db_model.entity import read
from integrates.db_model.entity.bulk import Decision, Reference, Refused, Written, repetitions, write_all
from integrates.db_model.entity.command import check_version
from integrates.db_model.entity.facet import Given
from integrates.db_model.entity.plan import Needs, Plan, besides, effective_at, needs, plan, together
from integrates.db_model.entity.transaction import gathered
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import ModelError, NotFound, Rejected, Rejections
from integrates.db_model.findings.commands import released
from integrates.db_model.findings.facet import finding_key, within_finding
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.facet import group_key, within_group
from integrates.db_model.store.port import Store
from integrates.db_model.values.text import is_identifier
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.rules import is_first_release, is_live
from integrates.db_model.vulnerabilities.supplement import Supplement
from integrates.db_model.vulnerabilities.types import Vulnerability

AlterWithin: TypeAlias = Callable[[Vulnerability, Finding, datetime], Vulnerability]
"""A pure function from a vulnerability, its finding and the effective date of the change to what becomes of it."""
_Change: TypeAlias = tuple[Vulnerability, Vulnerability]
"""A vulnerability as it is, and as it is to be."""
_OF_ROOT: Final = ("root_id",)


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


def _changed(
    old: Vulnerability | ModelError, expected_version: int | None, alter: AlterWithin, stamp: Stamp, given: Given
) -> _Change | ModelError:
    """Decide about one, in the order of M5: it exists, its version is the expected one, and then the rules of ``alter``."""
    try:
        if isinstance(old, ModelError):
            raise old
        finding = _finding_of(old, given)
        if finding is None or not is_live(old):
            raise NotFound(VULNERABILITY.name, old.id)
        check_version(VULNERABILITY, old, expected_version)
        return old, alter(old, finding, effective_at(stamp, old))
    except ModelError as error:
        return error


def _about_the_item(error: ModelError) -> ModelError:
    """Return the error of a plan; what is wrong with the root is wrong with the vulnerability, which the caller has named."""
    if not isinstance(error, Rejections):
        return error
    return Rejections([Rejected(one.reason, () if one.path == _OF_ROOT else one.path, one.detail) for one in error.refusals])


def recording(made: Plan[Vulnerability], record: Plan[Finding]) -> Plan[Vulnerability]:
    """Return the plan of a first release with the record of it in the finding, so that one is not written without the other.

    Several releases of a transaction share the record; whichever of them is not in it has lost a race.
    """
    return together(made, *besides(record))


def _planned(change: _Change, stamp: Stamp, given: Given, releases: dict[str, Plan[Finding]]) -> Decision:
    old, new = change
    finding: Finding = given.known[finding_key(old.finding_id)]
    try:
        made = plan(VULNERABILITY, old, new, stamp, given)
    except ModelError as error:
        return _about_the_item(error)
    if not is_first_release(old, new, finding):
        return made
    record = releases.get(finding.id)
    if record is None:
        record = releases[finding.id] = released(finding, stamp)
    return recording(made, record)


def _refused(error: Rejected, *_: object) -> Vulnerability:
    raise error


class Intent(Struct, frozen=True):
    """One vulnerability as it was read, what is to become of it, and the version at which it is expected, if at any.

    The vulnerability may also be the error that keeps it from being read.
    """

    found: Vulnerability | ModelError
    alter: AlterWithin
    expected_version: int | None = None


async def decisions(
    store: Store, intents: Mapping[int, Intent], stamp: Stamp, supplement: Supplement | None = None
) -> Mapping[int, Decision]:
    """Read what changes of vulnerabilities need, and decide about each by its position: its plan, or what refuses it."""
    known = [one.found for one in intents.values() if isinstance(one.found, Vulnerability)]
    parents = (Needs((within_group(one.group_name), within_finding(one.finding_id, one.root_id))) for one in known)
    given = await gathered(store, (*parents, *((supplement.needs(known),) if supplement else ())))
    changes = {at: _changed(one.found, one.expected_version, one.alter, stamp, given) for at, one in intents.items()}
    needed = [needs(VULNERABILITY, *each) for each in changes.values() if not isinstance(each, ModelError)]
    whole = await gathered(store, needed, given)
    releases: dict[str, Plan[Finding]] = {}
    each = {at: one if isinstance(one, ModelError) else _planned(one, stamp, whole, releases) for at, one in changes.items()}
    return supplement.applied(each, given) if supplement else each


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

    async def decided(read_now: Mapping[int, Vulnerability | ModelError | None]) -> Mapping[int, Decision]:
        intents = {
            at: Intent(one or NotFound(VULNERABILITY.name, wanted[at].id), alters[at], wanted[at].expected_version)
            for at, one in read_now.items()
        }
        return await decisions(store, intents, stamp, supplement)

    async def decide(positions: Sequence[int]) -> Mapping[int, Decision]:
        known = [position for position in positions if is_identifier(wanted[position].id)]
        items = await store.get([vulnerability_key(wanted[position].id) for position in known])
        found = [read.attempted(VULNERABILITY, item) for item in items]
        return await decided({**dict.fromkeys(positions), **dict(zip(known, found, strict=True))})

    first = await (decided(dict(zip(range(len(wanted)), seen, strict=True))) if seen else decide(range(len(wanted))))
    return await write_all(store, first, decide)


async def change_one(
    store: Store, seen: Vulnerability, alter: AlterWithin, stamp: Stamp, *, expected_version: int | None = None
) -> Vulnerability:
    """Change one vulnerability, ``seen`` as the caller has just read it; return it as stored.

    Raise the error that refuses the change, ``Stale`` when it is not at its expected version, ``Raced`` after too many lost
    races.
    """
    outcome = await change_all(store, (Reference(seen.id, expected_version),), alter, stamp, seen=(seen,))
    if isinstance(outcome, Refused):
        raise outcome.errors[0]
    if outcome.refused:
        raise outcome.refused[0]
    changed: Vulnerability = outcome.entities[0]
    return changed
