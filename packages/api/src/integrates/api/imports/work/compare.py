"""What an import of a file would do, found out in the same way and without writing anything (domain section 8)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Final

from msgspec import Struct

from integrates.api.imports.work.begin import told
from integrates.api.imports.work.chunk import Effect, Work, effect_of
from integrates.api.imports.work.finding import known_findings
from integrates.api.imports.work.job import Job
from integrates.api.imports.work.missing import closing_by, page_of
from integrates.api.imports.work.plan import Plan, by_ordinal
from integrates.api.imports.work.survey import planned
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.findings.types import Finding, ToolRule
from integrates.db_model.imports.types import ImportOptions, ImportProblem
from integrates.db_model.severities.rules import severity
from integrates.db_model.severities.types import Severity
from integrates.db_model.vulnerabilities.load import load_vulnerabilities
from integrates.db_model.vulnerabilities.rules import effective_severity
from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityType

MAX_ITEMS: Final = 500
"""Most items of a comparison that are told."""
_BATCH: Final = 1_000


class Change(StrEnum):
    """What would become of a place."""

    NEW = "NEW"
    REOPENED = "REOPENED"
    MOVED = "MOVED"
    FIXED = "FIXED"
    UNCHANGED = "UNCHANGED"


_CHANGES: Final[Mapping[Effect, Change]] = {
    Effect.CREATED: Change.NEW,
    Effect.REOPENED: Change.REOPENED,
    Effect.MOVED: Change.MOVED,
    Effect.UNCHANGED: Change.UNCHANGED,
}
"""The effects that a comparison tells."""


class Compared(Struct, frozen=True, kw_only=True):
    """One place; ``vulnerability`` is ``None`` for a new one."""

    status: Change
    title: str
    rule: ToolRule | None
    type: VulnerabilityType
    where: str
    specific: str
    severity: Severity | None
    vulnerability: Vulnerability | None


class Comparison(Struct, frozen=True, kw_only=True):
    """How many places would become what, and the first of them, the new ones first."""

    new: int
    reopened: int
    moved: int
    fixed: int
    unchanged: int
    items: tuple[Compared, ...]
    problems: tuple[ImportProblem, ...]


def _seen(work: Work, change: Change) -> Compared:
    own, seen = severity(tool_score=work.seen.own_score, tool_vector=work.seen.own_vector), work.seen.location
    known = work.vulnerability
    return Compared(
        status=change,
        title=work.finding.description.title,
        rule=work.finding.rule,
        type=seen.type,
        where=seen.where,
        specific=seen.specific,
        severity=(known.severity if known else own) or work.finding.severity,
        vulnerability=known,
    )


def _fixed(finding: Finding, gone: Vulnerability) -> Compared:
    return Compared(
        status=Change.FIXED,
        title=finding.description.title,
        rule=finding.rule,
        type=gone.type,
        where=gone.location.where,
        specific=gone.location.specific,
        severity=effective_severity(gone, finding.severity),
        vulnerability=gone,
    )


async def _results(job: Job, plan: Plan, findings: Mapping[ToolRule, Finding]) -> Sequence[Compared]:
    decisions = by_ordinal(plan)
    found: list[Compared] = []
    for begin in range(0, len(job.scan.observations), _BATCH):
        part = [(one, decisions[one.ordinal]) for one in job.scan.observations[begin : begin + _BATCH]]
        known = {one.id: one for one in await load_vulnerabilities(job.store, [each.id for _, each in part if each.id])}
        works = [Work(one, each, findings[one.rule], known.get(each.id)) for one, each in part]
        found += [_seen(work, _CHANGES[effect]) for work in works if (effect := effect_of(work)) in _CHANGES]
    return found


async def _missing(job: Job, plan: Plan, options: ImportOptions, since: datetime) -> Sequence[Compared]:
    closing = closing_by(job.scan, plan, options, since)
    found: list[Compared] = []
    after: str | None = ""
    while closing.series and after is not None:
        page = await page_of(job, closing, after or None)
        found += [_fixed(one.finding, one.vulnerability) for one in page.missing if one.is_closed()]
        after = page.after
    return found


def _first(found: Iterable[Compared]) -> tuple[Compared, ...]:
    order = list(Change)
    return tuple(islice(sorted(found, key=lambda one: order.index(one.status)), MAX_ITEMS))


async def compared(job: Job, options: ImportOptions) -> Comparison:
    """Plan the import of a file and tell what would come of it, as things stand now.

    Raise ``Rejected`` (``inactive_root``) where no import could begin.
    """
    if await job.destination() is None:
        raise Rejected(Reason.INACTIVE_ROOT, ("root_id",))
    findings = await known_findings(job, job.scan.rules)
    plan = await planned(job, options)
    found = [*await _results(job, plan, findings), *await _missing(job, plan, options, job.now())]
    counts = Counter(one.status for one in found)
    return Comparison(
        new=counts[Change.NEW],
        reopened=counts[Change.REOPENED],
        moved=counts[Change.MOVED],
        fixed=counts[Change.FIXED],
        unchanged=counts[Change.UNCHANGED],
        items=_first(found),
        problems=told(job.scan),
    )
