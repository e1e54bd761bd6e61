"""Fields of people."""

from datetime import datetime
from typing import Final

from integrates.api.context import Info
from integrates.api.resolve.binding import Binding
from integrates.api.stakeholder.mutations import MUTATIONS
from integrates.api.stakeholder.queries import QUERIES
from integrates.db_model.stakeholders.types import Stakeholder
from integrates.db_model.tokens.usage import usage_key, used_at


async def last_login(source: Stakeholder, info: Info) -> datetime | None:
    """Return the last login of the person."""
    return used_at(await info.context.loaders.items.load(usage_key("USER", source.email)))


BINDING: Final = Binding(
    shows={"Stakeholder": Stakeholder},
    fields={
        **QUERIES,
        **MUTATIONS,
        "Stakeholder": {
            "id": "email",
            "firstName": "info.first_name",
            "lastName": "info.last_name",
            "role": "access.role",
            "isRegistered": "access.is_registered",
            "lastLogin": last_login,
        },
    },
)
