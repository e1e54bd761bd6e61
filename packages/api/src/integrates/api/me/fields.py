"""Fields of the caller."""

from datetime import datetime
from typing import Any, Final

from integrates.api.context import Info
from integrates.api.invitation.fields import invitations
from integrates.api.me.mutations import MUTATIONS
from integrates.api.me.queries import QUERIES
from integrates.api.member.membership import groups, organizations
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.connection import Connection
from integrates.api.resolve.walk import whole
from integrates.api.vulnerability.page import across_groups
from integrates.db_model.sessions.record import session_key, session_of
from integrates.db_model.sessions.rules import expiry_of
from integrates.db_model.sessions.types import Session
from integrates.db_model.stakeholders.types import PlatformRole, Stakeholder
from integrates.db_model.tokens.facet import ACCESS_TOKEN, tokens_of_owner
from integrates.db_model.tokens.rules import is_usable
from integrates.db_model.tokens.types import AccessToken
from integrates.db_model.vulnerabilities.lists import assigned_to


async def permissions(_source: Stakeholder, info: Info) -> list[str]:
    """Return what the caller may do on the platform: the CI identity of a group nothing."""
    return sorted((await info.context.scopes.platform.load("")).permissions)


async def assigned_vulnerabilities(source: Stakeholder, info: Info, **args: Any) -> Connection:
    """Return the vulnerabilities assigned to the caller, in groups that the caller may still read, that fit the filter."""
    return await across_groups(info, source.email, args, assigned_to(source.email))


async def access_tokens(source: Stakeholder, info: Info) -> tuple[AccessToken, ...]:
    """Return the access tokens of the caller that work."""
    now = info.context.call.now()
    found = await whole(info.context, ACCESS_TOKEN, tokens_of_owner(source.email))
    return tuple(token for token in found if is_usable(token, now))


async def _session(info: Info) -> Session | None:
    """Return the session by which the caller asks; ``None`` for a token."""
    digest = info.context.actor.session
    return session_of(await info.context.loaders.items.load(session_key(digest))) if digest else None


async def is_concurrent_session(_source: Stakeholder, info: Info) -> bool:
    """Return whether the caller's session ended another one, which the caller has not acknowledged yet."""
    session = await _session(info)
    return session is not None and session.is_concurrent


async def session_expires_at(_source: Stakeholder, info: Info) -> datetime | None:
    """Return when the caller's session ends unless it is used; ``None`` for a token."""
    session = await _session(info)
    return expiry_of(session) if session else None


BINDING: Final = Binding(
    shows={"Me": Stakeholder},
    fields={
        **QUERIES,
        **MUTATIONS,
        "Me": {
            "id": "email",
            "firstName": "info.first_name",
            "lastName": "info.last_name",
            "role": "access.role",
            "permissions": permissions,
            "organizations": organizations,
            "groups": groups,
            "assignedVulnerabilities": assigned_vulnerabilities,
            "accessTokens": access_tokens,
            "invitations": invitations,
            "isConcurrentSession": is_concurrent_session,
            "sessionExpiresAt": session_expires_at,
        },
    },
    enums={"PlatformRole": PlatformRole},
)
