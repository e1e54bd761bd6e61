"""Bounds the size of a request's body and the time it takes to arrive."""

import asyncio

import msgspec
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.server.http.exchange import for_http, header, is_api, media_type
from integrates.server.http.refusal import refuse


class BodyLimit(msgspec.Struct, frozen=True):
    """Most bytes of a body, most bytes of a multipart upload to the API, and the seconds within which either arrives."""

    plain: int
    multipart: int
    seconds: float


def bounded(app: ASGIApp, limit: BodyLimit) -> ASGIApp:
    """Refuse a body with 413 as soon as it is announced or grows too large, and with 408 when it trickles.

    A server's own read time-out counts each read alone, which a trickle of bytes defeats; here the whole body has one deadline.
    """

    async def bound(scope: Scope, receive: Receive, send: Send) -> None:
        most = _most(scope, limit)
        if _announced(scope) > most:
            await refuse(scope, 413)(scope, receive, send)
            return
        await app(scope, _counting(receive, most, limit.seconds), send)

    return for_http(app, bound)


def _most(scope: Scope, limit: BodyLimit) -> int:
    return limit.multipart if is_api(scope) and media_type(scope) == "multipart/form-data" else limit.plain


def _announced(scope: Scope) -> int:
    length = header(scope, b"content-length") or "0"
    return int(length) if length.isdecimal() else 0


def _counting(receive: Receive, most: int, seconds: float) -> Receive:
    deadline = asyncio.get_running_loop().time() + seconds
    size, complete = 0, False

    async def receive_counted() -> Message:
        nonlocal size, complete
        if complete:
            return await receive()
        message = await _by(receive, deadline)
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
