"""Fields of people."""

from datetime import datetime
from typing import Any, Final

from integrates.api.context import Info
from integrates.api.resolve import connection
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.connection import Connection
from integrates.api.resolve.history import history as history_of
from integrates.db_model.stakeholders.facet import stakeholder_key
from integrates.db_model.stakeholders.types import Stakeholder
from integrates.db_model.tokens.usage import usage_key, used_at


async def last_login(source: Stakeholder, info: Info) -> datetime | None:
    """The last login of the person."""
    return used_at(await info.context.loaders.items.load(usage_key("USER", source.email)))


async def history(source: Stakeholder, info: Info, **args: Any) -> Connection:
    """The revisions of the person's record."""
    return await history_of(info, stakeholder_key(source.email), args, frozenset())


FIELDS: Final[Fields] = {
    "Stakeholder": {
        "firstName": "info.first_name",
        "lastName": "info.last_name",
        "role": "access.role",
        "isRegistered": "access.is_registered",
        "lastLogin": last_login,
        "history": history,
    },
    **connection.fields_of("StakeholderConnection"),
}
