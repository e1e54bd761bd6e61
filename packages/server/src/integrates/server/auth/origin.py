"""The origin of the server as browsers see it, and what follows from it for cookies and forms."""

from typing import Final
from urllib.parse import urlsplit

from starlette.types import Scope

from integrates.server.http.exchange import header, is_api
from integrates.server.settings import is_loopback

COOKIE: Final = "integrates_session"


def origin_of(scope: Scope, configured: str | None) -> str:
    """Return the origin of the server: as configured, else as the request addressed it."""
    return configured or f"{scope.get('scheme', 'http')}://{header(scope, b'host') or ''}"


def is_local(scope: Scope) -> bool:
    """Return whether the request addressed this machine by a loopback name, which a malformed ``Host`` does not."""
    try:
        return is_loopback(urlsplit(f"//{header(scope, b'host') or ''}").hostname or "")
    except ValueError:
        return False


def is_secure(scope: Scope, configured: str | None) -> bool:
    """Return whether cookies must be ``Secure``: everywhere but on loopback over http."""
    return not (origin_of(scope, configured).startswith("http://") and is_local(scope))


def cookie_name(scope: Scope, configured: str | None) -> str:
    """Return the name of the session cookie; the prefix makes browsers insist on ``Secure``, ``Path=/`` and no domain."""
    return f"__Host-{COOKIE}" if is_secure(scope, configured) else COOKIE


def may_write(scope: Scope, configured: str | None) -> bool:
    """Return whether a POST with a cookie comes from a page of this server.

    Its ``Origin`` must be the server's. On ``/api`` it may have none, but then needs an ``X-Requested-With`` that is not empty,
    which no form of another site can send.
    """
    origin = header(scope, b"origin")
    if origin is None:
        return is_api(scope) and bool(header(scope, b"x-requested-with"))
    return origin == origin_of(scope, configured)
