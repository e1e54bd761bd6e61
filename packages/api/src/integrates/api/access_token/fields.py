"""Fields of access tokens."""

from datetime import datetime
from typing import Final

from integrates.api.access_token.mutations import MUTATIONS
from integrates.api.context import Info
from integrates.api.resolve.binding import Binding
from integrates.db_model.tokens.types import AccessToken
from integrates.db_model.tokens.usage import usage_key, used_at


async def last_use(source: AccessToken, info: Info) -> datetime | None:
    """The last use of the token."""
    return used_at(await info.context.loaders.items.load(usage_key("TOKEN", source.id)))


BINDING: Final = Binding(
    shows={"AccessToken": AccessToken},
    fields={**MUTATIONS, "AccessToken": {"lastUse": last_use}},
)
