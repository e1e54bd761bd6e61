"""Writes one line about each request."""

from collections.abc import Callable, Mapping

from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.server.exchange import actor_of, request_id_of

ABORTED = 499
"""Logged when no answer was begun, because the connection or the server ended first."""


def logged(app: ASGIApp, write: Callable[[Mapping[str, object]], None], seconds: Callable[[], float]) -> ASGIApp:
    """Hand ``write`` the request id, method, route template, status, milliseconds, bytes and actor; nothing else.

    ``seconds`` is a monotonic clock; ``write`` adds the time. Paths are logged as templates: they hold no ids or secrets.
    """

    async def log(scope: Scope, receive: Receive, send: Send) -> None:
        begun = seconds()
        status, size = ABORTED, 0

        async def measure(message: Message) -> None:
            nonlocal status, size
            status = message.get("status", status)
            size += len(message.get("body", b""))
            await send(message)

        try:
            await app(scope, receive, measure)
        finally:
            write(_line(scope, status, size, seconds() - begun))

    return log


def _line(scope: Scope, status: int, size: int, seconds: float) -> Mapping[str, object]:
    actor, route = actor_of(scope), scope.get("route")
    return {
        "request_id": request_id_of(scope),
        "method": scope["method"],
        "route": route.path if isinstance(route, Route) else None,
        "status": status,
        "ms": round(seconds * 1000, 1),
        "bytes": size,
        "actor": actor.email if actor else None,
    }
