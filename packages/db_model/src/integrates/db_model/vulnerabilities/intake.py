"""Storing new vulnerabilities: the place is nobody's, the number is free, and who keeps the place gives it up (section 4.1)."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.access.types import GroupRole
from integrates.db_model.entity.bulk import Decision, Refused, Written, write_all, write_each
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import Beside, Given
from integrates.db_model.entity.plan import Plan, besides, needs, plan, together
from integrates.db_model.entity.transaction import gathered
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, ModelError, NotFound, Reason, Rejected, Rejections
from integrates.db_model.findings.commands import released
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.roots.facet import ROOT
from integrates.db_model.store.port import Store
from integrates.db_model.vulnerabilities.change import recording
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.identity import free_numbers
from integrates.db_model.vulnerabilities.place import Occupants, Place, occupants, place_of
from integrates.db_model.vulnerabilities.report import report_of, source_of, submitted, yielded
from integrates.db_model.vulnerabilities.rules import is_first_release
from integrates.db_model.vulnerabilities.types import Source, Vulnerability

_MOST_YIELDING: Final = 25
"""Most removed ones that give up a place in the transaction of the report, which all fit that. Others give it up before."""
_WHERE: Final = ("where",)
_OF_ROOT: Final = ("root_id",)


class Reports(Struct, frozen=True, kw_only=True):
    """What a person reports in a finding: raw arguments, an id for each, and the role that the person acts in."""

    finding: Finding
    given: Sequence[Mapping[str, Any]]
    identities: Sequence[str]
    role: GroupRole | None


class Planned(Struct, frozen=True):
    """The plans of new vulnerabilities, or the errors that refuse them, and the removed ones that have to :func:`give_way`."""

    plans: tuple[Plan[Vulnerability] | ModelError, ...]
    surplus: tuple[Vulnerability, ...]


async def plans_of(store: Store, new: Sequence[Vulnerability], stamp: Stamp) -> Planned:
    """Return the plans that store new vulnerabilities, no two of them at one place, or the errors that refuse them.

    With a first release comes the record of it in the finding. A removed vulnerability that keeps the place gives it up in the
    same transaction, unless a scanner reports the new one. Where more of them keep it than one transaction takes, the rest is
    the ``surplus``.
    """
    there = await occupants(store, new)
    numbered = [replace(one, number=next(free_numbers(each.claims))) for one, each in zip(new, there, strict=True)]
    yielding = [() if one.source is Source.MACHINE else each.kept for one, each in zip(new, there, strict=True)]
    left = [replace(each, kept=kept[:_MOST_YIELDING]) for each, kept in zip(there, yielding, strict=True)]
    added = (needs(VULNERABILITY, None, one) for one in numbered)
    freed = (needs(VULNERABILITY, one, yielded(one)) for each in left for one in each.kept)
    given = await gathered(store, (*added, *freed))
    plans = tuple(_planned(one, each, stamp, given) for one, each in zip(numbered, left, strict=True))
    return Planned(plans, tuple(one for kept in yielding for one in kept[_MOST_YIELDING:]))


async def give_way(store: Store, surplus: Sequence[Vulnerability], stamp: Stamp) -> None:
    """Let removed vulnerabilities give up their place, in chunks, before the report that takes it is stored.

    Cut off, it is finished by repeating the report. Raise the error of what did not give way.
    """

    async def decide(positions: Sequence[int]) -> Mapping[int, Decision]:
        items = await store.get([vulnerability_key(surplus[position].id) for position in positions])
        found = {at: decoded(VULNERABILITY, item) for at, item in zip(positions, items, strict=True) if item}
        given = await gathered(store, (needs(VULNERABILITY, one, yielded(one)) for one in found.values()))
        return {at: plan(VULNERABILITY, one, yielded(one), stamp, given) for at, one in found.items()}

    made = await write_each(store, await decide(range(len(surplus))), decide)
    for error in made.refused.values():
        raise error


def _planned(new: Vulnerability, there: Occupants, stamp: Stamp, given: Given) -> Plan[Vulnerability] | ModelError:
    try:
        made = plan(VULNERABILITY, None, new, stamp, given)
        freed = [plan(VULNERABILITY, one, yielded(one), stamp, given) for one in there.kept]
    except ModelError as error:
        return error
    if there.live:
        return AlreadyExists(Reason.PLACE_REPORTED, _WHERE, there.live[0].id)
    finding: Finding = given.known[finding_key(new.finding_id)]
    whole = recording(made, released(finding, stamp)) if is_first_release(None, new, finding) else made
    beside = tuple(map(_decided_again, whole.beside))
    return together(replace(whole, beside=beside), *(each for one in freed for each in besides(one)))


def _decided_again(one: Beside) -> Beside:
    """Return the change with a lost race for its failing when that means a claim: the number was taken meanwhile."""
    return Beside(one.change) if isinstance(one.refusal, AlreadyExists) else one


async def submit(store: Store, reports: Reports, stamp: Stamp) -> Written | Refused:
    """Store what a person reports as drafts; return the outcome of each by its position. When one is refused, none is stored.

    Paths begin with ``vulnerabilities`` and the position. Each error is one of these: ``Rejections`` for arguments at fault
    (with ``outside_root``, ``bad_vector``) or an INACTIVE root (``inactive_root``), ``NotFound`` for a root that is not of the
    group, ``AlreadyExists`` (``place_reported``) when something that was not removed has the place now. Raise ``NotFound`` when
    the finding or its group was removed.

    Removed ones that keep a place give it up with its report, when nothing is refused: those that one transaction does not take
    do so before (:func:`give_way`), and stay so when the report then fails.
    """
    finding = reports.finding
    asked = [_asked(reports, position, stamp) for position in range(len(reports.given))]
    new = {position: one for position, one in enumerate(asked) if isinstance(one, Vulnerability)}
    twice = _repeated(new)
    refused = {**{position: one for position, one in enumerate(asked) if isinstance(one, ModelError)}, **twice}

    async def decide(positions: Sequence[int]) -> Mapping[int, Decision]:
        wanted = [position for position in positions if position in new]
        planned = await plans_of(store, [new[position] for position in wanted], stamp)
        decided = {position: _told(position, made) for position, made in zip(wanted, planned.plans, strict=True)}
        if planned.surplus and not refused and all(isinstance(each, Plan) for each in decided.values()):
            await give_way(store, planned.surplus, stamp)
        return decided

    made = await decide([position for position in new if position not in twice])
    if any(isinstance(each, NotFound) and each.facet in {FINDING.name, GROUP.name} for each in made.values()):
        raise NotFound(FINDING.name, finding.id, ("finding_id",))
    return await write_all(store, {**made, **refused}, decide)


def _asked(reports: Reports, position: int, stamp: Stamp) -> Vulnerability | ModelError:
    try:
        report = report_of(reports.given[position])
    except ModelError as error:
        return _below(position, error)
    source = source_of(reports.role, escaped=report.escaped)
    return submitted(reports.identities[position], reports.finding, report, source, by=stamp.by, at=stamp.at)


def _repeated(new: Mapping[int, Vulnerability]) -> dict[int, ModelError]:
    """Return the refusal of each of them that is at the place of an earlier one."""
    first: dict[Place, int] = {}
    for position, one in new.items():
        first.setdefault(place_of(one), position)
    taken = partial(AlreadyExists, Reason.PLACE_REPORTED)
    return {at: _below(at, taken(_WHERE)) for at, one in new.items() if first[place_of(one)] != at}


def _told(position: int, made: Plan[Vulnerability] | ModelError) -> Decision:
    if not isinstance(made, Rejections):
        return made if isinstance(made, Plan) else _below(position, made)
    foreign = any(one.reason is Reason.WRONG_PARENT and one.path == _OF_ROOT for one in made.refusals)
    return _below(position, NotFound(ROOT.name, "", _OF_ROOT) if foreign else made)


def _below(position: int, error: ModelError) -> ModelError:
    """Return the error with the path of the report before its own."""
    above = ("vulnerabilities", str(position))
    match error:
        case AlreadyExists():
            return AlreadyExists(error.reason, (*above, *error.path), error.owner)
        case Rejected():
            return Rejected(error.reason, (*above, *error.path), error.detail)
        case Rejections():
            return Rejections([Rejected(one.reason, (*above, *one.path), one.detail) for one in error.refusals])
        case NotFound():
            return NotFound(error.facet, error.identity, (*above, *error.path))
        case _:
            return error
