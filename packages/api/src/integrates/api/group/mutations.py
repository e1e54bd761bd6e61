"""Changing groups."""

from functools import partial
from typing import Any, Final

from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, changed, changing, ended
from integrates.db_model import groups
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.types import Organization


async def add_group(seen: Sight[Organization], info: Info, **given: Any) -> Payload:
    """Add a group to an organization."""
    return await changed(info, "group", partial(groups.create, organization=seen.found, given=given))


async def reset_group_policies(seen: Sight[Group], info: Info, *, expected_version: int | None = None) -> Payload:
    """Clear the policies that a group sets itself."""
    return await changed(info, "group", partial(groups.reset_policies, seen=seen.found, expected_version=expected_version))


async def remove_group(seen: Sight[Group], info: Info, *, expected_version: int | None = None, **given: Any) -> Payload:
    """Remove a group with everything in it."""
    command = partial(groups.remove, seen=seen.found, given=given, expected_version=expected_version)
    return await ended(info, command, by="name")


MUTATIONS: Final[Fields] = {
    "Mutation": {
        "addGroup": add_group,
        "removeGroup": remove_group,
        "resetGroupPolicies": reset_group_policies,
        "updateGroup": changing("group", groups.describe),
        "updateGroupPolicies": changing("group", groups.regulate),
    }
}
