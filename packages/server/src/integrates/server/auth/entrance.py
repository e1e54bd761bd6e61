"""Letting in whom a provider vouches for: the person is noted, gets the provider's roles, and a session."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from integrates.db_model.access.provide import Given, provide
from integrates.db_model.access.source import PROVIDER
from integrates.db_model.entity import read
from integrates.db_model.entity.types import Stamp
from integrates.db_model.sessions.commands import close_session, open_session
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.registration import Named, register
from integrates.db_model.store.port import Store
from integrates.db_model.tokens.usage import record_use, usage_key
from integrates.server.auth.provider import Provider
from integrates.server.auth.session import hash_session_id, new_session_id
from integrates.server.process.admins import appoint
from integrates.server.settings import Registration, Settings, admins_of

_OPERATION: Final = "login"
_LOG: Final = logging.getLogger(__name__)


async def enter(
    store: Store, settings: Settings, provider: Provider, person: tuple[Named, Given], now: datetime, new_id: Callable[[], str]
) -> str | None:
    """Open a session of a person with the roles that the provider gives; return its id for the cookie.

    Return ``None``, and write nothing, for somebody who is not known while registration is by invitation; ``None`` also for
    somebody who is removed meanwhile. Roles that cannot be given are logged. A provider without rules about roles leaves all
    roles alone.
    """
    named, given = person
    stamp = Stamp(by=f"{PROVIDER}{provider.name}", at=now, operation=_OPERATION, change_id=new_id())
    if named.email in admins_of(settings.admins):
        await appoint(store, (named.email,), now, new_id())
    if await register(store, named, stamp, is_open=settings.registration is Registration.OPEN) is None:
        return None
    if provider.roles:
        made = await provide(store, named.email, given, stamp)
        for name, error in made.refused.items():
            _LOG.warning("the role in %s that %s gives could not be brought into line: %s", name, provider.name, error)
    return await opened_session(store, named.email, now)


async def opened_session(store: Store, email: str, now: datetime) -> str | None:
    """Note that a person logs in now and open their session; return its id for the cookie.

    Return ``None``, and leave nothing, when the person is not known any more. They are read after the session was stored: a
    removal either shows then, or finds the session.
    """
    session_id = new_session_id()
    session = await open_session(store, email, hash_session_id(session_id), now)
    person, stamped = await store.get((stakeholder_key(email), usage_key("USER", email)))
    if read.live(STAKEHOLDER, person) is None:
        await close_session(store, session)
        return None
    await record_use(store, "USER", email, stamped, now)
    return session_id
