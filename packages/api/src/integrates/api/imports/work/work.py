"""The work of an import, chunk by chunk, each one transaction that also moves the import's progress."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from integrates.api.imports.read.observation import Observation
from integrates.api.imports.work import plan as plans
from integrates.api.imports.work.chunk import Effect, Packing, Work, begins_cycle_of, effect_of, packed, room
from integrates.api.imports.work.finding import findings_of
from integrates.api.imports.work.identity import Base, base_of, claim_of, claims_of, holders_of
from integrates.api.imports.work.job import Job
from integrates.api.imports.work.lease import lease
from integrates.api.imports.work.missing import Closing, Unseen, closed_by, closing_by, closings, page_of
from integrates.api.imports.work.plan import Decision, Plan
from integrates.api.imports.work.survey import planned
from integrates.api.unfinished import ABANDONED
from integrates.db_model.entity.facet import Given
from integrates.db_model.entity.steps import LOST, until_done
from integrates.db_model.entity.transaction import gathered
from integrates.db_model.entity.work import LEASE, Overtaken
from integrates.db_model.errors import IntegratesError, NotFound, Rejected, StoreError
from integrates.db_model.findings.types import Finding, ToolRule
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.imports import commands
from integrates.db_model.imports.commands import Destination, Running
from integrates.db_model.imports.rules import Step
from integrates.db_model.imports.types import ImportCounts
from integrates.db_model.store.port import Item
from integrates.db_model.vulnerabilities.environment import environments_needed, is_elsewhere
from integrates.db_model.vulnerabilities.facet import keeps_claim
from integrates.db_model.vulnerabilities.identity import free_numbers
from integrates.db_model.vulnerabilities.load import load_vulnerabilities
from integrates.db_model.vulnerabilities.policy import given_policy, policies_needed
from integrates.db_model.vulnerabilities.types import MatchBy, Vulnerability, VulnerabilityType

_LOG: Final = logging.getLogger("integrates.api")

_NOT_ALLOWED: Final = "not_allowed"
"""The reason of an import whose group, root, caller or token may not be used any more."""
_WINDOW: Final = 500
"""Results that are read and written together, in as many chunks as it takes."""


class Refused(IntegratesError):
    """The import cannot go on for a ``reason`` that will not go away by itself; ``running`` is how far it came."""

    def __init__(self, running: Running, reason: str) -> None:
        super().__init__(running.record.id, reason)
        self.running = running
        self.reason = reason


async def _allowed(job: Job, running: Running) -> Destination:
    destination = await job.destination()
    if destination is None:
        raise Refused(running, _NOT_ALLOWED)
    return destination


async def _with_plan(job: Job, running: Running) -> tuple[Running, Plan]:
    """Return the plan of the import: the one that stands in its progress, else a new one, which then stands there.

    Of two workers that plan at once one is ``Overtaken`` and stops: the other one does the work.
    """
    record, digest = running.record, running.progress.plan
    if digest:
        return running, await _kept(job, running)
    made = await planned(job, record.options)
    digest = await plans.keep(job.files, record.id, made)
    try:
        return await commands.keep_plan(job.store, running, digest, job.stamp()), made
    except Overtaken:
        await _forgotten(job, record.id, digest)
        raise


async def _kept(job: Job, running: Running) -> Plan:
    """Return the plan that stands in the progress. Raise ``Refused`` when it is gone."""
    try:
        return await plans.kept(job.files, running.record.id, running.progress.plan)
    except NotFound as error:
        raise Refused(running, ABANDONED) from error


async def _forgotten(job: Job, import_id: str, digest: str) -> None:
    """Delete a plan; one that stays does no harm."""
    try:
        await plans.forget(job.files, import_id, digest)
    except StoreError as error:
        _LOG.warning("the plan of an import was left behind", exc_info=error)


class _Window(Struct, frozen=True):
    """Results that follow each other, the decisions of the plan, and the position after them."""

    observations: Sequence[Observation]
    decisions: Mapping[int, Decision]
    end: int


def _windows(job: Job, plan: Plan, position: int) -> Sequence[_Window]:
    decisions = plans.by_ordinal(plan)
    left = [one for one in job.scan.observations if one.ordinal >= position and one.ordinal in decisions]
    parts = [left[cut : cut + _WINDOW] for cut in range(0, len(left), _WINDOW)]
    ends = [*(part[0].ordinal for part in parts[1:]), job.scan.total]
    return [_Window(part, decisions, end) for part, end in zip(parts, ends, strict=False)]


async def _works(job: Job, window: _Window, position: int) -> Sequence[Work]:
    """Read what the results of a window are about, as it is now. New ones, from the position on, are not there yet."""
    decided = [(one, window.decisions[one.ordinal]) for one in window.observations if one.ordinal >= position]
    ids = [decision.id for _, decision in decided if decision.id and not decision.number]
    known = {one.id: one for one in await load_vulnerabilities(job.store, ids)}
    meant = {one.rule for one, _ in decided}
    wanted = {one.rule for one, decision in decided if decision.number}
    findings = await findings_of(job, [seen for seen in job.scan.rules if seen.rule in meant], wanted)
    works = [Work(one, decision, findings[one.rule], known.get(decision.id)) for one, decision in decided]
    return await _numbered(job, window, works, findings)


async def _numbered(job: Job, window: _Window, works: Sequence[Work], findings: Mapping[ToolRule, Finding]) -> Sequence[Work]:
    """Look at the claims of the new ones; where somebody has the number meanwhile, the holder or the next number is taken."""
    new = {work.seen.ordinal: work for work in works if work.decision.number}
    bases = {ordinal: base_of(work.seen, work.seen.fingerprint) for ordinal, work in new.items()}
    keys = [claim_of(job.root_id, work.finding.id, bases[ordinal], work.decision.number) for ordinal, work in new.items()]
    items = dict(zip(new, await job.store.get(keys), strict=True))
    taken = {bases[ordinal] for ordinal, item in items.items() if item is not None and holders_of((item,))}
    in_doubt = [work for ordinal, work in new.items() if bases[ordinal] in taken]
    again = await _renumbered(job, window, in_doubt, findings) if in_doubt else {}
    return [again.get(one.seen.ordinal) or replace(one, item=items.get(one.seen.ordinal)) for one in works]


def _reserved(job: Job, window: _Window, works: Sequence[Work]) -> frozenset[tuple[Base, int]]:
    """Return the identities that the plan has for other results than these."""
    mine = {work.seen.ordinal for work in works}
    others = (one for one in job.scan.observations if one.ordinal in window.decisions and one.ordinal not in mine)
    return frozenset((base_of(one, one.fingerprint), window.decisions[one.ordinal].number) for one in others)


async def _renumbered(
    job: Job, window: _Window, works: Sequence[Work], findings: Mapping[ToolRule, Finding]
) -> Mapping[int, Work]:
    """Decide again what is of an identity that somebody has taken; what the plan names for other results stays theirs."""
    bases = [base_of(work.seen, work.seen.fingerprint) for work in works]
    claims = await claims_of(job.store, job.root_id, {rule: finding.id for rule, finding in findings.items()}, bases)
    named = {one.id for one in window.decisions.values()}
    holders = {each for items in claims.values() for each in holders_of(items)} - named
    free = {one.id: one for one in await load_vulnerabilities(job.store, holders)}
    reserved = _reserved(job, window, works)
    found: dict[int, Work] = {}
    for work, base in zip(works, bases, strict=True):
        here = next((free[each] for each in holders_of(claims[base]) if each in free and _is_there(free[each], work)), None)
        number = next(each for each in free_numbers(claims[base]) if (base, each) not in reserved)
        found[work.seen.ordinal] = _met(work, free.pop(here.id)) if here else _with_number(work, number, claims[base])
        reserved |= frozenset() if here else {(base, number)}
    return found


def _met(work: Work, holder: Vulnerability) -> Work:
    """Return the work on a vulnerability that came to the place since the plan."""
    decision = replace(work.decision, id=holder.id, by=MatchBy.PLACE, number=0)
    return replace(work, decision=decision, vulnerability=holder)


def _with_number(work: Work, number: int, claims: Sequence[Item]) -> Work:
    item = claims[number - 1] if number <= len(claims) else None
    return replace(work, decision=replace(work.decision, number=number), item=item)


def _is_there(holder: Vulnerability, work: Work) -> bool:
    at, seen = holder.location, work.seen.location
    return keeps_claim(holder) and (at.where, at.specific) == (seen.where, seen.specific)


async def _policies(job: Job, works: Sequence[Work]) -> Mapping[str, Given]:
    """Read what the organization's policies say about the findings in which the works begin a cycle: one look for each."""
    found = {work.finding.id: work.finding for work in works if begins_cycle_of(work)}
    given = await gathered(job.store, policies_needed(found.values()))
    return {finding.id: given_policy(finding, given) for finding in found.values()}


