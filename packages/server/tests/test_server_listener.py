"""The server process around the application."""

import asyncio
from typing import Any

import pytest

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
