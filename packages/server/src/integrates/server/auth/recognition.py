"""The actor of a request, by its credentials."""

import hmac
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import msgspec
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Scope

from integrates.api.authorization.actor import Actor, Means
from integrates.db_model.access.facet import GROUP_ACCESS, group_access_key
from integrates.db_model.access.rules import group_of
from integrates.db_model.entity import read
from integrates.db_model.entity.facet import Facet
from integrates.db_model.errors import StoreError
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.sessions.commands import find_session, look_at_session
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.store.port import Key, Store
from integrates.db_model.tokens.facet import ACCESS_TOKEN, access_token_key
from integrates.db_model.tokens.rules import hash_jti, is_usable
from integrates.db_model.tokens.types import AccessToken, TokenKind
from integrates.db_model.tokens.usage import record_use, usage_key
from integrates.db_model.values.instant import SKEW
from integrates.server.auth.origin import cookie_name
from integrates.server.auth.secret import Keys
from integrates.server.auth.session import hash_session_id
from integrates.server.auth.token import Claims, read_claims

SCHEME = "bearer "


class Credentials(msgspec.Struct, frozen=True):
    """What a request brings to say who asks: the claims of a token of ours, or the id of a session. Neither may still hold."""

    claims: Claims | None = None
    cookie: str | None = None


def bearer_of(scope: Scope) -> str | None:
    """Return the bearer token sent with the request."""
    given = Headers(scope=scope).get("authorization", "")
    return given[len(SCHEME) :].strip() if given.lower().startswith(SCHEME) else None


def cookie_of(scope: Scope, origin: str | None) -> str | None:
    """Return the id of the session sent with the request."""
    return HTTPConnection(scope).cookies.get(cookie_name(scope, origin))


def read_credentials(scope: Scope, keys: Keys, origin: str | None, now: datetime) -> Credentials:
    """Return what the request brings. A bearer token, good or bad, counts before a cookie."""
    bearer = bearer_of(scope)
    if bearer is not None:
        return Credentials(claims=read_claims(keys, bearer, now))
    return Credentials(cookie=cookie_of(scope, origin))


def credentials_of(authorization: str, keys: Keys, now: datetime) -> Credentials:
    """Return what an ``Authorization`` brings that comes in another way than in the header of that name."""
    is_bearer = authorization.lower().startswith(SCHEME)
    return Credentials(claims=read_claims(keys, authorization[len(SCHEME) :].strip(), now)) if is_bearer else Credentials()


async def recognise(credentials: Credentials, store: Store, now: datetime) -> Actor | None:
    """Return the owner of a token or session; ``None`` without one, or when it was revoked or has ended."""
    if credentials.claims:
        return await _by_token(store, credentials.claims, now)
    return await _by_session(store, credentials.cookie, now) if credentials.cookie else None


async def still_holds(credentials: Credentials, store: Store, now: datetime) -> bool:
    """Return whether a token or session still proves somebody, without noting that it was used.

    So a session ends as idle although its owner is told of changes all the time.
    """
    if credentials.claims:
        return await _by_token(store, credentials.claims, now, is_use=False) is not None
    if not credentials.cookie:
        return False
    session = await look_at_session(store, hash_session_id(credentials.cookie), now)
    return session is not None and await read.get(store, STAKEHOLDER, stakeholder_key(session.email)) is not None


async def _by_token(store: Store, claims: Claims, now: datetime, *, is_use: bool = True) -> Actor | None:
    try:
        owners = _OWNERS[claims.kind](claims.sub)
        keys = (access_token_key(claims.token_id), usage_key("TOKEN", claims.token_id), *owners)
    except ValueError:  # a subject that names nobody cannot be part of a key
        return None
    token_item, stamped, *owner_items = await store.get(keys)
    token = read.live(ACCESS_TOKEN, token_item)
    owned = all(read.live(facet, item) for facet, item in zip(owners.values(), owner_items, strict=True))
    if not (owned and token and _opens(token, claims, now)):
        return None
    if not is_use:
        return Actor(claims.sub, _MEANS[claims.kind], token.id)
    with suppress(StoreError):  # a stamp that cannot be written is no reason to turn the caller away
        await record_use(store, "TOKEN", token.id, stamped, now)
    return Actor(claims.sub, _MEANS[claims.kind], token.id)


def _person(owner: str) -> Mapping[Key, Facet[Any]]:
    return {stakeholder_key(owner): STAKEHOLDER}


def _ci_identity(owner: str) -> Mapping[Key, Facet[Any]]:
    """Return what makes a CI identity: its access to its group, and the group. Raise ``ValueError`` for another owner."""
    name = group_of(owner)
    return {group_access_key(owner, name): GROUP_ACCESS, group_key(name): GROUP}


_OWNERS: Final[Mapping[TokenKind, Callable[[str], Mapping[Key, Facet[Any]]]]] = {
    TokenKind.API: _person,
    TokenKind.FORCES: _ci_identity,
}
"""By the kind of a token: what has to exist for its owner to be somebody."""
_MEANS: Final[Mapping[TokenKind, Means]] = {TokenKind.API: Means.API_TOKEN, TokenKind.FORCES: Means.CI_TOKEN}


def _opens(token: AccessToken, claims: Claims, now: datetime) -> bool:
    same = hmac.compare_digest(token.jti_hash, hash_jti(claims.jti))
    is_current = is_usable(token, now) or is_usable(token, now - SKEW)
    return same and token.kind is claims.kind and token.owner == claims.sub and is_current


async def _by_session(store: Store, cookie: str, now: datetime) -> Actor | None:
    session = await find_session(store, hash_session_id(cookie), now)
    if session is None:
        return None
    person = await read.get(store, STAKEHOLDER, stakeholder_key(session.email))
    return Actor(session.email, Means.SESSION, session=session.hash) if person else None
