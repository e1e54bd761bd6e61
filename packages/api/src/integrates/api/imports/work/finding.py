"""The findings that the rules of a file stand for: found by their claim, created, or scored anew."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from functools import partial
from typing import Final

from integrates.api.imports.read.observation import RuleSeen
from integrates.api.imports.work.job import Job
from integrates.db_model.entity import claim
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.transaction import repeated
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, NotFound, Raced, Stale
from integrates.db_model.findings import commands
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.rules import is_live
from integrates.db_model.findings.types import (
    Finding,
    FindingDescription,
    ToolRule,
)
from integrates.db_model.severities.rules import severity
from integrates.db_model.severities.types import Severity
from integrates.db_model.store.port import Key

_LOST: Final = (Raced, Stale, AlreadyExists, NotFound)


def _made(job: Job, seen: RuleSeen, stamp: Stamp) -> Finding:
    return commands.new_finding(
        job.new_id(),
        FindingDescription(
            title=seen.title,
            description=seen.description,
            threat=seen.threat,
            recommendation=seen.recommendation,
            cwe_ids=seen.cwe_ids,
        ),
        stamp,
        group_name=job.group_name,
        organization_id=job.organization_id,
        rule=seen.rule,
        severity=severity(tool_score=seen.tool_score, tool_vector=seen.tool_vector),
    )


def _rescored(finding: Finding, seen: RuleSeen) -> Severity | None:
    """Return the severity that the file gives the finding, or its own when a person has set a vector."""
    own = finding.severity
    return own if own and (own.cvss_v4 or own.cvss_v3) else severity(tool_score=seen.tool_score, tool_vector=seen.tool_vector)


def _keys(job: Job, rules: Sequence[RuleSeen]) -> list[Key]:
    return [claim.claim_key("finding_rule", job.group_name, seen.rule.tool, seen.rule.rule_id) for seen in rules]


async def known_findings(job: Job, rules: Sequence[RuleSeen]) -> Mapping[ToolRule, Finding]:
    """Return the finding of each rule as it is, or as it would be made. Nothing is stored."""
    held = [claim.holder_of(item) for item in await job.store.get(_keys(job, rules))]
    items = await job.store.get([finding_key(holder) for holder in held if holder])
    found = {one.id: one for one in (decoded(FINDING, item) for item in items if item)}
    stamp = job.stamp()
    return {seen.rule: found.get(holder or "") or _made(job, seen, stamp) for seen, holder in zip(rules, held, strict=True)}


async def findings_of(job: Job, rules: Sequence[RuleSeen], wanted: AbstractSet[ToolRule]) -> Mapping[ToolRule, Finding]:
    """Return the finding of each rule; one that was removed keeping its claim is returned as it is.

    A rule that is not ``wanted``, because there are only suppressed results of it, gets no new finding: what is returned for it
    is not stored.
    """
    known = await known_findings(job, rules)
    added = await _added(job, [known[seen.rule] for seen in rules if seen.rule in wanted and not known[seen.rule].version])

    async def adopted(seen: RuleSeen) -> Finding:
        found = known[seen.rule]
        if _is_as_wanted(found, seen, wanted):
            return found
        if found.version:
            with suppress(*_LOST):  # by what was just read of all rules at once
                return await _scored(job, found, seen)
        return await repeated(partial(_adopted, job, seen, wanted), on=_LOST)

    return {seen.rule: added.get(seen.rule) or await adopted(seen) for seen in rules}


async def _adopted(job: Job, seen: RuleSeen, wanted: AbstractSet[ToolRule]) -> Finding:
    """Return the finding that holds the rule now, or a new one, stored as ``findings_of`` does."""
    found = (await known_findings(job, (seen,)))[seen.rule]
    if _is_as_wanted(found, seen, wanted):
        return found
    return await _scored(job, found, seen) if found.version else await commands.add(job.store, found, job.stamp())


async def _scored(job: Job, found: Finding, seen: RuleSeen) -> Finding:
    return await commands.rescore_as(job.store, found, lambda old: _rescored(old, seen), job.stamp())


async def _added(job: Job, made: Sequence[Finding]) -> Mapping[ToolRule, Finding]:
    """Store new findings together and return them, without those that somebody else stored meanwhile."""
    if not made:
        return {}
    written = await commands.add_for_rules(job.store, made, job.stamp())
    refused = next((error for error in written.refused.values() if not isinstance(error, _LOST)), None)
    if refused is not None:
        raise refused
    return {found.rule: found for found in written.entities.values() if found.rule}


def _is_as_wanted(finding: Finding, seen: RuleSeen, wanted: AbstractSet[ToolRule]) -> bool:
    if not finding.version:
        return seen.rule not in wanted
    return not is_live(finding) or _rescored(finding, seen) == finding.severity
