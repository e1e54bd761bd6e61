"""Fields of access tokens."""

from datetime import datetime
from typing import Final

from integrates.api.access_token.mutations import MUTATIONS
from integrates.api.authorization.scope import UNKNOWN
from integrates.api.context import Info
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.lookup import find
from integrates.db_model.entity import claim
from integrates.db_model.groups.types import Group
from integrates.db_model.tokens.facet import ACCESS_TOKEN, access_token_key, ci_token_claim
from integrates.db_model.tokens.rules import expires_soon, is_usable
from integrates.db_model.tokens.types import AccessToken
from integrates.db_model.tokens.usage import usage_key, used_at


async def last_use(source: AccessToken, info: Info) -> datetime | None:
    """Return the last use of the token."""
    return used_at(await info.context.loaders.items.load(usage_key("TOKEN", source.id)))


def soon(source: AccessToken, info: Info) -> bool:
    """Return whether it is time to issue another token."""
    return expires_soon(source, info.context.call.now())


async def forces_token(source: Group, info: Info) -> AccessToken | None:
    """Return the token of the group's CI identity that works; its claim names it."""
    claimed = await info.context.loaders.items.load(ci_token_claim(source.name))
    found = await find(info.context.loaders, ACCESS_TOKEN, access_token_key, claim.holder_of(claimed) or UNKNOWN)
    return found if found and is_usable(found, info.context.call.now()) else None


BINDING: Final = Binding(
    shows={"AccessToken": AccessToken},
    fields={**MUTATIONS, "AccessToken": {"lastUse": last_use, "expiresSoon": soon}, "Group": {"forcesToken": forces_token}},
)
