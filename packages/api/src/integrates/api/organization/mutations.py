"""Changing organizations."""

from functools import partial
from typing import Any, Final

from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, changed, changing, ended
from integrates.db_model import organizations
from integrates.db_model.organizations.types import Organization


async def add_organization(_seen: Sight[None], info: Info, **given: Any) -> Payload:
    """Add an organization whose first manager is the caller."""
    identity = info.context.call.new_id()
    return await changed(info, "organization", partial(organizations.create, given=given, identity=identity))


async def remove_organization(seen: Sight[Organization], info: Info, *, expected_version: int | None = None) -> Payload:
    """Remove an organization without groups."""
    return await ended(info, partial(organizations.remove, seen=seen.found, expected_version=expected_version))


MUTATIONS: Final[Fields] = {
    "Mutation": {
        "addOrganization": add_organization,
        "removeOrganization": remove_organization,
        "updateOrganization": changing("organization", organizations.describe),
        "updateOrganizationPolicies": changing("organization", organizations.regulate),
    },
}
