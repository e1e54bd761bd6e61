"""The work of an import of decisions, chunk by chunk, each one transaction that also moves its progress."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid5

from msgspec import Struct

from integrates.api.authorization.visibility import sees_vulnerability
from integrates.api.decision_import.read.statement import Statement
from integrates.api.decision_import.work.job import DecisionJob
from integrates.api.decision_import.work.match import Match
from integrates.api.decision_import.work.ruling import ruling_of
from integrates.api.decision_import.work.survey import surveyed
from integrates.api.imports.read.text import line
from integrates.api.imports.work.lease import lease
from integrates.api.refusal import is_refusal, refusals
from integrates.db_model.comments.remark import remarked_once
from integrates.db_model.comments.types import CommentType
from integrates.db_model.decision_imports import commands
from integrates.db_model.decision_imports.commands import Deciding
from integrates.db_model.decision_imports.decision import EFFECTS, Decider, Effect, Ruling, Saying, ruled
from integrates.db_model.decision_imports.rules import Advance
from integrates.db_model.decision_imports.types import DecisionCounts, DecisionProblem
from integrates.db_model.entity.bulk import Decision
from integrates.db_model.entity.packing import fitting
from integrates.db_model.entity.plan import Plan
from integrates.db_model.entity.steps import LOST, until_done
from integrates.db_model.entity.types import Stamp
from integrates.db_model.entity.work import LEASE, Overtaken
from integrates.db_model.errors import IntegratesError, NotFound
from integrates.db_model.vulnerabilities.change import AlterWithin, Intent, decisions
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.load import load_vulnerabilities
from integrates.db_model.vulnerabilities.rules import is_live
from integrates.db_model.vulnerabilities.supplement import combined

UNMATCHED: Final = "unmatched"
"""The reason of a statement that is about nothing that the caller sees in the group."""
_NOT_ALLOWED: Final = "not_allowed"
_WINDOW: Final = 200
"""Statements about one vulnerability each that are decided about together, and written in as many chunks as it takes."""
_BESIDE: Final = 1
"""What the progress takes of a transaction."""
_MAX_NAME: Final = 200
_COMMENTS: Final[Mapping[Saying, CommentType]] = {
    Saying.FIXED: CommentType.VERIFICATION,
    Saying.NOT_AFFECTED: CommentType.ZERO_RISK,
}
"""What is said on the finding, as by the mutations that do the same."""


class NotAllowed(IntegratesError):
    """The group, the caller or the token may not be used any more; ``running`` is how far the import came."""

    def __init__(self, running: Deciding) -> None:
        super().__init__(running.record.id)
        self.running = running


class Unit(Struct, frozen=True):
    """A statement, by its ordinal, and one vulnerability that it decides about; ``None`` when it is about none."""

    ordinal: int
    vulnerability_id: str | None


class Judged(Struct, frozen=True):
    """A unit and what comes of it: what is to be written, if anything, and what is counted or told."""

    unit: Unit
    outcome: str
    plan: Plan[Any] | None = None
    problem: DecisionProblem | None = None


def units_of(match: Match, total: int, position: int, done_id: str) -> Iterator[Unit]:
    """Yield what is left to do, in the order of the file; statements that only newer ones outdo are nothing to do."""
    for ordinal in range(position, total):
        ids = match.decided.get(ordinal, ())
        yield from (Unit(ordinal, each) for each in ids if ordinal > position or each > done_id)
        if ordinal not in match.met:
            yield Unit(ordinal, None)


def _alter(ruling: Ruling, decider: Decider) -> AlterWithin:
    return lambda old, finding, at: ruled(old, ruling, decider, finding, at)


def _problem(unit: Unit, statement: Statement, reason: str) -> DecisionProblem:
    name = line(statement.name, _MAX_NAME) or None
    return DecisionProblem(pointer=statement.pointer, reason=reason, name=name, vulnerability_id=unit.vulnerability_id)


def _judged(unit: Unit, statement: Statement, decision: Decision | None) -> Judged:
    """Return what comes of a unit. Raise the error that is nobody's refusal."""
    match decision:
        case None:
            return Judged(unit, UNMATCHED, problem=_problem(unit, statement, UNMATCHED))
        case Plan(own=None):
            return Judged(unit, Effect.UNCHANGED.value)
        case Plan():
            return Judged(unit, EFFECTS[statement.says].value, plan=decision)
        case error if is_refusal(error):
            return Judged(unit, "refused", problem=_problem(unit, statement, refusals(error)[0].reason.value))
        case error:
            raise error


