"""Changing organizations."""

from collections.abc import Mapping
from typing import Any, Final

from integrates.api.attribute import Fields
from integrates.api.change import new_stamp, refresh
from integrates.api.request import Info
from integrates.db_model.organizations.commands import found, new_organization
from integrates.db_model.organizations.rules import ARGUMENTS
from integrates.db_model.values.check import checked


async def add_organization(_source: Any, info: Info, **given: Any) -> Mapping[str, Any]:
    """Add an organization whose first manager is the caller."""
    request = info.context
    details = checked(ARGUMENTS, given)
    stamp = new_stamp(request, "add_organization")
    new = new_organization(request.context.new_id(), details, stamp)
    organization = await found(request.store, new, request.actor.email, stamp)
    refresh(request)
    return {"organization": organization}


MUTATIONS: Final[Fields] = {"Mutation": {"addOrganization": add_organization}}
