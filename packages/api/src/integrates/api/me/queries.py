"""Reading the caller."""

from typing import Any, Final

from integrates.api.context import Info
from integrates.api.errors import Code, RequestError
from integrates.api.resolve.attribute import Fields
from integrates.db_model.entity.loader import load
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import Stakeholder


async def me(_source: Any, info: Info) -> Stakeholder:
    """Return the caller. Raise ``RequestError`` (UNAUTHENTICATED) when the person was removed since the request began."""
    found = await load(info.context.loaders, STAKEHOLDER, stakeholder_key(info.context.actor.email))
    if found is None:
        raise RequestError(Code.UNAUTHENTICATED, "Authenticate first.")
    return found


QUERIES: Final[Fields] = {"Query": {"me": me}}
