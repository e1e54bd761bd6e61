"""Writes one line about each request."""

from collections.abc import Callable, Mapping, Sequence

from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.server.http.exchange import actor_of, for_http, request_id_of

ABORTED = 499
"""Logged when no answer was begun, because the connection or the server ended first."""


def logged(
    app: ASGIApp,
    write: Callable[[Mapping[str, object]], None],
    routes: Sequence[BaseRoute],
    seconds: Callable[[], float],
) -> ASGIApp:
    """Hand ``write`` the request id, method, route, status, milliseconds, bytes and actor of each request; nothing else.

    Of the path only the template of its route is told, which holds no ids or secrets. ``seconds`` is a monotonic clock;
    ``write`` adds the time.
    """

    async def log(scope: Scope, receive: Receive, send: Send) -> None:
        begun, route = seconds(), _template(routes, scope)  # routing rewrites the scope
        status, size = ABORTED, 0

        async def measure(message: Message) -> None:
            nonlocal status, size
            status = message.get("status", status)
            size += len(message.get("body", b""))
            await send(message)

        try:
            await app(scope, receive, measure)
        finally:
            actor = actor_of(scope)
            write(
                {
                    "request_id": request_id_of(scope),
                    "method": scope["method"],
                    "route": route,
                    "status": status,
                    "ms": round((seconds() - begun) * 1000, 1),
                    "bytes": size,
                    "actor": actor.email if actor else None,
                }
            )

    return for_http(app, log)


def _template(routes: Sequence[BaseRoute], scope: Scope) -> str | None:
    """Return the template, such as ``/evidence/{file}``, of the route that answers a request or would have."""
    named = (route for route in routes if isinstance(route, Route | Mount))
    return next((route.path for route in named if route.matches(scope)[0] is not Match.NONE), None)
