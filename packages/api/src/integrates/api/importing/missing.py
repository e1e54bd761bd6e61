"""Close-missing: vulnerabilities that a complete scan does not name any more (domain section 8)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TypeAlias

from integrates.api.importing.chunk import ROOM
from integrates.api.importing.job import Job
from integrates.api.importing.match import matched
from integrates.api.importing.order import by_rule
from integrates.api.importing.survey import walked
from integrates.api.ingest.observation import Observation, Scan
from integrates.db_model import entity, locking
from integrates.db_model.entity import Plan
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding, ToolRule
from integrates.db_model.types import Stamp
from integrates.db_model.vulnerabilities import change, rules
from integrates.db_model.vulnerabilities import list as lists
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import ClosingReason, Source, Vulnerability

Targets: TypeAlias = frozenset[tuple[str, str]]
"""Tools and categories that the file speaks for completely."""


def targets_of(scan: Scan) -> Targets:
    """Return the scopes that may close what they do not name."""
    return frozenset((scope.tool, scope.category) for scope in scan.scopes if scope.complete)


def _is_candidate(vulnerability: Vulnerability, targets: Targets) -> bool:
    tool = vulnerability.tool
    if tool is None or vulnerability.source is not Source.MACHINE or not rules.is_open(vulnerability):
        return False
    return (tool.name, tool.category) in targets


def unseen(known: Sequence[Vulnerability], observations: Sequence[Observation], targets: Targets) -> tuple[Vulnerability, ...]:
    """Return the vulnerabilities of one finding that no observation matches and that the file speaks for."""
    seen = {match.vulnerability.id for match in matched(observations, known, frozenset()) if match.vulnerability}
    return tuple(each for each in known if each.id not in seen and _is_candidate(each, targets))


def _grouped(known: Sequence[Vulnerability]) -> dict[str, list[Vulnerability]]:
    found: dict[str, list[Vulnerability]] = {}
    for vulnerability in known:
        found.setdefault(vulnerability.finding_id, []).append(vulnerability)
    return found


async def _unseen(job: Job, targets: Targets) -> list[tuple[Finding, Vulnerability]]:
    """Find what is missing now: by the list first, then looking again at what is stored."""
    grouped = _grouped((await walked(job.store, [lists.of_root(job.root_id)]))[0])
    findings = await entity.load(job.store, FINDING, [finding_key(each) for each in grouped])
    observations = by_rule(job.scan)
    found: list[tuple[Finding, Vulnerability]] = []
    for finding, known in zip(findings, grouped.values(), strict=True):
        if finding is not None:
            found.extend((finding, each) for each in await _again(job, finding, known, observations, targets))
    return found


async def _again(
    job: Job,
    finding: Finding,
    known: Sequence[Vulnerability],
    observations: Mapping[ToolRule, Sequence[Observation]],
    targets: Targets,
) -> tuple[Vulnerability, ...]:
    seen = observations.get(finding.rule, ()) if finding.rule else ()
    listed = unseen(known, seen, targets)
    if not listed:
        return ()
    fresh = await entity.load(job.store, VULNERABILITY, [vulnerability_key(each.id) for each in known])
    return unseen([each for each in fresh if each], seen, targets)


def _plan(finding: Finding, vulnerability: Vulnerability, stamp: Stamp) -> Plan[Vulnerability]:
    return change.changed(
        vulnerability,
        lambda old, at: rules.closed(old, ClosingReason.NOT_REPORTED, by=stamp.by, at=at),
        finding,
        stamp,
    )


async def missing_of(job: Job, targets: Targets) -> AsyncIterator[tuple[Plan[Vulnerability], ...]]:
    """Plan the closing of everything that is missing, in chunks that each leave room for the import's record."""
    left = await _unseen(job, targets)
    while left:
        plans = [_plan(finding, vulnerability, job.stamp()) for finding, vulnerability in left[:ROOM]]
        count = locking.fitting((plan.changes for plan in plans), changes=ROOM)
        yield tuple(plans[:count])
        left = left[count:]
