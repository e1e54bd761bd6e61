"""Changes of vulnerabilities with everything that has to change in the same transaction."""

from collections.abc import Callable
from datetime import datetime

from integrates.db_model.entity import claim, counter
from integrates.db_model.entity import plan as planning
from integrates.db_model.entity.plan import Plan
from integrates.db_model.entity.types import Stamp
from integrates.db_model.findings.facet import finding_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.store.port import ANYTHING, Add, Change, Check, Version
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.identity import identity_of
from integrates.db_model.vulnerabilities.types import Vulnerability


def _counting(old: Vulnerability | None, new: Vulnerability, finding: Finding, stamp: Stamp) -> tuple[Change, ...]:
    """Return the additions to the counters; whoever changes them checks the finding that they were computed from."""
    tally = counter.difference(old, new, finding.severity)
    additions = counter.additions(
        tally,
        finding_id=new.finding_id,
        root_id=new.root_id,
        group_name=new.group_name,
        change_id=stamp.change_id,
    )
    check = (Check(finding_key(finding.id), Version(finding.version)),) if additions else ()
    return (*additions, *check)


def reported(
    vulnerability: Vulnerability, finding: Finding, stamp: Stamp, held: claim.Held | None = None
) -> Plan[Vulnerability]:
    """Plan to store a new vulnerability and claim its identity, or take the claim over from a removed holder."""
    plan = planning.added(VULNERABILITY, vulnerability, stamp)
    identity = claim.taken("vulnerability_identity", identity_of(plan.entity), owner=plan.entity.id, held=held)
    ever = Add(counter.root_counters_key(vulnerability.root_id), {"reported": 1}, {}, ANYTHING)
    return planning.together(plan, identity, *_counting(None, plan.entity, finding, stamp), ever)


def changed(
    current: Vulnerability,
    alter: Callable[[Vulnerability, datetime], Vulnerability],
    finding: Finding,
    stamp: Stamp,
) -> Plan[Vulnerability]:
    """Plan to change a vulnerability without touching its identity."""
    plan = planning.changed(VULNERABILITY, current, alter, stamp)
    return planning.together(plan, *_counting(current, plan.entity, finding, stamp)) if plan.changes else plan


def renamed(plan: Plan[Vulnerability], current: Vulnerability, held: claim.Held | None) -> Plan[Vulnerability]:
    """Extend the plan by moving the identity claim, when the change gave the vulnerability another identity.

    ``held`` is the claim of the former identity as read.
    """
    former, identity = identity_of(current), identity_of(plan.entity)
    if former == identity:
        return plan
    freed = (claim.freed("vulnerability_identity", former, held=held),) if held and held.owner == current.id else ()
    return planning.together(plan, *freed, claim.taken("vulnerability_identity", identity, owner=current.id))
