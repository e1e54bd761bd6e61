"""Changing groups."""

from collections.abc import Mapping
from typing import Any, Final

from integrates.api.attribute import Fields
from integrates.api.change import new_stamp, refresh
from integrates.api.request import Info
from integrates.db_model.groups.commands import add, new_group
from integrates.db_model.groups.rules import ARGUMENTS
from integrates.db_model.groups.types import GroupInfo
from integrates.db_model.values.check import checked


async def add_group(_source: Any, info: Info, *, organization_id: str, **given: Any) -> Mapping[str, Any]:
    """Add a group to an organization."""
    request = info.context
    details = checked(ARGUMENTS, given)
    about = GroupInfo(
        organization_id=organization_id, name=details.name, description=details.description, language=details.language
    )
    stamp = new_stamp(request, "add_group")
    group = await add(request.store, new_group(about, stamp), stamp)
    refresh(request)
    return {"group": group}


MUTATIONS: Final[Fields] = {"Mutation": {"addGroup": add_group}}
