"""Changing findings."""

from functools import partial
from typing import Any, Final

from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, changed
from integrates.api.upload import Upload
from integrates.db_model import findings
from integrates.db_model.evidences.types import EvidenceSlot
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.types import Group


async def add_finding(seen: Sight[Group], info: Info, **given: Any) -> Payload:
    """Add a finding to a group."""
    identity = info.context.call.new_id()
    return await changed(info, "finding", partial(findings.create, group=seen.found, given=given, identity=identity))


async def update_finding(seen: Sight[Finding], info: Info, *, expected_version: int | None = None, **given: Any) -> Payload:
    """Change the texts of a finding."""
    command = partial(findings.describe, seen=seen.found, given=given, expected_version=expected_version)
    return await changed(info, "finding", command)


async def update_finding_severity(
    seen: Sight[Finding], info: Info, *, expected_version: int | None = None, **given: Any
) -> Payload:
    """Give a finding another severity."""
    command = partial(findings.assess, seen=seen.found, given=given, expected_version=expected_version)
    return await changed(info, "finding", command)


async def remove_finding(seen: Sight[Finding], info: Info, *, expected_version: int | None = None, **given: Any) -> Payload:
    """Remove a finding with all its vulnerabilities."""
    command = partial(findings.remove, seen=seen.found, given=given, expected_version=expected_version)
    await changed(info, "finding", command)
    return {"id": seen.found.id}


async def update_finding_evidence(
    seen: Sight[Finding], info: Info, *, file: Upload | None = None, expected_version: int | None = None, **given: Any
) -> Payload:
    """Put a file into a slot of a finding, or say what the one there shows."""
    content = None if file is None else await file.read()
    files, given = info.context.call.files, {**given, "file": content}
    command = partial(findings.attach, seen=seen.found, given=given, files=files, expected_version=expected_version)
    return await changed(info, "finding", command)


async def remove_finding_evidence(
    seen: Sight[Finding], info: Info, *, slot: EvidenceSlot, expected_version: int | None = None
) -> Payload:
    """Empty a slot of a finding."""
    command = partial(findings.detach, seen=seen.found, slot=slot, expected_version=expected_version)
    return await changed(info, "finding", command)


MUTATIONS: Final[Fields] = {
    "Mutation": {
        "addFinding": add_finding,
        "updateFinding": update_finding,
        "updateFindingSeverity": update_finding_severity,
        "removeFinding": remove_finding,
        "updateFindingEvidence": update_finding_evidence,
        "removeFindingEvidence": remove_finding_evidence,
    }
}
