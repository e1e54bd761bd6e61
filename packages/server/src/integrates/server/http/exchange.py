"""What the middlewares and routes learn about one HTTP exchange, kept in its ASGI scope."""

from starlette.types import Scope

from integrates.api.authorization.actor import Actor


def note(scope: Scope, name: str, value: object) -> None:
    """Remember a fact about the exchange."""
    scope.setdefault("state", {})[name] = value


def request_id_of(scope: Scope) -> str:
    """The id of the request, empty before it was given one."""
    found: str = scope.get("state", {}).get("request_id", "")
    return found


def actor_of(scope: Scope) -> Actor | None:
    """Who calls, ``None`` for nobody in particular."""
    found: Actor | None = scope.get("state", {}).get("actor")
    return found


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of that lower-case name."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


def address_of(scope: Scope) -> str:
    """The network address of the peer, or of the proxy in between."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def media_type(scope: Scope) -> str:
    """The media type of the body in lower case, without parameters; empty when not told."""
    return (header(scope, b"content-type") or "").partition(";")[0].strip().lower()


def is_api(scope: Scope) -> bool:
    """Whether the caller expects GraphQL answers rather than pages."""
    return bool(scope["path"] == "/api")
