"""Changing organizations."""

from collections.abc import Mapping
from typing import Any, Final

from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import new_stamp, refresh
from integrates.db_model.organizations.commands import add, new_organization
from integrates.db_model.organizations.rules import ARGUMENTS
from integrates.db_model.values.check import checked


async def add_organization(_source: Any, info: Info, **given: Any) -> Mapping[str, Any]:
    """Add an organization whose first manager is the caller."""
    context = info.context
    details = checked(ARGUMENTS, given)
    stamp = new_stamp(context, "add_organization")
    new = new_organization(context.call.new_id(), details, stamp)
    organization = await add(context.store, new, context.actor.email, stamp)
    refresh(context)
    return {"organization": organization}


MUTATIONS: Final[Fields] = {"Mutation": {"addOrganization": add_organization}}
