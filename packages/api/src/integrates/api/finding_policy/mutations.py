"""Changing finding policies."""

from functools import partial
from typing import Any, Final

from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.finding_policy.work import applied
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, changed
from integrates.db_model import finding_policies
from integrates.db_model.finding_policies.types import FindingPolicy
from integrates.db_model.organizations.types import Organization

_NAME: Final = "finding_policy"


async def add_organization_finding_policy(seen: Sight[Organization], info: Info, **given: Any) -> Payload:
    """Ask for a policy."""
    identity = info.context.call.new_id()
    return await changed(info, _NAME, partial(finding_policies.create, organization=seen.found, given=given, identity=identity))


async def handle_organization_finding_policy(
    seen: Sight[FindingPolicy], info: Info, *, approve: bool, expected_version: int | None = None
) -> Payload:
    """Approve or reject a policy."""
    command = partial(finding_policies.handle, seen=seen.found, approve=approve, expected_version=expected_version)
    done = await changed(info, _NAME, command)
    if approve:
        info.context.call.spawn(applied(info.context.call, seen.found.id))
    return done


async def deactivate_organization_finding_policy(
    seen: Sight[FindingPolicy], info: Info, *, expected_version: int | None = None
) -> Payload:
    """End a policy."""
    done = await changed(info, _NAME, partial(finding_policies.deactivate, seen=seen.found, expected_version=expected_version))
    info.context.call.spawn(applied(info.context.call, seen.found.id))
    return done


async def submit_organization_finding_policy(
    seen: Sight[FindingPolicy], info: Info, *, expected_version: int | None = None
) -> Payload:
    """Ask once more for a policy."""
    command = partial(finding_policies.resubmit, seen=seen.found, expected_version=expected_version)
    return await changed(info, _NAME, command)


MUTATIONS: Final[Fields] = {
    "Mutation": {
        "addOrganizationFindingPolicy": add_organization_finding_policy,
        "handleOrganizationFindingPolicy": handle_organization_finding_policy,
        "deactivateOrganizationFindingPolicy": deactivate_organization_finding_policy,
        "submitOrganizationFindingPolicy": submit_organization_finding_policy,
    },
}
