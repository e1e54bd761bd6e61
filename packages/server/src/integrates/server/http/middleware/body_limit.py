"""Bounds on the size of a request's body, and on the time that it takes to arrive."""

import asyncio
from typing import Final

import msgspec
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.server.http.exchange import MULTIPART, for_http, is_api, media_type
from integrates.server.http.refusal import refuse

GRACE: Final = 5.0
"""Seconds that a body may be waited for whatever its rate, so that a connection may falter."""


class BodyLimit(msgspec.Struct, frozen=True):
    """Most bytes of a body, most bytes of a multipart upload to the API, and what either has to arrive with: within so many
    seconds, and after ``GRACE`` with so many bytes for each second that it is waited for.
    """

    plain: int
    multipart: int
    seconds: float
    rate: int


def bounded(app: ASGIApp, limit: BodyLimit) -> ASGIApp:
    """Refuse a body with 413 as soon as it is announced or grows too large, and with 408 when it trickles or takes too long.

    A server's own read time-out counts each read alone, which a trickle of bytes defeats. Here each byte buys some time, and
    the whole body has a deadline.
    """

    async def bound(scope: Scope, receive: Receive, send: Send) -> None:
        most = _most(scope, limit)
        if _announced(scope) > most:
            await refuse(scope, 413)(scope, receive, send)
            return
        await app(scope, _counting(receive, most, limit), send)

    return for_http(app, bound)


def _most(scope: Scope, limit: BodyLimit) -> int:
    return limit.multipart if is_api(scope) and media_type(scope) == MULTIPART else limit.plain


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "0")
    return int(length) if length.isdecimal() else 0


def _counting(receive: Receive, most: int, limit: BodyLimit) -> Receive:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit.seconds
    size, waited, complete = 0, 0.0, False

    async def receive_counted() -> Message:
        nonlocal size, waited, complete
        if complete:
            return await receive()
        asked = loop.time()
        message = await _by(receive, min(deadline, asked + GRACE + size / limit.rate - waited))
        waited += loop.time() - asked
        size += len(message.get("body", b""))
        complete = not message.get("more_body", False)
        if size > most:
            raise HTTPException(413)
        return message

    return receive_counted


async def _by(receive: Receive, deadline: float) -> Message:
    try:
        async with asyncio.timeout_at(deadline):
            return await receive()
    except TimeoutError as error:
        raise HTTPException(408) from error
