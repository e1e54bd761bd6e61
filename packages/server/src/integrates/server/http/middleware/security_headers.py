"""Headers that restrict what browsers may do with answers."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.server.http.exchange import for_http

HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'self'; frame-ancestors 'none'; object-src 'none'; form-action 'self'; base-uri 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"referrer-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


def guarded(app: ASGIApp) -> ASGIApp:
    """Add the security headers to every answer; a header that the route has set itself is kept."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            await send(_with_headers(message))

        await app(scope, receive, send_guarded)

    return for_http(app, guard)


def _with_headers(message: Message) -> Message:
    if message["type"] != "http.response.start":
        return message
    own = list(message.get("headers", ()))
    named = {name.lower() for name, _ in own}
    return {**message, "headers": own + [pair for pair in HEADERS if pair[0] not in named]}
