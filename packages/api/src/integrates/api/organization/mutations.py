"""Changing organizations."""

from functools import partial
from typing import Any, Final

from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, changed, changing
from integrates.db_model import organizations


async def add_organization(_seen: Sight[None], info: Info, **given: Any) -> Payload:
    """Add an organization whose first manager is the caller."""
    identity = info.context.call.new_id()
    return await changed(info, "organization", partial(organizations.create, given=given, identity=identity))


MUTATIONS: Final[Fields] = {
    "Mutation": {"addOrganization": add_organization, "updateOrganization": changing("organization", organizations.describe)},
}
