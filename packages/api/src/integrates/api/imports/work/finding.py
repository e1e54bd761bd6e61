"""The findings that the rules of a file stand for: found by their claim, created, or scored anew."""

from integrates.api.imports.read.observation import RuleSeen
from integrates.api.imports.work.job import Job
from integrates.api.imports.work.order import Work
from integrates.db_model.entity import claim, read
from integrates.db_model.entity.transaction import repeated
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, Raced, Stale
from integrates.db_model.findings import commands
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.rules import is_live
from integrates.db_model.findings.types import (
    Finding,
    FindingDescription,
    FindingState,
    FindingStateStatus,
)
from integrates.db_model.severities.rules import severity
from integrates.db_model.severities.types import Severity


def _made(job: Job, seen: RuleSeen, stamp: Stamp) -> Finding:
    return Finding(
        id=job.new_id(),
        group_name=job.group_name,
        organization_id=job.organization_id,
        rule=seen.rule,
        description=FindingDescription(
            title=seen.title,
            description=seen.description,
            threat=seen.threat,
            recommendation=seen.recommendation,
            cwe_ids=seen.cwe_ids,
        ),
        severity=severity(tool_score=seen.tool_score),
        state=FindingState(status=FindingStateStatus.CREATED, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


def _rescored(finding: Finding, seen: RuleSeen) -> Severity | None:
    """Return the severity that the file gives the finding, or its own when a person has set a vector."""
    own = finding.severity
    return own if own and (own.cvss_v4 or own.cvss_v3) else severity(tool_score=seen.tool_score)


async def _adopted(job: Job, seen: RuleSeen, holder: str | None, *, is_wanted: bool) -> Finding:
    """Return the finding of one rule, after creating it or updating its score in a transaction of its own.

    A finding that is not wanted is made but not stored.
    """
    found = await read.get_any(job.store, FINDING, finding_key(holder)) if holder else None
    if found is None:
        stamp = job.stamp()
        made = _made(job, seen, stamp)
        return await commands.add(job.store, made, stamp) if is_wanted else made
    wanted = _rescored(found, seen)
    if not is_live(found) or wanted == found.severity:
        return found
    return await commands.rescore(job.store, found.id, wanted, job.stamp())


async def findings_of(job: Job, work: Work) -> tuple[Finding, ...]:
    """Return the finding of each rule of the work, aligned; one that was removed keeping its claim is returned as it is.

    A rule of which there are only suppressed results gets no new finding: what is returned for it is not stored.
    """
    keys = [claim.claim_key("finding_rule", job.group_name, seen.rule.tool, seen.rule.rule_id) for seen, _ in work]

    async def one(index: int, holder: str | None) -> Finding:
        holders = [holder]
        seen, observations = work[index]
        is_wanted = not all(observation.suppressed for observation in observations)

        async def attempt() -> Finding:
            found = holders.pop() if holders else claim.holder_of((await job.store.get((keys[index],)))[0])
            return await _adopted(job, seen, found, is_wanted=is_wanted)

        return await repeated(attempt, on=(Raced, Stale, AlreadyExists))

    held = await job.store.get(keys)
    return tuple([await one(index, claim.holder_of(item)) for index, item in enumerate(held)])
