"""The findings that the rules of a file stand for: found by their claim, created, or scored anew."""

from typing import Final

from integrates.api.importing.job import Job
from integrates.api.importing.order import Work
from integrates.api.ingest.observation import RuleSeen
from integrates.db_model.entity import claim, transaction
from integrates.db_model.entity.claim import Held
from integrates.db_model.entity.counter import finding_counters_key
from integrates.db_model.entity.facet import decoded
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, Raced, Stale
from integrates.db_model.findings import change
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

_LOST: Final = (Raced, Stale, AlreadyExists)


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


async def _adopted(job: Job, seen: RuleSeen, held: Held | None, *, is_wanted: bool) -> Finding:
    """Return the finding of one rule, after creating it or updating its score in a transaction of its own.

    A finding that is not wanted is made but not stored.
    """
    item = (await job.store.get((finding_key(held.owner),)))[0] if held else None
    if item is None:
        stamp = job.stamp()
        made = _made(job, seen, stamp)
        if not is_wanted:
            return made
        plan = change.reported(made, stamp, held)
    else:
        finding = decoded(FINDING, item)
        wanted = _rescored(finding, seen)
        if not is_live(finding) or wanted == finding.severity:
            return finding
        counted = (await job.store.get((finding_counters_key(finding.id),)))[0]
        plan = change.rescored(finding, wanted, counted, job.stamp())
    await transaction.write(job.store, (plan,))
    return plan.entity


async def findings_of(job: Job, work: Work) -> tuple[Finding, ...]:
    """Return the finding of each rule of the work, aligned; one that was removed keeping its claim is returned as it is.

    A rule of which there are only suppressed results gets no new finding: what is returned for it is not stored.
    """
    keys = [claim.claim_key("finding_rule", job.group_name, seen.rule.tool, seen.rule.rule_id) for seen, _ in work]

    async def one(position: int, held: Held | None) -> Finding:
        holders = [held]
        seen, observations = work[position]
        is_wanted = not all(observation.suppressed for observation in observations)

        async def attempt() -> Finding:
            found = holders.pop() if holders else (await claim.holders(job.store, (keys[position],)))[0]
            return await _adopted(job, seen, found, is_wanted=is_wanted)

        return await transaction.retried(attempt, on=_LOST)

    held = await claim.holders(job.store, keys)
    return tuple([await one(position, holder) for position, holder in enumerate(held)])