async def _environments(job: Job, running: Running, works: Sequence[Work]) -> tuple[Given, Sequence[Work]]:
    """Read what decides about new pages of a GIT root, and mark those below an environment url that was removed meanwhile."""
    new = [work for work in works if effect_of(work) is Effect.CREATED and work.seen.location.type is VulnerabilityType.INPUTS]
    if not new:
        return Given(), works
    root = (await _allowed(job, running)).root
    places = [(work.seen.location.type, work.seen.location.where) for work in new]
    given = await gathered(job.store, environments_needed(root, places))
    gone = {work.seen.ordinal for work, place in zip(new, places, strict=True) if is_elsewhere(root, *place, given)}
    return given, [replace(work, is_elsewhere=work.seen.ordinal in gone) for work in works]


async def _window(job: Job, running: Running, window: _Window) -> tuple[Running, _Window | None]:
    """Do one window of the work. After a lost race return it again: what is done is known by the position."""
    try:
        works = await _works(job, window, running.progress.position)
    except Rejected as error:  # the group has no room for another finding
        raise Refused(running, error.reason.value) from error
    except NotFound as error:
        if error.facet == GROUP.name:  # it was removed while findings were stored in it
            raise Refused(running, _NOT_ALLOWED) from error
        raise
    findings: Mapping[str, Finding] = {}
    environments, works = await _environments(job, running, works)
    policies = await _policies(job, works)
    while works:
        destination, stamp = await _allowed(job, running), job.stamp()
        try:
            chunk = packed(Packing(job, running.record.id, destination, stamp, findings, policies, environments), works)
            works = works[chunk.done :]
            position = works[0].seen.ordinal if works else window.end
            step = Step(position=position, counts=chunk.counts)
            running = await commands.write_chunk(job.store, running, chunk.plans, stamp, step, destination)
        except LOST:
            return running, window
        findings = chunk.findings
    return running, None


