"""The work of an import, chunk by chunk, each one transaction that also moves the import's progress."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final, TypeVar

from integrates.api.imports.work import order
from integrates.api.imports.work.chunk import Step, packed, room
from integrates.api.imports.work.finding import findings_of
from integrates.api.imports.work.job import Job
from integrates.api.imports.work.lease import lease
from integrates.api.imports.work.missing import SeriesKeys, closings, complete_series, missing_of
from integrates.api.imports.work.order import Work
from integrates.api.imports.work.survey import FindingSeen, survey
from integrates.db_model.entity.transaction import RACES
from integrates.db_model.errors import IntegratesError, Raced, Rejected, Rejections, Stale
from integrates.db_model.findings.types import Finding
from integrates.db_model.imports import commands
from integrates.db_model.imports.commands import Destination, Overtaken, Running
from integrates.db_model.imports.types import ImportCounts
from integrates.db_model.store.retry import pause

T = TypeVar("T")

_LOST: Final = (Raced, Stale, Rejected, Rejections)
"""The errors after which a chunk is matched anew: another writer was faster, or holds a claim that the chunk needs."""
_MOST_LOSSES: Final = 20
"""How many races an import may lose in a row before it is left to its next worker."""


class Refused(IntegratesError):
    """The import cannot go on for a ``reason`` that will not go away by itself; ``running`` is how far it came."""

    def __init__(self, running: Running, reason: str) -> None:
        super().__init__(running.record.id, reason)
        self.running = running
        self.reason = reason


async def _allowed(job: Job, running: Running) -> Destination:
    destination = await job.destination()
    if destination is None:
        raise Refused(running, "not_allowed")
    return destination


async def _steps(job: Job, work: Work, position: int) -> tuple[Step, ...]:
    """Match all observations of the work, and return what is left to do at a position."""
    findings = await findings_of(job, work)
    seen = [FindingSeen(finding, observations) for finding, (_, observations) in zip(findings, work, strict=True)]
    steps = tuple((each, match) for each in await survey(job, seen) for match in each.matches)
    return steps[order.done((match.observation for _, match in steps), position) :]


async def _window(job: Job, following: int, running: Running, work: Work) -> tuple[Running, Work]:
    """Do one window of the work; ``following`` is the position after it. After a lost race return what is left of it."""
    try:
        steps = await _steps(job, work, running.progress.position)
    except Rejected as error:  # the group has no room for another finding
        raise Refused(running, error.reason.value) from error
    findings: Mapping[str, Finding] = {}
    while steps:
        destination, stamp = await _allowed(job, running), job.stamp()
        try:
            chunk = packed(job, steps, findings, destination, stamp)
            steps = steps[chunk.done :]
            position = steps[0][1].observation.ordinal if steps else following
            running = await commands.write_chunk(
                job.store, running, chunk.plans, stamp, position=position, counts=chunk.counts, destination=destination
            )
        except _LOST:
            return running, order.after(work, running.progress.position)
        findings = chunk.findings
    return running, ()


async def _until_done(running: Running, step: Callable[[Running, T], Awaitable[tuple[Running, T]]], left: T) -> Running:
    """Repeat a step on what the last one has left to do, until nothing is left.

    A step that moved nothing has lost a race: the next one waits, and after too many in a row ``Raced`` is raised.
    """
    losses = 0
    while left:
        before = running.progress.version
        running, left = await step(running, left)
        losses = losses + 1 if running.progress.version == before else 0
        if losses > _MOST_LOSSES:
            raise Raced(running.record.id)
        await pause(min(RACES.cap, RACES.base * 2.0**losses) if losses else 0.0)
    return running


async def _results(job: Job, running: Running) -> Running:
    """Apply the results of the file from the position on."""
    if running.progress.position == job.scan.total:
        return running
    work = order.after(order.ordered(job.scan), running.progress.position)
    for window, following in order.windows(work, job.scan.total):
        running = await _until_done(running, partial(_window, job, following), window)
    return running


async def _missing(job: Job, running: Running, series: SeriesKeys) -> tuple[Running, SeriesKeys]:
    """Close what is missing now; return the series again after a lost race, else none."""
    left = await missing_of(job, series)
    while left:
        destination, stamp = await _allowed(job, running), job.stamp()
        try:
            plans = closings(left, destination, stamp, room(job.store))
            counts = ImportCounts(closed=len(plans))
            running = await commands.write_chunk(
                job.store, running, plans, stamp, position=job.scan.total, counts=counts, destination=destination
            )
        except _LOST:
            return running, series
        left = left[len(plans) :]
    return running, frozenset()


async def _closed(job: Job, running: Running) -> Running:
    """Close what the file no longer reports."""
    series = complete_series(job.scan) if running.record.options.close_missing else frozenset()
    return await _until_done(running, partial(_missing, job), series)


async def _worked(job: Job, running: Running) -> Running:
    try:
        latest = await _closed(job, await _results(job, running))
    except Refused as refusal:
        return await commands.fail(job.store, refusal.running, refusal.reason, job.stamp())
    return await commands.complete(job.store, latest, job.scan.total, job.stamp())


async def run(job: Job, running: Running) -> Running:
    """Do the work of an import from its position to its end, and return how it ended.

    Ends FAILED when the group, the root or the caller's permission does not allow it any more, or the group has no room for
    another finding. When another worker has taken it over, the import is returned as that worker has it. Any other error, and
    being cancelled, leaves the import RUNNING and gives the lease back, so that another worker may continue at once.
    """
    async with lease(job.store, running.record.id, job.stamp):
        try:
            return await _worked(job, running)
        except Overtaken:
            return await commands.find(job.store, running.record.id) or running
