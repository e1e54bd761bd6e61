"""Logging in and out with a browser. So far only the local login: no password, for a service on one's own machine."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from integrates.api.authorization.actor import Actor, Means
from integrates.db_model.entity import read
from integrates.db_model.errors import Rejected
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.store.port import Store
from integrates.db_model.values.text import email as email_rule
from integrates.server.auth import sessions
from integrates.server.auth.origin import cookie_name, is_local, is_secure, may_write
from integrates.server.auth.recognition import cookie_of
from integrates.server.http.exchange import actor_of
from integrates.server.service import Service
from integrates.server.settings import is_loopback

LOCAL_USER: Final = "ada@demo.example"


def login_routes(service: Service) -> list[Route]:
    """``GET /login?provider=local&email=&next=`` and ``POST /logout``."""

    async def login(request: Request) -> Response:
        return await _login(request, service)

    async def logout(request: Request) -> Response:
        return await _logout(request, service)

    return [Route("/login", login, methods=["GET"]), Route("/logout", logout, methods=["POST"])]


def safe_next(path: str) -> str:
    """A path of this server to go on to: begins with one ``/``; anything else becomes ``/``."""
    plain = path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"


async def _login(request: Request, service: Service) -> Response:
    if not service.settings.local_login or request.query_params.get("provider") != "local":
        raise HTTPException(404)
    if not (is_loopback(service.settings.host) and is_local(request.scope)):
        raise HTTPException(403)
    email = await _existing(service.store, request.query_params.get("email", LOCAL_USER))
    session_id = sessions.new_session_id()
    await sessions.open_session(service.store, email, session_id, service.now())
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
    actor, cookie = actor_of(request.scope), cookie_of(request.scope, service.settings.origin)
    if not may_write(request.scope, service.settings.origin):
        raise HTTPException(403)
    if cookie and _is_own(actor):
        session = await sessions.find_session(service.store, cookie, service.now())
        if session:
            await sessions.close_session(service.store, session)
    response = RedirectResponse("/", status_code=303)
    _set_cookie(response, request, service, None)
    return response


def _is_own(actor: Actor | None) -> bool:
    return actor is not None and actor.means is Means.SESSION


def _set_cookie(response: Response, request: Request, service: Service, session_id: str | None) -> None:
    origin = service.settings.origin
    response.set_cookie(
        cookie_name(request.scope, origin),
        session_id or "",
        max_age=int(sessions.ABSOLUTE.total_seconds()) if session_id else 0,
        secure=is_secure(request.scope, origin),
        httponly=True,
        samesite="lax",
    )
