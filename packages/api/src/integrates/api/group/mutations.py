"""Changing groups."""

from functools import partial
from typing import Any, Final

from integrates.api.context import Info
from integrates.api.guard.sight import Sight
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, changed
from integrates.db_model import groups
from integrates.db_model.organizations.types import Organization


async def add_group(seen: Sight[Organization], info: Info, **given: Any) -> Payload:
    """Add a group to an organization."""
    return await changed(info, "group", partial(groups.create, organization=seen.found, given=given))


MUTATIONS: Final[Fields] = {"Mutation": {"addGroup": add_group}}
