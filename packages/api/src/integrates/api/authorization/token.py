"""Whether work that goes on for long may still be done with the token that it was begun with."""

from datetime import datetime

from integrates.api.authorization.actor import Actor
from integrates.api.resolve.lookup import find
from integrates.db_model.entity.loader import Loaders
from integrates.db_model.tokens.facet import ACCESS_TOKEN, access_token_key
from integrates.db_model.tokens.rules import is_usable


async def may_still_call(loaders: Loaders, actor: Actor, now: datetime) -> bool:
    """Return whether the token that the caller came with may still be used; who came without one needs none."""
    if actor.token_id is None:
        return True
    token = await find(loaders, ACCESS_TOKEN, access_token_key, actor.token_id)
    return token is not None and is_usable(token, now)
