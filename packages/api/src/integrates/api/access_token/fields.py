"""Fields of access tokens."""

from datetime import datetime
from typing import Any, Final

from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.connection import Connection
from integrates.api.resolve.history import history as history_of
from integrates.db_model.tokens.facet import access_token_key
from integrates.db_model.tokens.types import AccessToken
from integrates.db_model.tokens.usage import usage_key, used_at


async def history(source: AccessToken, info: Info, **args: Any) -> Connection:
    """The revisions of the token."""
    return await history_of(info, access_token_key(source.id), args, frozenset())


async def last_use(source: AccessToken, info: Info) -> datetime | None:
    """The last use of the token."""
    return used_at(await info.context.loaders.items.load(usage_key("TOKEN", source.id)))


FIELDS: Final[Fields] = {"AccessToken": {"lastUse": last_use, "history": history}}
