"""Ends requests that take too long."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.server.http.exchange import for_http
from integrates.server.http.refusal import refuse


def timed(app: ASGIApp, seconds: float) -> ASGIApp:
    """Cancel the request, with every store call it awaits, after ``seconds`` and answer 503 unless an answer has begun."""

    async def time(scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        deadline = asyncio.timeout(seconds)
        try:
            async with deadline:
                await app(scope, receive, watch)
        except TimeoutError:
            if begun or not deadline.expired():
                raise
            await refuse(scope, 503, headers={"retry-after": "1"})(scope, receive, send)

    return for_http(app, time)
