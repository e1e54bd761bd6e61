"""Writes one line about each request."""

from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.server.http.exchange import actor_of, request_id_of

ABORTED = 499
"""Logged when no answer was begun, because the connection or the server ended first."""


def logged(
    app: ASGIApp,
    write: Callable[[Mapping[str, object]], None],
    template: Callable[[Scope], str | None],
    seconds: Callable[[], float],
) -> ASGIApp:
    """Hand ``write`` the request id, method, route, status, milliseconds, bytes and actor of each request; nothing else.

    ``template`` tells the route: a template such as ``/evidence/{file}``, which holds no ids or secrets. ``seconds`` is a
    monotonic clock; ``write`` adds the time.
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
            actor = actor_of(scope)
            write(
                {
                    "request_id": request_id_of(scope),
                    "method": scope["method"],
                    "route": template(scope),
                    "status": status,
                    "ms": round((seconds() - begun) * 1000, 1),
                    "bytes": size,
                    "actor": actor.email if actor else None,
                }
            )

    return log