async def _results(job: Job, running: Running, plan: Plan) -> Running:
    """Apply the results of the file from the position on."""
    for window in _windows(job, plan, running.progress.position):
        running = await until_done(running.record.id, running, partial(_window, job), window)
    return running


async def _renewed(job: Job, running: Running) -> Running:
    """Renew a lease of which half is gone, in work that may write nothing for long."""
    if running.progress.lease_until - job.now() > LEASE / 2:
        return running
    step, destination = Step(position=job.scan.total), await _allowed(job, running)
    return await commands.write_chunk(job.store, running, (), job.stamp(), step, destination)


async def _missing(job: Job, closing: Closing, running: Running, after: str) -> tuple[Running, str | None]:
    """Close what one page of the root has missing, and return where the next one begins; after a lost race, this one again."""
    try:
        running = await _renewed(job, running)
    except LOST:
        return running, after
    page = await page_of(job, closing, after or None)
    left: Sequence[Unseen] = page.missing
    while left:
        destination, stamp = await _allowed(job, running), job.stamp()
        made = closings(left, destination, stamp, room(job.store))
        done, left = left[: len(made)], left[len(made) :]
        closed = closed_by(done)
        step = Step(position=job.scan.total, counts=ImportCounts(closed=sum(closed.values())), closed=closed)
        try:
            running = await commands.write_chunk(job.store, running, made, stamp, step, destination)
        except LOST:
            return running, after
    return running, page.after


async def _closed(job: Job, running: Running, plan: Plan) -> Running:
    """Close what the series of the file no longer report."""
    record = running.record
    closing = closing_by(job.scan, plan, record.options, record.created_at)
    return await until_done(record.id, running, partial(_missing, job, closing), "") if closing.series else running


async def _done(job: Job, running: Running) -> Running:
    planned_so, plan = await _with_plan(job, running)
    latest = await _closed(job, await _results(job, planned_so, plan), plan)
    return await commands.complete(job.store, latest, job.scan.total, job.stamp())


async def _worked(job: Job, running: Running) -> Running:
    try:
        ended = await _done(job, running)
    except Refused as refusal:
        ended = await commands.fail(job.store, refusal.running, refusal.reason, job.stamp())
    if ended.progress.plan:
        await _forgotten(job, ended.record.id, ended.progress.plan)
    return ended


async def run(job: Job, running: Running) -> Running:
    """Do the work of an import from its position to its end, and return how it ended.

    Ends FAILED when the group, the root or the caller's permission does not allow it any more, or the group has no room for
    another finding. When another worker has taken it over, the import is returned as that worker has it. Any other error, and
    being cancelled, leaves the import RUNNING and gives the lease back, so that another worker may continue at once.
    """
    async with lease(partial(commands.give_back, job.store, running.record.id), job.stamp):
        try:
            return await _worked(job, running)
        except Overtaken:
            return await commands.find(job.store, running.record.id) or running
