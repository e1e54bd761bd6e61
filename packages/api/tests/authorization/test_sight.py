"""Who sees what in which state, against a second implementation that goes the other way round: from the object to the roles."""

from itertools import product

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import World

from integrates.api.authorization.permissions import group_permissions
from integrates.api.authorization.visibility import sees_finding, sees_vulnerability
from integrates.db_model.access.types import GroupRole
from integrates.db_model.findings.types import FindingStatus
from integrates.db_model.vulnerabilities.types import VulnerabilityStatus, ZeroRisk, ZeroRiskStatus

MANAGER, VULNERABILITY_MANAGER, REVIEWER = GroupRole.GROUP_MANAGER, GroupRole.VULNERABILITY_MANAGER, GroupRole.REVIEWER
SEE_DRAFTS = {MANAGER, GroupRole.HACKER, GroupRole.REATTACKER, REVIEWER}
SEE_HIDDEN = {MANAGER, VULNERABILITY_MANAGER, REVIEWER}
STATES = [status for status in VulnerabilityStatus if status is not VulnerabilityStatus.DELETED]


@pytest.mark.parametrize(("status", "zero_risk"), list(product(STATES, [None, *ZeroRiskStatus])))
async def test_to_whom_a_vulnerability_shows_itself(
    world: World, status: VulnerabilityStatus, zero_risk: ZeroRiskStatus | None
) -> None:
    one = world.aurora.vulnerable
    claim = ZeroRisk(status=zero_risk, at=one.created_at, by=one.created_by) if zero_risk else None
    found = replace(one, state=replace(one.state, status=status), zero_risk=claim)
    seers = set(GroupRole)
    if status.value in {"SUBMITTED", "REJECTED"}:
        seers &= SEE_DRAFTS
    if zero_risk is ZeroRiskStatus.CONFIRMED:
        seers &= SEE_HIDDEN
    assert {role for role in GroupRole if sees_vulnerability(group_permissions(role), found)} == seers
    assert not sees_vulnerability(group_permissions(None), found)


@pytest.mark.parametrize("status", FindingStatus)
def test_to_whom_a_finding_shows_itself(status: FindingStatus) -> None:
    seers = SEE_DRAFTS if status is FindingStatus.DRAFT else set(GroupRole)
    assert {role for role in GroupRole if sees_finding(group_permissions(role), status)} == seers
    assert not sees_finding(group_permissions(None), status)
