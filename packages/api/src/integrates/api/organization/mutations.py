"""Changing organizations."""

from functools import partial
from typing import Any, Final

from integrates.api.context import Info
from integrates.api.guard.sight import Sight
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, changed
from integrates.db_model import organizations
from integrates.db_model.organizations.types import Organization


async def add_organization(_seen: Sight[None], info: Info, **given: Any) -> Payload:
    """Add an organization whose first manager is the caller."""
    identity = info.context.call.new_id()
    return await changed(info, "organization", partial(organizations.create, given=given, identity=identity))


async def update_organization(
    seen: Sight[Organization], info: Info, *, expected_version: int | None = None, **given: Any
) -> Payload:
    """Change what an organization says of itself."""
    command = partial(organizations.describe, seen=seen.found, given=given, expected_version=expected_version)
    return await changed(info, "organization", command)


MUTATIONS: Final[Fields] = {
    "Mutation": {"addOrganization": add_organization, "updateOrganization": update_organization},
}
