"""Answers to requests whose bodies nobody has read to the end."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.server.http.exchange import for_http

CLOSE = (b"connection", b"close")


def parted(app: ASGIApp) -> ASGIApp:
    """Say with an answer that comes before the end of the request's body that the connection ends with it.

    The server closes such a connection, because the rest of the body would be taken for the next request. A client that is not
    told sends that one into the void.
    """

    async def part(scope: Scope, receive: Receive, send: Send) -> None:
        unread = _has_body(scope)

        async def receive_noted() -> Message:
            nonlocal unread
            message = await receive()
            unread = unread and message.get("more_body", False)
            return message

        async def send_parted(message: Message) -> None:
            starts = message["type"] == "http.response.start"
            await send(_with_close(message) if unread and starts else message)

        await app(scope, receive_noted, send_parted)

    return for_http(app, part)


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _with_close(message: Message) -> Message:
    others = [pair for pair in message.get("headers", ()) if pair[0].lower() != CLOSE[0]]
    return {**message, "headers": [*others, CLOSE]}
