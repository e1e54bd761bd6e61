"""Changing findings."""

from functools import partial
from typing import Any, Final

from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.evidence.mutations import attaching, detaching
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, changed, changing, ended
from integrates.db_model import findings
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.types import Group


async def add_finding(seen: Sight[Group], info: Info, **given: Any) -> Payload:
    """Add a finding to a group."""
    identity = info.context.call.new_id()
    return await changed(info, "finding", partial(findings.create, group=seen.found, given=given, identity=identity))


async def remove_finding(seen: Sight[Finding], info: Info, *, expected_version: int | None = None, **given: Any) -> Payload:
    """Remove a finding with all its vulnerabilities."""
    command = partial(findings.remove, seen=seen.found, given=given, expected_version=expected_version)
    return await ended(info, command)


MUTATIONS: Final[Fields] = {
    "Mutation": {
        "addFinding": add_finding,
        "updateFinding": changing("finding", findings.describe),
        "updateFindingSeverity": changing("finding", findings.assess),
        "removeFinding": remove_finding,
        "updateFindingEvidence": attaching("finding", findings.attach),
        "removeFindingEvidence": detaching("finding", findings.detach),
    }
}
