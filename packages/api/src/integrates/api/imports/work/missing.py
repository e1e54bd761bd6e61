"""Close-missing: vulnerabilities that a complete scan does not name any more (domain section 8)."""

from collections.abc import Sequence
from typing import TypeAlias

from integrates.api.imports.read.observation import Observation, Scan
from integrates.api.imports.work.chunk import given_by
from integrates.api.imports.work.job import Job
from integrates.api.imports.work.match import mark, mark_seen
from integrates.api.imports.work.order import by_rule
from integrates.api.imports.work.survey import Subject, Survey, by_finding, listed, loaded, survey
from integrates.db_model.entity import read
from integrates.db_model.entity.packing import fitting
from integrates.db_model.entity.plan import Plan, altered
from integrates.db_model.entity.types import Stamp
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.imports.commands import Gate
from integrates.db_model.vulnerabilities import lists, rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.types import ClosingReason, Source, Vulnerability

Targets: TypeAlias = frozenset[tuple[str, str]]
"""Tools and categories that the file speaks for completely."""
Unseen: TypeAlias = tuple[Finding, Vulnerability]
"""A vulnerability that the file does not name any more, and its finding."""


def targets_of(scan: Scan) -> Targets:
    """Return the scopes that may close what they do not name."""
    return frozenset((scope.tool, scope.category) for scope in scan.scopes if scope.complete)


def _is_candidate(vulnerability: Vulnerability, targets: Targets) -> bool:
    tool = vulnerability.tool
    if tool is None or vulnerability.source is not Source.MACHINE or not rules.is_open(vulnerability):
        return False
    return (tool.name, tool.category) in targets


def _is_doubtful(known: Sequence[Vulnerability], observations: Sequence[Observation], targets: Targets) -> bool:
    """Return whether some may be missing: one with the mark of an observation is not, whatever else the store knows."""
    marks = {mark_seen(observation) for observation in observations}
    return any(mark(each) not in marks and _is_candidate(each, targets) for each in known)


def unseen(survey_: Survey, targets: Targets) -> tuple[Vulnerability, ...]:
    """Return the vulnerabilities of one finding that no observation matches and that the file speaks for."""
    seen = {match.vulnerability.id for match in survey_.matches if match.vulnerability}
    return tuple(each for each in survey_.known if each.id not in seen and _is_candidate(each, targets))


async def _doubtful(job: Job, targets: Targets) -> list[Subject]:
    """Return the findings that may have something missing, as far as the list of the root shows."""
    (ids,) = await listed(job.store, [lists.of_root(job.root_id)])
    grouped = by_finding(each for each in await loaded(job.store, ids) if rules.is_live(each))
    findings = await read.get_many(job.store, FINDING, [finding_key(each) for each in grouped])
    observations = by_rule(job.scan)
    subjects = [
        (Subject(finding, observations.get(finding.rule, ()) if finding.rule else ()), known)
        for finding, known in zip(findings, grouped.values(), strict=True)
        if finding is not None
    ]
    return [subject for subject, known in subjects if _is_doubtful(known, subject.observations, targets)]


async def missing_of(job: Job, targets: Targets) -> list[Unseen]:
    """Find what is missing now: by the list first, then matching all results of the findings in doubt anew."""
    surveys = await survey(job, await _doubtful(job, targets))
    return [(each.finding, vulnerability) for each in surveys for vulnerability in unseen(each, targets)]


def _plan(finding: Finding, vulnerability: Vulnerability, gate: Gate, stamp: Stamp) -> Plan[Vulnerability]:
    return altered(
        VULNERABILITY,
        vulnerability,
        lambda old, at: rules.closed(old, ClosingReason.NOT_REPORTED, by=stamp.by, at=at),
        stamp,
        given_by(gate, finding),
    )


def closings(left: Sequence[Unseen], gate: Gate, stamp: Stamp, changes: int) -> tuple[Plan[Vulnerability], ...]:
    """Plan the closing of as many of the leading ones as fit one transaction of at most so many changes."""
    plans = [_plan(finding, vulnerability, gate, stamp) for finding, vulnerability in left[:changes]]
    return tuple(plans[: fitting(((made,) for made in plans), changes=changes)])
