"""What layers and routes learn about one HTTP exchange, kept in its ASGI scope."""

from typing import Final, TypeAlias

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from integrates.api.authorization.actor import Actor

API_PATH: Final = "/api"
"""The one path whose answers are GraphQL; all others are pages or files."""
REFERENCE_PATH: Final = "/reference"
"""Where the reference of the API is: all names, and below it the page of each."""
MULTIPART: Final = "multipart/form-data"
"""The media type of requests with files."""

Caller: TypeAlias = tuple[str, str]
"""Whom requests count against: the kind of name, ``actor`` or ``address``, and the name."""


def for_http(app: ASGIApp, handle: ASGIApp) -> ASGIApp:
    """Return an application that has HTTP requests handled by ``handle`` and all else (lifespan, websocket) by ``app``."""

    async def enter(scope: Scope, receive: Receive, send: Send) -> None:
        await (handle if scope["type"] == "http" else app)(scope, receive, send)

    return enter


def for_exchange(app: ASGIApp, handle: ASGIApp) -> ASGIApp:
    """Return an application that has HTTP requests and WebSockets handled by ``handle`` and all else (lifespan) by ``app``."""

    async def enter(scope: Scope, receive: Receive, send: Send) -> None:
        await (handle if scope["type"] in {"http", "websocket"} else app)(scope, receive, send)

    return enter


def note(scope: Scope, name: str, value: object) -> None:
    """Remember a fact about the exchange."""
    scope.setdefault("state", {})[name] = value


def request_id_of(scope: Scope) -> str:
    """Return the id of the request, empty before it was given one."""
    found: str = scope.get("state", {}).get("request_id", "")
    return found


def deadline_of(scope: Scope) -> float:
    """Return the time of the running event loop at which the request is cancelled."""
    found: float = scope["state"]["deadline"]
    return found


def actor_of(scope: Scope) -> Actor | None:
    """Return who calls, ``None`` when no valid credentials came with the request."""
    found: Actor | None = scope.get("state", {}).get("actor")
    return found


def address_of(scope: Scope) -> str:
    """Return the network address of the peer, which is the proxy's where there is one."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def caller_of(scope: Scope) -> Caller:
    """Return whom the request counts against: its actor, else its address."""
    actor = actor_of(scope)
    return ("actor", actor.email) if actor else ("address", address_of(scope))


def media_type(scope: Scope) -> str:
    """Return the media type of the body in lower case, without parameters; empty when the request names none."""
    return Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()


def accepted_types(scope: Scope) -> frozenset[str]:
    """Return the media types that the caller accepts, in lower case and without parameters."""
    return frozenset(one.partition(";")[0].strip() for one in Headers(scope=scope).get("accept", "").lower().split(","))


def is_api(scope: Scope) -> bool:
    """Return whether the caller expects GraphQL answers rather than pages."""
    return bool(scope["path"] == API_PATH)
