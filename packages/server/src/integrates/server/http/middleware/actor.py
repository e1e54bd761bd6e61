"""Finds out who calls."""

from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from integrates.api.authorization.actor import Actor
from integrates.server.http.exchange import for_http, note


def recognised(app: ASGIApp, recognise: Callable[[Scope], Awaitable[Actor | None]]) -> ASGIApp:
    """Note the actor whom ``recognise`` finds behind the credentials of the request, if any."""

    async def note_actor(scope: Scope, receive: Receive, send: Send) -> None:
        note(scope, "actor", await recognise(scope))
        await app(scope, receive, send)

    return for_http(app, note_actor)
