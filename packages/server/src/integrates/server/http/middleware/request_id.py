"""Gives every request an id, so that an answer can be found in the log."""

import re
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.server.http.exchange import for_exchange, note

ACCEPTED = re.compile(r"[A-Za-z0-9-]{8,64}")


def identified(app: ASGIApp, new_id: Callable[[], str], bind: Callable[[str], None]) -> ASGIApp:
    """Take a well-formed ``X-Request-Id`` or make one; return it with the answer and ``bind`` it to what is logged."""

    async def identify(scope: Scope, receive: Receive, send: Send) -> None:
        given = Headers(scope=scope).get("x-request-id", "")
        chosen = given if ACCEPTED.fullmatch(given) else new_id()
        note(scope, "request_id", chosen)
        bind(chosen)

        async def send_with_id(message: Message) -> None:
            await send(_with_header(message, chosen))

        await app(scope, receive, send_with_id)

    return for_exchange(app, identify)


def _with_header(message: Message, request_id: str) -> Message:
    if message["type"] not in {"http.response.start", "websocket.accept", "websocket.http.response.start"}:
        return message
    return {**message, "headers": [*message.get("headers", ()), (b"x-request-id", request_id.encode())]}
