"""The server process around the application."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrates.server.http.middleware import body_limit
from integrates.server.http.middleware.body_limit import BodyLimit, bounded
from integrates.server.http.refusal import refuse_exception
from integrates.server.process.listener import listen, run
from integrates.server.settings import Settings


async def stopped(application: Any, seconds: float) -> tuple[bytes, list[float]]:
    """What one client receives from a service that stops during its request, and the seconds that are left to drain."""
    stopping, left, called = asyncio.Event(), list[float](), asyncio.Event()

    async def drain(remaining: float) -> None:
        left.append(remaining)

    async def noted(*arguments: Any) -> None:
        called.set()
        await application(*arguments)

    bound = listen("127.0.0.1", 0)
    address = bound.getsockname()
    running = asyncio.create_task(run(noted, bound, Settings(graceful_seconds=seconds), stopping, drain))
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await called.wait()
    stopping.set()
    await running
    try:
        received = await reader.read()
    except ConnectionResetError:
        received = b""
    writer.close()
    return received, left


async def test_the_work_behind_requests_gets_what_they_leave_of_the_one_grace_period() -> None:
    async def endless(*_arguments: Any) -> None:
        await asyncio.Event().wait()

    received, (left,) = await stopped(endless, 0.05)
    assert (received, left) == (b"", 0)


async def test_a_request_is_answered_in_the_grace_period() -> None:
    async def answer(_scope: Any, _receive: Any, send: Any) -> None:
        await asyncio.sleep(0)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    received, (left,) = await stopped(answer, 600)
    assert received.startswith(b"HTTP/1.1 204")
    assert 0 < left <= 600


async def test_background_work_is_drained_whatever_a_connection_throws(caplog: pytest.LogCaptureFixture) -> None:
    async def nonsense(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"x")]})
        await send({"type": "http.response.body", "body": b"y"})

    _, (left,) = await stopped(nonsense, 600)
    assert 0 < left <= 600
    assert caplog.records


async def echo(request: Request) -> Response:
    return Response(await request.body())


POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize("head", [POST + b"Content-Length: 100000\r\n\r\n", POST + b"Transfer-Encoding: chunked\r\n\r\n"])
@pytest.mark.parametrize("part", [b"", b"1\r\nx\r\n"])
async def test_a_body_that_trickles_is_ended_and_its_connection_closed(
    monkeypatch: pytest.MonkeyPatch, head: bytes, part: bytes
) -> None:
    """Without an end of the service's own, this sends, or waits for the end of the connection, for good."""
    monkeypatch.setattr(body_limit, "GRACE", 0.05)
    app = Starlette(routes=[Route("/", echo, methods=["POST"])], exception_handlers={HTTPException: refuse_exception})
    stopping, bound = asyncio.Event(), listen("127.0.0.1", 0)
    address = bound.getsockname()
    limited = bounded(app, BodyLimit(10**6, 10**6, seconds=600, rate=10**6))
    running = asyncio.create_task(run(limited, bound, Settings(graceful_seconds=0), stopping, asyncio.sleep))
    reader, writer = await asyncio.open_connection(*address)
    receiving = asyncio.create_task(reader.readline())
    writer.write(head)
    while not receiving.done():
        writer.write(part)
        await asyncio.sleep(0.01)
    with suppress(ConnectionError):  # by which a system may answer what was sent after the end
        await reader.read()
    writer.close()
    stopping.set()
    await running
    assert receiving.result().startswith(b"HTTP/1.1 408")
