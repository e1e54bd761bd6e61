"""The socket and the server process around the application."""

import asyncio
import logging
import signal
import socket
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from integrates.server.settings import BadSetting, Settings

SIGNALS = (signal.SIGTERM, signal.SIGINT)
BACKLOG = 512


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


async def run(app: Any, bound: socket.socket, settings: Settings, stopping: asyncio.Event) -> None:
    """Serve until SIGTERM or SIGINT, then set ``stopping``, go on for ``drain_seconds`` and finish what runs.

    A second signal ends the process at once.
    """
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopping.set()
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    for number in SIGNALS:
        loop.add_signal_handler(number, stop)

    async def drained() -> None:
        await stopping.wait()
        await asyncio.sleep(settings.drain_seconds)

    await serve(app, _configuration(bound, settings), shutdown_trigger=drained)


def _configuration(bound: socket.socket, settings: Settings) -> Config:
    config = Config()
    config.bind = [f"fd://{bound.detach()}"]
    config.backlog = BACKLOG
    config.graceful_timeout = settings.graceful_seconds
    config.read_timeout = int(settings.body_seconds) or 1
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    return config
