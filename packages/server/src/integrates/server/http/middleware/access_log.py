"""Writes one line about each request."""

from collections.abc import Callable, Mapping, Sequence

from starlette.routing import BaseRoute, Match, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.server.http.exchange import actor_of, for_exchange, request_id_of

ABORTED = 499
"""Logged when no answer was begun, because the connection or the server ended first."""

_WEBSOCKET = {("websocket.accept", ABORTED): 101, ("websocket.close", ABORTED): 403}
"""The status of a WebSocket that was opened, whose line is written when it has ended, and of one that was not."""


def logged(
    app: ASGIApp,
    write: Callable[[Mapping[str, object]], None],
    routes: Sequence[BaseRoute],
    seconds: Callable[[], float],
) -> ASGIApp:
    """Hand ``write`` the request id, method, route, status, milliseconds, bytes and actor of each request; nothing else.

    Of the path only the template of its route is logged, which holds no ids or secrets. ``seconds`` is a monotonic clock;
    ``write`` adds the time.
    """

    async def log(scope: Scope, receive: Receive, send: Send) -> None:
        begun, route = seconds(), _template(routes, scope)  # routing rewrites the scope
        size = 0
        status: int = ABORTED

        async def measure(message: Message) -> None:
            nonlocal status, size
            status = _WEBSOCKET.get((message["type"], status)) or int(message.get("status", status))
            size += len(message.get("body") or message.get("text") or "")
            await send(message)

        try:
            await app(scope, receive, measure)
        finally:
            actor = actor_of(scope)
            write(
                {
                    "request_id": request_id_of(scope),
                    "method": scope.get("method", "GET"),
                    "route": route,
                    "status": status,
                    "ms": round((seconds() - begun) * 1000, 1),
                    "bytes": size,
                    "actor": actor.email if actor else None,
                }
            )

    return for_exchange(app, log)


def _template(routes: Sequence[BaseRoute], scope: Scope) -> str | None:
    """Return the template, such as ``/evidence/{file}``, of the route that answers a request or would have."""
    named = (route for route in routes if isinstance(route, Route | WebSocketRoute | Mount))
    return next((route.path for route in named if route.matches(scope)[0] is not Match.NONE), None)