async def _decided(job: DecisionJob, running: Deciding, units: Sequence[Unit], decider: Decider) -> Sequence[Judged]:
    """Read the vulnerabilities of some units, and decide about each as it is now."""
    stamp, statements = job.stamp(), job.decisions.statements
    file_name, author = running.record.file.file_name, job.decisions.author
    rulings = {one.ordinal: ruling_of(statements[one.ordinal], file_name, author) for one in units if one.vulnerability_id}
    known = {
        one.id: one
        for one in await load_vulnerabilities(job.store, [one.vulnerability_id for one in units if one.vulnerability_id])
    }
    visible = {
        each: one
        for each, one in known.items()
        if is_live(one) and one.group_name == job.group_name and sees_vulnerability(decider.permissions, one)
    }
    intents = {
        at: Intent(
            visible.get(one.vulnerability_id) or NotFound(VULNERABILITY.name, one.vulnerability_id),
            _alter(rulings[one.ordinal], decider),
        )
        for at, one in enumerate(units)
        if one.vulnerability_id is not None
    }
    made = await decisions(job.store, intents, stamp, combined(tuple(_remarks(running, units, statements, rulings, stamp))))
    return [_judged(one, statements[one.ordinal], made.get(at)) for at, one in enumerate(units)]


def _remarks(
    running: Deciding,
    units: Sequence[Unit],
    statements: Sequence[Statement],
    rulings: Mapping[int, Ruling],
    stamp: Stamp,
) -> Iterator[tuple[frozenset[str], Any]]:
    """Yield the comments of each statement that has any: one on each finding, however often the work is cut off."""
    for ordinal, ruling in rulings.items():
        kind = _COMMENTS.get(statements[ordinal].says)
        if kind is None:
            continue
        ids = frozenset(one.vulnerability_id for one in units if one.ordinal == ordinal and one.vulnerability_id)
        id_on = partial(_comment_id, running.record.id, ordinal)
        yield ids, remarked_once(kind, ruling.justification, stamp, id_on)


def _comment_id(import_id: str, ordinal: int, finding_id: str) -> str:
    return str(uuid5(UUID(import_id), f"{ordinal} {finding_id}"))


def _advance(done: Sequence[Judged], following: Unit | None, total: int) -> Advance:
    """Return the progress of what is done; where a statement goes on, after the vulnerability that was done last."""
    counts = DecisionCounts(**Counter(one.outcome for one in done))
    problems = tuple(one.problem for one in done if one.problem)
    if following is None:
        return Advance(position=total, counts=counts, problems=problems)
    last = done[-1].unit
    done_id = (last.vulnerability_id or "") if last.ordinal == following.ordinal else ""
    return Advance(position=following.ordinal, done_id=done_id, counts=counts, problems=problems)


async def _allowed(job: DecisionJob, running: Deciding) -> Decider:
    decider = await job.decider()
    if decider is None:
        raise NotAllowed(running)
    return decider


async def _window(job: DecisionJob, running: Deciding, left: Sequence[Unit]) -> tuple[Deciding, Sequence[Unit] | None]:
    """Decide about the first of what is left, and write it; return what is left then. After a lost race that is as much."""
    total = len(job.decisions.statements)
    judged = await _decided(job, running, left[:_WINDOW], await _allowed(job, running))
    plans = [() if one.plan is None or running.record.dry_run else (one.plan,) for one in judged]
    while judged:
        await _allowed(job, running)
        done = fitting(plans, changes=job.store.max_changes - _BESIDE)
        following = left[done] if done < len(left) else None
        step = _advance(judged[:done], following, total)
        written = [each for some in plans[:done] for each in some]
        try:
            running = await commands.write_chunk(job.store, running, written, step, job.stamp())
        except LOST:
            return running, left
        judged, plans, left = judged[done:], plans[done:], left[done:]
    return running, left or None


async def _done(job: DecisionJob, running: Deciding) -> Deciding:
    now = running

    async def renew() -> None:
        """Renew a lease of which half is gone."""
        nonlocal now
        if now.progress.lease_until - job.now() <= LEASE / 2:
            step = Advance(position=now.progress.position, done_id=now.progress.done_id)
            now = await commands.write_chunk(job.store, now, (), step, job.stamp())

    match = await surveyed(job, await _allowed(job, running), renew)
    progress = now.progress
    left: Sequence[Unit] = tuple(units_of(match, len(job.decisions.statements), progress.position, progress.done_id))
    now = await until_done(now.record.id, now, partial(_window, job), left or None)
    return await commands.end(job.store, now, job.stamp())


async def run_decisions(job: DecisionJob, running: Deciding) -> Deciding:
    """Make the decisions of a file from its position to its end, and return how the import ended.

    Ends FAILED when the group, the caller's permission or token does not allow it any more. When another worker has taken it
    over, the import is returned as that worker has it. Any other error, and being cancelled, leaves it RUNNING and gives the
    lease back, so that another worker may continue at once.
    """
    async with lease(partial(commands.give_back, job.store, running.record.id), job.stamp):
        try:
            return await _done(job, running)
        except NotAllowed as refusal:
            return await commands.end(job.store, refusal.running, job.stamp(), _NOT_ALLOWED)
        except Overtaken:
            return await commands.find(job.store, running.record.id) or running
