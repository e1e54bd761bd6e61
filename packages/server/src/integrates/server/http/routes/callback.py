"""Logging in by a provider: sending the browser there, and what happens when it comes back (domain section 10.2)."""

import hmac
import logging
import re
from typing import Final
from urllib.parse import urlencode

import msgspec
from cachetools import TTLCache
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from integrates.api.authorization.actor import Actor, Means
from integrates.server.auth.attempt import LIFE, PATH, Attempt, new_attempt, opened, sealed
from integrates.server.auth.discovery import Directory, metadata_of, new_directory
from integrates.server.auth.entrance import enter
from integrates.server.auth.fetch import Faulty, patiently
from integrates.server.auth.identity import NotVerifiedError, roles_of, vouched_for
from integrates.server.auth.openid import RefusedError, authorization_address, claims_of
from integrates.server.auth.origin import is_local, origin_of
from integrates.server.auth.provider import Provider
from integrates.server.http.cookie import attempt_in, set_attempt, set_session
from integrates.server.http.exchange import note
from integrates.server.http.refusal import ASK, refuse_login
from integrates.server.http.routes.account import CountLogin
from integrates.server.service import Service

MAX_CODE: Final = 4_096
MAX_USED: Final = 10_000
"""Most logins that are remembered as used; the browser forgets its own by the answer."""
_ERROR: Final = re.compile("[a-z_]{1,50}")
_DENIED: Final = "access_denied"
_LOG: Final = logging.getLogger(__name__)

REFUSED: Final = (400, "This login cannot be completed: it has expired, was used already, or was not begun in this browser.")
AGAIN: Final = "Begin again. If it happens again, tell the people who run this service the request below."
FAULTY: Final = (502, "The login provider does not answer as it should, so nobody could be logged in and nothing was changed.")
LATER: Final = "Try again in a minute. If it goes on, tell the people who run this service the request below."
DENIED: Final = (403, "The login was cancelled at the login provider, or it does not let you use this service.")
ELSEWHERE: Final = "Begin again, or ask those who manage your account there."
UNVERIFIED: Final = (403, "The login provider does not vouch for your e-mail address, so nobody was logged in.")
VERIFY: Final = "Verify your e-mail address at the login provider, then begin again."
UNKNOWN: Final = (403, "You have no account here: this service is for people who were invited.")
INVITE: Final = "Ask somebody who manages an organization here to invite you, then begin again."


class Arrivals(msgspec.Struct, frozen=True):
    """What is remembered between requests: of the providers, and which logins came back already."""

    directory: Directory
    used: TTLCache[str, bool]
    count: CountLogin


def new_arrivals(service: Service, count: CountLogin) -> Arrivals:
    """Return what remembers nothing yet; ``count`` counts the logins to an account."""
    used: TTLCache[str, bool] = TTLCache(MAX_USED, LIFE.total_seconds(), service.seconds)
    return Arrivals(new_directory(service.seconds), used, count)


async def begin(request: Request, service: Service, arrivals: Arrivals, provider: Provider, next_path: str) -> Response:
    """Send the browser to the provider, with what it needs to come back."""
    attempt = new_attempt(provider.name, next_path, service.now())
    try:
        async with patiently():
            address = await authorization_address(arrivals.directory, provider, attempt, _redirect_uri(request, service))
    except Faulty as error:
        _LOG.warning("the provider %s cannot be used: %s", provider.name, error.reason)
        return refuse_login(request.scope, *FAULTY, LATER, retry=_retry(attempt))
    response = RedirectResponse(address, status_code=303)
    set_attempt(response, request, service.settings.origin, sealed(service.keys, attempt))
    return response


