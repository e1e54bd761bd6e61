"""Logging in and out with a browser. The only login so far is the local one, without a password, on one's own machine."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from integrates.db_model.entity import read
from integrates.db_model.errors import Rejected
from integrates.db_model.sessions.commands import close_everywhere, close_session, find_session, open_session
from integrates.db_model.sessions.rules import ABSOLUTE
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.store.port import Store
from integrates.db_model.values.text import email as email_rule
from integrates.server.auth.origin import cookie_name, is_direct, is_secure, may_write
from integrates.server.auth.recognition import cookie_of
from integrates.server.auth.session import hash_session_id, new_session_id
from integrates.server.service import Service
from integrates.server.settings import is_loopback

LOCAL_USER: Final = "ada@demo.example"


def login_routes(service: Service) -> list[Route]:
    """Return the routes ``GET /login?provider=local&email=&next=`` and ``POST /logout``."""

    async def login(request: Request) -> Response:
        return await _login(request, service)

    async def logout(request: Request) -> Response:
        return await _logout(request, service)

    return [Route("/login", login, methods=["GET"]), Route("/logout", logout, methods=["POST"])]


def safe_next(path: str) -> str:
    """Return the path to go on to when it is one of this server, which begins with exactly one ``/``; else ``/``."""
    plain = path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"


async def _login(request: Request, service: Service) -> Response:
    if not service.settings.local_login or request.query_params.get("provider") != "local":
        raise HTTPException(404)
    if not (is_loopback(service.settings.host) and is_direct(request.scope)):
        raise HTTPException(403)
    email = await _existing(service.store, request.query_params.get("email", LOCAL_USER))
    session_id = new_session_id()
    await open_session(service.store, email, hash_session_id(session_id), service.now())
    response = RedirectResponse(safe_next(request.query_params.get("next", "/")), status_code=303)
    _set_cookie(response, request, service, session_id)
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
    _set_cookie(response, request, service, None)
    return response


def _set_cookie(response: Response, request: Request, service: Service, session_id: str | None) -> None:
    origin = service.settings.origin
    response.set_cookie(
        cookie_name(request.scope, origin),
        session_id or "",
        max_age=int(ABSOLUTE.total_seconds()) if session_id else 0,
        secure=is_secure(request.scope, origin),
        httponly=True,
        samesite="lax",
    )
