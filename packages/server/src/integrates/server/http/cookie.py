"""The cookies of this server: one for a session, one for a login under way."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from integrates.db_model.sessions.rules import ABSOLUTE
from integrates.server.auth.attempt import COOKIE, LIFE
from integrates.server.auth.origin import cookie_name, is_secure, prefixed


def set_session(response: Response, request: Request, origin: str | None, session_id: str | None) -> None:
    """Have the browser keep the id of a session, or forget it."""
    _set(response, request, origin, cookie_name(request.scope, origin), session_id, ABSOLUTE)


def set_attempt(response: Response, request: Request, origin: str | None, text: str | None) -> None:
    """Have the browser keep a login under way, or forget it."""
    _set(response, request, origin, prefixed(request.scope, origin, COOKIE), text, LIFE)


def attempt_in(request: Request, origin: str | None) -> str | None:
    """Return the login under way that the browser keeps, which may be anything."""
    return request.cookies.get(prefixed(request.scope, origin, COOKIE))


def _set(response: Response, request: Request, origin: str | None, name: str, value: str | None, life: timedelta) -> None:
    secure, max_age = is_secure(request.scope, origin), int(life.total_seconds()) if value else 0
    response.set_cookie(name, value or "", max_age=max_age, secure=secure, httponly=True, samesite="lax")
