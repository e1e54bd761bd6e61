"""Ends requests that take too long."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.server.http.exchange import for_http, note
from integrates.server.http.middleware.body_limit import GRACE
from integrates.server.http.refusal import refuse


def timed(app: ASGIApp, seconds: float, rate: int) -> ASGIApp:
    """Cancel the request, with every store call it awaits, after ``seconds`` and answer 503 unless an answer has begun.

    This is the one deadline of a request: it is noted for what has to answer before it. An answer that has begun goes on after
    it as long as it is taken: with ``rate`` bytes for each second after ``GRACE``, on the average, and no part of it in more
    than ``seconds``. Else it is broken off. A stream of events has no end, and bounds of its own.
    """

    async def time(scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        begun_at: float | None = None
        size = 0
        note(scope, "deadline", deadline)
        limit = asyncio.timeout_at(deadline)

        async def watch(message: Message) -> None:
            nonlocal begun_at, size
            now = loop.time()
            begun_at = now if begun_at is None else begun_at
            size += len(message.get("body", b""))
            if _is_stream(message):
                limit.reschedule(None)
            elif limit.when() is not None and not limit.expired():
                limit.reschedule(max(deadline, min(now + seconds, begun_at + GRACE + size / rate)))
            await send(message)

        try:
            async with limit:
                await app(scope, receive, watch)
        except TimeoutError:
            if begun_at is not None or not limit.expired():
                raise
            await refuse(scope, 503, headers={"retry-after": "1"})(scope, receive, send)

    return for_http(app, time)


def _is_stream(message: Message) -> bool:
    """Return whether an answer begins that is a stream of events."""
    fields = dict(message.get("headers", ())) if message["type"] == "http.response.start" else {}
    return bytes(fields.get(b"content-type", b"")).startswith(b"text/event-stream")
