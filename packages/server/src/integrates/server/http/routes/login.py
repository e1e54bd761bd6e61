"""Logging in and out with a browser: by a provider, or without a password on one's own machine."""

import asyncio
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from integrates.api.authorization.actor import Actor, Means
from integrates.db_model.entity import read
from integrates.db_model.errors import Rejected
from integrates.db_model.sessions.commands import close_everywhere, close_session, find_session
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.store.port import Store
from integrates.db_model.values.text import email as email_rule
from integrates.server.auth.attempt import PATH
from integrates.server.auth.entrance import opened_session
from integrates.server.auth.origin import is_direct, may_write
from integrates.server.auth.provider import LOCAL
from integrates.server.auth.recognition import cookie_of
from integrates.server.auth.session import hash_session_id
from integrates.server.http.cookie import set_session
from integrates.server.http.exchange import note
from integrates.server.http.routes.account import CountLogin, account_limit
from integrates.server.http.routes.callback import begin, come_back, new_arrivals
from integrates.server.http.routes.link import HOME, login_page
from integrates.server.service import Service
from integrates.server.settings import is_loopback

LOCAL_USER: Final = "ada@demo.example"
LEAST: Final = 0.1
"""Seconds that the answer to a local login takes at least, so that the time does not tell whether the account is known."""
HEADING: Final = "Log in"
AND_BACK: Final = "Then you are led to the page that you wanted to see."
MAX_NEXT: Final = 1_000
"""Bytes of the longest path to go on to, so that it fits into the cookie of a login under way."""


def login_routes(service: Service) -> list[Route]:
    """Return the routes ``GET /login``, ``GET /auth/callback`` and ``POST /logout``.

    Without a ``provider``, the first is a page with the ways to log in, each of which leads on to ``next``.
    """
    count = account_limit(service.settings.login_rate, service.seconds)
    arrivals = new_arrivals(service, count)

    async def login(request: Request) -> Response:
        if request.method == "HEAD":  # a look at the address is no login
            raise HTTPException(405, headers={"allow": "GET"})
        name = request.query_params.get("provider")
        if name is None:
            return login_page(service, next_of(request), HEADING, AND_BACK)
        if name == LOCAL and service.settings.local_login:
            return await _local(request, service, count)
        if name not in service.providers:
            raise HTTPException(404)
        return await begin(request, service, arrivals, service.providers[name], next_of(request))

    async def callback(request: Request) -> Response:
        if request.method == "HEAD":
            raise HTTPException(405, headers={"allow": "GET"})
        return await come_back(request, service, arrivals)

    async def logout(request: Request) -> Response:
        return await _logout(request, service)

    return [
        Route("/login", login, methods=["GET"]),
        Route(PATH, callback, methods=["GET"]),
        Route("/logout", logout, methods=["POST"]),
    ]


def is_own(path: str) -> bool:
    """Return whether one may go on to a path: one of this server, which begins with exactly one ``/``, and not too long."""
    plain = path.isprintable() and "\\" not in path and len(path.encode()) <= MAX_NEXT
    return plain and path.startswith("/") and not path.startswith("//")


def next_of(request: Request) -> str:
    """Return the path of this server to which the request wants to go on, else that of the person's groups."""
    path = request.query_params.get("next", HOME)
    return path if is_own(path) else HOME


async def _local(request: Request, service: Service, count: CountLogin) -> Response:
    if not (is_loopback(service.settings.host) and is_direct(request.scope)):
        raise HTTPException(403)
    asked = request.query_params.get("email", LOCAL_USER)
    await count(asked.strip().lower())
    loop = asyncio.get_running_loop()
    ready = loop.time() + LEAST
    try:
        email = await _existing(service.store, asked)
        session_id = await opened_session(service.store, email, service.now())
    finally:
        await asyncio.sleep(ready - loop.time())
    if session_id is None:
        raise HTTPException(403)
    note(request.scope, "actor", Actor(email, Means.SESSION))
    response = RedirectResponse(next_of(request), status_code=303)
    set_session(response, request, service.settings.origin, session_id)
    return response


async def _existing(store: Store, email: str) -> str:
    try:
        person = await read.get(store, STAKEHOLDER, stakeholder_key(email_rule(email, ("email",))))
    except Rejected as error:
        raise HTTPException(403) from error
    if person is None:
        raise HTTPException(403)
    return person.email


async def _logout(request: Request, service: Service) -> Response:
    if not may_write(request.scope, service.settings.origin):
        raise HTTPException(403)
    cookie = cookie_of(request.scope, service.settings.origin)
    if cookie and (session := await find_session(service.store, hash_session_id(cookie), service.now())):
        if "everywhere" in request.query_params:
            await close_everywhere(service.store, session.email)
        else:
            await close_session(service.store, session)
    response = RedirectResponse("/logged-out", status_code=303)
    set_session(response, request, service.settings.origin, None)
    return response