async def come_back(request: Request, service: Service, arrivals: Arrivals) -> Response:
    """Log in the person with whom the browser comes back, or tell why not. Either way the attempt is over."""
    attempt = opened(service.keys, attempt_in(request, service.settings.origin), service.now())
    retry = _retry(attempt) if attempt and attempt.provider in service.providers else None
    try:
        response = await _arrived(request, service, arrivals, attempt)
    except RefusedError as error:
        _LOG.warning("a login was refused: %s", error.reason)
        response = refuse_login(request.scope, *REFUSED, AGAIN, retry=retry)
    except Faulty as error:
        _LOG.warning("the provider %s cannot be used: %s", attempt and attempt.provider, error.reason)
        response = refuse_login(request.scope, *FAULTY, LATER, retry=retry)
    except NotVerifiedError:
        _LOG.warning("the provider %s does not vouch for an e-mail", attempt and attempt.provider)
        response = refuse_login(request.scope, *UNVERIFIED, VERIFY, retry=retry)
    set_attempt(response, request, service.settings.origin, None)
    return response


async def _arrived(request: Request, service: Service, arrivals: Arrivals, attempt: Attempt | None) -> Response:
    provider = service.providers.get(attempt.provider) if attempt else None
    if attempt is None or provider is None or not _is_own(request, attempt):
        raise RefusedError("it was not begun in this browser, or too long ago")
    if attempt.state in arrivals.used:
        raise RefusedError("it was used already")
    arrivals.used[attempt.state] = True
    async with patiently():
        await _check_sender(request, arrivals, provider)
        if "error" in request.query_params:
            return _turned_away(request, provider, attempt)
        code = _single(request, "code")
        claims = await claims_of(arrivals.directory, provider, attempt, code, _redirect_uri(request, service), service.now())
    person = vouched_for(claims), roles_of(provider, claims)
    email = person[0].email
    await arrivals.count(email)
    session_id = await enter(service.store, service.settings, provider, person, service.now(), service.new_id)
    if session_id is None:
        _LOG.warning("somebody whom %s vouches for is not invited", provider.name)
        return refuse_login(request.scope, *UNKNOWN, INVITE, retry=_retry(attempt))
    note(request.scope, "actor", Actor(email, Means.SESSION))
    response = RedirectResponse(attempt.next, status_code=303)
    set_session(response, request, service.settings.origin, session_id)
    return response


def _is_own(request: Request, attempt: Attempt) -> bool:
    states = request.query_params.getlist("state")
    return len(states) == 1 and hmac.compare_digest(states[0].encode(), attempt.state.encode())


async def _check_sender(request: Request, arrivals: Arrivals, provider: Provider) -> None:
    """Raise :class:`RefusedError` when another provider than the one asked sends the browser back (RFC 9207)."""
    told, metadata = request.query_params.getlist("iss"), await metadata_of(arrivals.directory, provider)
    if told != [provider.issuer] and (told or metadata.authorization_response_iss_parameter_supported):
        raise RefusedError("another provider answers than the one that was asked")


def _turned_away(request: Request, provider: Provider, attempt: Attempt) -> Response:
    told = request.query_params["error"]
    word = told if _ERROR.fullmatch(told) else "another error"
    _LOG.warning("the provider %s refused a login: %s", provider.name, word)
    if word == _DENIED:
        return refuse_login(request.scope, *DENIED, ELSEWHERE, retry=_retry(attempt))
    return refuse_login(request.scope, *FAULTY, ASK, retry=_retry(attempt))


def _single(request: Request, name: str) -> str:
    values = request.query_params.getlist(name)
    if len(values) != 1 or not 0 < len(values[0]) <= MAX_CODE:
        raise RefusedError(f"it came back without one `{name}`")
    return values[0]


def _redirect_uri(request: Request, service: Service) -> str:
    """Return the address to which the provider sends the browser back: of the setting, else of this machine only."""
    if service.settings.origin is None and not is_local(request.scope):
        raise HTTPException(403)
    return origin_of(request.scope, service.settings.origin) + PATH


def _retry(attempt: Attempt) -> str:
    return f"/login?{urlencode({'provider': attempt.provider, 'next': attempt.next})}"
