"""What callers do about themselves."""

from typing import Any, Final

from integrates.api.authorization.actor import Means
from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.me.queries import me
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, refresh
from integrates.db_model import sessions
from integrates.db_model.errors import Reason, Rejected


async def acknowledge_concurrent_session(_seen: Sight[None], info: Info, **_given: Any) -> Payload:
    """Note that the caller knows that their session ended another."""
    actor = info.context.actor
    if actor.means is not Means.SESSION or actor.session is None:
        raise Rejected(Reason.SESSION_REQUIRED)
    await sessions.acknowledge(info.context.store, actor.email, actor.session)
    refresh(info.context)
    return {"me": await me(None, info)}


MUTATIONS: Final[Fields] = {"Mutation": {"acknowledgeConcurrentSession": acknowledge_concurrent_session}}
