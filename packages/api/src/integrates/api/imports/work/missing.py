"""Close-missing: vulnerabilities that a complete scan no longer reports (domain section 8)."""

from collections.abc import Sequence
from typing import TypeAlias

from integrates.api.imports.read.observation import Observation, Scan
from integrates.api.imports.work.chunk import given_by
from integrates.api.imports.work.job import Job
from integrates.api.imports.work.match import mark, mark_seen
from integrates.api.imports.work.order import by_rule
from integrates.api.imports.work.survey import FindingSeen, Survey, by_finding, listed_ids, load_vulnerabilities, survey
from integrates.db_model.entity import read
from integrates.db_model.entity.packing import fitting
from integrates.db_model.entity.plan import Plan, altered
from integrates.db_model.entity.types import Stamp
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.imports.commands import Destination
from integrates.db_model.vulnerabilities import lists, rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.types import ClosingReason, Source, Vulnerability

SeriesKeys: TypeAlias = frozenset[tuple[str, str]]
"""Tool and category of each series whose results in the file are complete."""
Unseen: TypeAlias = tuple[Finding, Vulnerability]
"""A vulnerability that the file no longer reports, and its finding."""


def complete_series(scan: Scan) -> SeriesKeys:
    """Return the series whose results are complete, so that what they do not report may be closed."""
    return frozenset((each.tool, each.category) for each in scan.series if each.complete)


def _is_candidate(vulnerability: Vulnerability, series: SeriesKeys) -> bool:
    tool = vulnerability.tool
    if tool is None or vulnerability.source is not Source.MACHINE or not rules.is_open(vulnerability):
        return False
    return (tool.name, tool.category) in series


def _is_doubtful(known: Sequence[Vulnerability], observations: Sequence[Observation], series: SeriesKeys) -> bool:
    """Return whether one may be missing: a candidate without an observation that has its mark."""
    marks = {mark_seen(observation) for observation in observations}
    return any(mark(each) not in marks and _is_candidate(each, series) for each in known)


def unseen(found: Survey, series: SeriesKeys) -> tuple[Vulnerability, ...]:
    """Return the vulnerabilities of one finding that no observation matches, of series that are complete."""
    seen = {match.vulnerability.id for match in found.matches if match.vulnerability}
    return tuple(each for each in found.known if each.id not in seen and _is_candidate(each, series))


async def _doubtful(job: Job, series: SeriesKeys) -> list[FindingSeen]:
    """Return the findings that may have something missing, as far as the list of the root shows."""
    (ids,) = await listed_ids(job.store, [lists.of_root(job.root_id)])
    grouped = by_finding(each for each in await load_vulnerabilities(job.store, ids) if rules.is_live(each))
    findings = await read.get_many(job.store, FINDING, [finding_key(each) for each in grouped])
    observations = by_rule(job.scan)
    seen = [
        (FindingSeen(finding, observations.get(finding.rule, ()) if finding.rule else ()), known)
        for finding, known in zip(findings, grouped.values(), strict=True)
        if finding is not None
    ]
    return [each for each, known in seen if _is_doubtful(known, each.observations, series)]


async def missing_of(job: Job, series: SeriesKeys) -> list[Unseen]:
    """Return what is missing now: findings in doubt by the list, then all their results matched anew."""
    surveys = await survey(job, await _doubtful(job, series))
    return [(each.finding, vulnerability) for each in surveys for vulnerability in unseen(each, series)]


def _plan(finding: Finding, vulnerability: Vulnerability, destination: Destination, stamp: Stamp) -> Plan[Vulnerability]:
    return altered(
        VULNERABILITY,
        vulnerability,
        lambda old, at: rules.closed(old, ClosingReason.NOT_REPORTED, by=stamp.by, at=at),
        stamp,
        given_by(destination, finding),
    )


def closings(left: Sequence[Unseen], destination: Destination, stamp: Stamp, changes: int) -> tuple[Plan[Vulnerability], ...]:
    """Plan the closing of as many of the leading ones as fit one transaction of at most so many changes."""
    plans = [_plan(finding, vulnerability, destination, stamp) for finding, vulnerability in left[:changes]]
    return tuple(plans[: fitting(((made,) for made in plans), changes=changes)])
