"""Changing groups."""

from collections.abc import Mapping
from typing import Any, Final

from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import new_stamp, refresh
from integrates.db_model.groups.commands import add, new_group
from integrates.db_model.groups.rules import ARGUMENTS
from integrates.db_model.groups.types import GroupInfo
from integrates.db_model.values.check import checked


async def add_group(_source: Any, info: Info, *, organization_id: str, **given: Any) -> Mapping[str, Any]:
    """Add a group to an organization."""
    context = info.context
    details = checked(ARGUMENTS, given)
    about = GroupInfo(
        organization_id=organization_id, name=details.name, description=details.description, language=details.language
    )
    stamp = new_stamp(context, "add_group")
    group = await add(context.store, new_group(about, stamp), stamp)
    refresh(context)
    return {"group": group}


MUTATIONS: Final[Fields] = {"Mutation": {"addGroup": add_group}}
