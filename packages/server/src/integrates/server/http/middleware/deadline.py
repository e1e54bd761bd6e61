"""Ends requests that take too long."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.server.http.exchange import for_http, note
from integrates.server.http.refusal import refuse


def timed(app: ASGIApp, seconds: float) -> ASGIApp:
    """Cancel the request, with every store call it awaits, after ``seconds`` and answer 503 unless an answer has begun.

    This is the one deadline of a request: it is noted for what has to answer before it.
    """

    async def time(scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        deadline = asyncio.get_running_loop().time() + seconds
        note(scope, "deadline", deadline)
        limit = asyncio.timeout_at(deadline)
        try:
            async with limit:
                await app(scope, receive, watch)
        except TimeoutError:
            if begun or not limit.expired():
                raise
            await refuse(scope, 503, headers={"retry-after": "1"})(scope, receive, send)

    return for_http(app, time)
