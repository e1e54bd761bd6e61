"""The work of an import, chunk by chunk, each one transaction that also moves the record's position."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from integrates.api.importing import order, record
from integrates.api.importing.begin import checks
from integrates.api.importing.chunk import Step, packed
from integrates.api.importing.job import Job
from integrates.api.importing.missing import Targets, missing_of, targets_of
from integrates.api.importing.order import Work
from integrates.api.importing.subject import findings_of
from integrates.api.importing.survey import Subject, survey
from integrates.db_model.entity import claim, read, transaction
from integrates.db_model.entity import plan as planning
from integrates.db_model.entity.plan import Plan
from integrates.db_model.errors import AlreadyExists, IntegratesError, Raced, Rejected, Stale
from integrates.db_model.findings.types import Finding
from integrates.db_model.imports.facet import IMPORT, import_key
from integrates.db_model.imports.types import Import, ImportCounts, ImportPosition
from integrates.db_model.vulnerabilities.types import Vulnerability

_LOST: Final = (Raced, Stale, AlreadyExists)
_MOST_LOSSES: Final = 20
"""How many races an import may lose in a row before it is left to its next worker."""


class Overtaken(IntegratesError):
    """Another worker has changed the import's record: the work is no longer ours."""


class Refused(IntegratesError):
    """The import cannot go on for a ``reason`` that will not go away by itself; ``record`` is how far it came."""

    def __init__(self, record: Import, reason: str) -> None:
        super().__init__(record.id, reason)
        self.record = record
        self.reason = reason


async def _sent(job: Job, plans: Sequence[Plan[Any]]) -> None:
    """Write plans of which one is of the import's record. Raises ``Overtaken`` when that is not ours any more."""
    try:
        await transaction.write(job.store, plans)
    except Stale as error:
        if error.facet == IMPORT.name:
            raise Overtaken from error
        raise


async def _written(
    job: Job, current: Import, plans: Sequence[Plan[Vulnerability]], position: ImportPosition, counts: ImportCounts
) -> Import:
    """Write one chunk together with the record that counts it."""
    gate = await job.gate()
    if gate is None:
        raise Refused(current, "not_allowed")
    plan = planning.changed(IMPORT, current, lambda old, at: record.advanced(old, position, counts, at), job.stamp())
    await _sent(job, (planning.together(plan, *checks(gate)), *plans))
    return plan.entity


def _end(job: Job) -> ImportPosition:
    return ImportPosition(run=job.scan.runs, result=0)


async def _steps(job: Job, work: Work, position: ImportPosition) -> tuple[Step, ...]:
    """Match all observations of the work, and return what is left to do at a position."""
    findings = await findings_of(job, work)
    subjects = [Subject(finding, observations) for finding, (_, observations) in zip(findings, work, strict=True)]
    steps = tuple((each, match) for each in await survey(job, subjects) for match in each.matches)
    return steps[order.done([match.observation for _, match in steps], position) :]


async def _window(job: Job, current: Import, work: Work, following: ImportPosition) -> tuple[Import, Work]:
    """Do one part of the work; after a lost race return what is left of it."""
    try:
        steps = await _steps(job, work, current.progress.position)
    except Rejected as error:  # the group has no room for another finding
        raise Refused(current, error.rule) from error
    findings: Mapping[str, Finding] = {}
    while steps:
        chunk = packed(job, steps, findings)
        steps = steps[chunk.done :]
        position = order.position_of(steps[0][1].observation) if steps else following
        try:
            current = await _written(job, current, chunk.plans, position, chunk.counts)
        except _LOST:
            return current, order.after(work, current.progress.position)
        findings = chunk.findings
    return current, ()


async def _results(job: Job, current: Import) -> Import:
    if current.progress.position == _end(job):
        return current
    parts = tuple(order.windows(order.after(order.ordered(job.scan), current.progress.position)))
    for number, part in enumerate(parts):
        following = order.position_of(parts[number + 1][0][1][0]) if number + 1 < len(parts) else _end(job)
        losses = 0
        left = part
        while left:
            before = current.version
            current, left = await _window(job, current, left, following)
            losses = losses + 1 if current.version == before else 0
            if losses > _MOST_LOSSES:
                raise Raced(current.id)
    return current


async def _pass(job: Job, current: Import, targets: Targets) -> tuple[Import, bool]:
    """Close what is missing now; tell whether that was all, or a race was lost."""
    async for plans in missing_of(job, targets):
        try:
            current = await _written(job, current, plans, _end(job), ImportCounts(closed=len(plans)))
        except _LOST:
            return current, False
    return current, True


async def _closed(job: Job, current: Import) -> Import:
    """Close what the file does not name any more."""
    targets = targets_of(job.scan) if current.options.close_missing else frozenset()
    losses = 0
    done = not targets
    while not done:
        before = current.version
        current, done = await _pass(job, current, targets)
        losses = losses + 1 if current.version == before else 0
        if losses > _MOST_LOSSES:
            raise Raced(current.id)
    return current


async def _ended(job: Job, current: Import, plan: Plan[Import]) -> Import:
    """End the import and free the root for the next one."""
    held = (await claim.holders(job.store, (claim.claim_key("running_import", job.root_id),)))[0]
    freed = (claim.freed("running_import", job.root_id, held=held),) if held and held.owner == current.id else ()
    await _sent(job, (planning.together(plan, *freed),))
    return plan.entity


async def _failed(job: Job, current: Import, reason: str) -> Import:
    plan = planning.changed(IMPORT, current, lambda old, at: record.failed(old, reason, job.by, at), job.stamp())
    return await _ended(job, current, plan)


async def _worked(job: Job, current: Import) -> Import:
    try:
        latest = await _closed(job, await _results(job, current))
    except Refused as refusal:
        return await _failed(job, refusal.record, refusal.reason)
    done = planning.changed(IMPORT, latest, lambda old, at: record.completed(old, _end(job), job.by, at), job.stamp())
    return await _ended(job, latest, done)


async def run(job: Job, current: Import) -> Import:
    """Do the work of an import from its position to its end, and return its record.

    Ends FAILED when the group, the root or the caller's permission does not allow it any more, or the group has no room for
    another finding. When another worker has taken it over, that worker's record is returned. Any other error leaves the
    import RUNNING, to be continued after its lease.
    """
    try:
        return await _worked(job, current)
    except Overtaken:
        return await read.get(job.store, IMPORT, import_key(current.id)) or current
