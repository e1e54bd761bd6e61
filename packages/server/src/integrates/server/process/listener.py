"""The socket and the server process around the application."""

import asyncio
import faulthandler
import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.utils import wrap_app

from integrates.server.http.live.socket import MAX_MESSAGE
from integrates.server.process.connection import Connection
from integrates.server.settings import BadSetting, Settings

SIGNALS = (signal.SIGTERM, signal.SIGINT)
BACKLOG = 512
MARGIN: Final = 5.0
"""Seconds after the grace period within which what was cut off must have ended; the process ends then, whatever holds it."""


def listen(host: str, port: int) -> socket.socket:
    """Return a bound socket; port 0 takes a free one. Raise :class:`BadSetting` when the address is taken or not local."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound.bind(address)
        bound.listen(BACKLOG)
    except OSError as error:
        raise BadSetting("host and port", f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    return bound


def stop_on_signals(stopping: asyncio.Event, settings: Settings) -> None:
    """Have SIGTERM and SIGINT set ``stopping``.

    The process ends in time then, also with an event loop or a thread that is stuck. A second signal ends it at once.
    """
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopping.set()
        for number in SIGNALS:
            loop.remove_signal_handler(number)
        faulthandler.dump_traceback_later(settings.drain_seconds + settings.graceful_seconds + MARGIN, exit=True)

    for number in SIGNALS:
        loop.add_signal_handler(number, stop)


async def run(
    app: Any, bound: socket.socket, settings: Settings, stopping: asyncio.Event, drain: Callable[[float], Awaitable[None]]
) -> None:
    """Serve until ``stopping`` is set, then go on for ``drain_seconds`` and finish what runs.

    Requests, and then the work behind them, which ``drain`` ends within so many seconds, share one period of
    ``graceful_seconds``; what runs longer is cut off.
    """
    loop, context = asyncio.get_running_loop(), WorkerContext(None)
    connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
    config, wrapped = _configuration(), wrap_app(app, 0, "asgi")

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = loop.create_task(Connection(wrapped, loop, config, context, _state(writer), reader, writer).run())
        connections[task] = writer
        task.add_done_callback(connections.pop)

    server = await asyncio.start_server(connected, sock=bound, backlog=BACKLOG)
    try:
        await stopping.wait()
        await asyncio.sleep(settings.drain_seconds)
    finally:
        deadline = loop.time() + settings.graceful_seconds
        server.close()
        await context.terminated.set()
        await _end(connections, settings.graceful_seconds)
        await drain(max(0, deadline - loop.time()))


def _state(writer: asyncio.StreamWriter) -> Any:
    """Return what each request of a connection finds in its scope: how the connection is broken off."""
    return {"abort": writer.transport.abort}


async def _end(connections: Mapping[asyncio.Task[None], asyncio.StreamWriter], seconds: float) -> None:
    """Wait so many seconds for the connections to end, then break off those that are left."""
    if connections:
        await asyncio.wait(tuple(connections), timeout=seconds)
    left = dict(connections)
    for task, writer in left.items():
        writer.transport.abort()  # else closing waits for a client that does not read
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def _configuration() -> Config:
    """Return the configuration of Hypercorn, which has no time for reading: it would end answers that take longer to send.

    A connection on which no request arrives ends after Hypercorn's time for idle ones; bodies are timed by the application.
    """
    config = Config()
    config.read_timeout = None
    config.websocket_max_message_size = MAX_MESSAGE
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    return config
