"""Changing findings."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from integrates.db_model.entity import command
from integrates.db_model.entity.bulk import Written
from integrates.db_model.entity.plan import Plan, altered
from integrates.db_model.entity.types import Stamp
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import (
    Finding,
    FindingDescription,
    FindingState,
    FindingStateStatus,
    ToolRule,
)
from integrates.db_model.groups.types import Group
from integrates.db_model.severities.types import Severity
from integrates.db_model.store.port import Store


def new_finding(
    identity: str,
    group: Group,
    description: FindingDescription,
    stamp: Stamp,
    *,
    rule: ToolRule | None = None,
    severity: Severity | None = None,
) -> Finding:
    """Return a new finding of a group. It is not stored yet."""
    return Finding(
        id=identity,
        group_name=group.name,
        organization_id=group.organization_id,
        rule=rule,
        description=description,
        severity=severity,
        state=FindingState(status=FindingStateStatus.CREATED, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


async def add(store: Store, new: Finding, stamp: Stamp) -> Finding:
    """Store a new finding; return it as stored.

    Raise ``AlreadyExists`` when another finding of the group has its rule or title, ``Rejected`` (``too_many``) when the group
    is full, ``NotFound`` when there is no such group.
    """
    return await command.add(store, FINDING, new, stamp)


async def add_for_rules(store: Store, new: Sequence[Finding], stamp: Stamp) -> Written:
    """Store new findings of different rules; return the outcome of each by its position, with the errors of ``add``."""
    return await command.add_each(store, FINDING, new, stamp)


async def rescore(store: Store, finding_id: str, severity: Severity | None, stamp: Stamp) -> Finding:
    """Give a finding another severity; return it as stored. Those that inherit it change their cells in the group."""
    return await command.update(store, FINDING, finding_key(finding_id), lambda old, _: replace(old, severity=severity), stamp)


def _released(finding: Finding, at: datetime) -> Finding:
    if finding.release.released_at is not None:
        return finding
    return replace(finding, release=replace(finding.release, released_at=at))


def released(finding: Finding, stamp: Stamp) -> Plan[Finding]:
    """Return the plan that records the first release of a finding; it writes nothing when the finding was released before."""
    return altered(FINDING, finding, _released, stamp)
