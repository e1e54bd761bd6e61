"""What callers do about themselves."""

from functools import partial
from typing import Any, Final

from integrates.api.authorization.actor import Means
from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.me.queries import me
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, changed, ended, refresh
from integrates.db_model import sessions, stakeholders
from integrates.db_model.errors import Reason, Rejected


async def acknowledge_concurrent_session(_seen: Sight[None], info: Info, **_given: Any) -> Payload:
    """Note that the caller knows that their session ended another."""
    actor = info.context.actor
    if actor.means is not Means.SESSION or actor.session is None:
        raise Rejected(Reason.SESSION_REQUIRED)
    await sessions.acknowledge(info.context.store, actor.email, actor.session)
    refresh(info.context)
    return {"me": await me(None, info)}


async def update_me(_seen: Sight[None], info: Info, *, expected_version: int | None = None, **given: Any) -> Payload:
    """Change the name of the caller."""
    describe = partial(stakeholders.describe, email=info.context.actor.email, given=given, expected_version=expected_version)
    return await changed(info, "me", describe)


async def remove_me(_seen: Sight[None], info: Info, *, expected_version: int | None = None) -> Payload:
    """Remove the caller as a person, with everything that lets them in."""
    remove = partial(stakeholders.remove, email=info.context.actor.email, expected_version=expected_version)
    return await ended(info, remove, by="email")


MUTATIONS: Final[Fields] = {
    "Mutation": {
        "acknowledgeConcurrentSession": acknowledge_concurrent_session,
        "updateMe": update_me,
        "removeMe": remove_me,
    }
}
