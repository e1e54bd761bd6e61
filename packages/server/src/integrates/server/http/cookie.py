"""The cookies of this server: one for a session, one for a login under way."""

from starlette.requests import Request
from starlette.responses import Response

from integrates.db_model.sessions.rules import ABSOLUTE
from integrates.server.auth.attempt import COOKIE, LIFE
from integrates.server.auth.origin import cookie_name, is_secure, prefixed


def set_session(response: Response, request: Request, origin: str | None, session_id: str | None) -> None:
    """Have the browser keep the id of a session, or forget it."""
    life = int(ABSOLUTE.total_seconds()) if session_id else 0
    _set(response, request, origin, cookie_name(request.scope, origin), session_id, life)


def set_attempt(response: Response, request: Request, origin: str | None, text: str | None) -> None:
    """Have the browser keep a login under way, or forget it."""
    name = prefixed(request.scope, origin, COOKIE)
    _set(response, request, origin, name, text, int(LIFE.total_seconds()) if text else 0)


def attempt_in(request: Request, origin: str | None) -> str | None:
    """Return the login under way that the browser keeps, which may be anything."""
    return request.cookies.get(prefixed(request.scope, origin, COOKIE))


def _set(response: Response, request: Request, origin: str | None, name: str, value: str | None, life: int) -> None:
    secure = is_secure(request.scope, origin)
    response.set_cookie(name, value or "", max_age=life, secure=secure, httponly=True, samesite="lax")
