"""Changes of findings with everything that has to change in the same transaction."""

from datetime import datetime

import msgspec

from integrates.db_model.entity import claim, counter
from integrates.db_model.entity import plan as planning
from integrates.db_model.entity.plan import Plan
from integrates.db_model.entity.types import Stamp
from integrates.db_model.findings.facet import FINDING
from integrates.db_model.findings.rules import title_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.severities.types import Severity
from integrates.db_model.store.port import ABSENT, ANYTHING, Add, Check, Item, Put, Version


def uniqueness(finding: Finding, held: claim.Held | None = None) -> Put:
    """Claim the finding's rule in its group or, for one without rule, its title ignoring case."""
    if finding.rule is not None:
        value = (finding.group_name, finding.rule.tool, finding.rule.rule_id)
        return claim.taken("finding_rule", *value, owner=finding.id, held=held)
    title = title_key(finding.description.title)
    return claim.taken("finding_title", finding.group_name, title, owner=finding.id, held=held)


def reported(finding: Finding, stamp: Stamp, held: claim.Held | None = None) -> Plan[Finding]:
    """Plan to store a new finding; refused with ``too_many`` when the group is full."""
    plan = planning.added(FINDING, finding, stamp)
    guard = counter.group_guard(finding.group_name, "findings", counter.MAX_FINDINGS)
    return planning.together(plan, uniqueness(finding, held), guard)


def _released(finding: Finding, at: datetime) -> Finding:
    if finding.release.released_at is not None:
        return finding
    return msgspec.structs.replace(finding, release=msgspec.structs.replace(finding.release, released_at=at))


def released(finding: Finding, stamp: Stamp) -> Plan[Finding]:
    """Plan to record the first release of the finding; no changes when it was released before."""
    return planning.changed(FINDING, finding, _released, stamp)


def rescored(finding: Finding, severity: Severity | None, counted: Item | None, stamp: Stamp) -> Plan[Finding]:
    """Plan to give the finding another severity.

    ``counted`` are the finding's counters as read: the plan holds only while they are unchanged, and moves the numbers of
    the vulnerabilities that inherit the severity between the scores of the group's cells.
    """
    plan = planning.changed(FINDING, finding, lambda old, _: msgspec.structs.replace(old, severity=severity), stamp)
    check = Check(
        counter.finding_counters_key(finding.id),
        ABSENT if counted is None else Version(counted.version),
    )
    moved = counter.moved_scores(counter.summed((counted,)), finding.severity, severity)
    shard = counter.group_counters_key(finding.group_name, counter.shard_of(stamp.change_id))
    return planning.together(plan, check, *((Add(shard, moved, {}, ANYTHING),) if moved else ()))
