"""The origin of the server as browsers see it, and what follows from it for cookies and forms."""

import re
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Scope

from integrates.server.settings import is_loopback

COOKIE: Final = "integrates_session"
FORWARDED: Final = ("forwarded", "via", "x-forwarded-")
"""What the names of headers begin with by which a proxy says that it passed a request on."""
SAME_SITE: Final = {"none", "same-origin"}
"""Values of ``Sec-Fetch-Site`` of what a person typed or a page of this server asked for."""
DEFAULT_PORT: Final = 80
_SCHEMES: Final = {"http": "http", "ws": "http"}
"""The schemes that are not encrypted, and what pages call theirs that ask by them."""
_HOST: Final = re.compile(r"(?P<name>[A-Za-z0-9.]+|\[[0-9A-Fa-f:]+\])(?::(?P<port>[0-9]{1,5}))?")


def origin_of(scope: Scope, configured: str | None) -> str:
    """Return the origin of the server: as configured, else as the request addressed it."""
    scheme = _SCHEMES.get(scope.get("scheme", "http"), "https")
    return configured or f"{scheme}://{Headers(scope=scope).get('host', '')}"


def is_local(scope: Scope) -> bool:
    """Return whether the request addressed this machine by a loopback name, with any port or none."""
    host = _HOST.fullmatch(Headers(scope=scope).get("host", ""))
    return host is not None and is_loopback(host["name"])


def is_direct(scope: Scope) -> bool:
    """Return whether a person on this machine asked for this, not a proxy for somebody else and not a page of another site.

    The ``Host`` must be a loopback name with the port of the listener. A proxy often rewrites it so, but then says who it is in
    a header, or speaks HTTP/1.0, which no browser does.
    """
    headers = Headers(scope=scope)
    host, server = _HOST.fullmatch(",".join(headers.getlist("host"))), scope.get("server")
    if host is None or server is None or int(host["port"] or DEFAULT_PORT) != server[1] or scope.get("http_version") == "1.0":
        return False
    is_passed_on = any(name.startswith(FORWARDED) for name in headers)
    return is_loopback(host["name"]) and not is_passed_on and SAME_SITE.issuperset(headers.getlist("sec-fetch-site"))


def is_secure(scope: Scope, configured: str | None) -> bool:
    """Return whether cookies must be ``Secure``: everywhere but on loopback over http."""
    return not (origin_of(scope, configured).startswith("http://") and is_local(scope))


def cookie_name(scope: Scope, configured: str | None) -> str:
    """Return the name of the session cookie."""
    return prefixed(scope, configured, COOKIE)


def prefixed(scope: Scope, configured: str | None, name: str) -> str:
    """Return the name of a cookie; its prefix makes browsers insist on ``Secure``, ``Path=/`` and no domain."""
    return f"__Host-{name}" if is_secure(scope, configured) else name


def may_write(scope: Scope, configured: str | None, *, from_script: bool = False) -> bool:
    """Return whether a POST with a cookie comes from a page of this server.

    Its ``Origin`` must be the server's. ``from_script`` allows it to have none, but then it needs an ``X-Requested-With`` that
    is not empty, which no form of another site can send.
    """
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None:
        return from_script and bool(headers.get("x-requested-with"))
    return origin == origin_of(scope, configured)
