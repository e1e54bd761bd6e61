"""One connection: HTTP/1.1 and nothing else, and what it throws ends nothing but itself."""

import logging
from typing import Final

import h11
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Closed
from hypercorn.protocol.h11 import H11Protocol

logger = logging.getLogger(__name__)

VERSIONS: Final = {b"1.0", b"1.1"}
LENGTHS: Final = {b"content-length", b"transfer-encoding"}
"""Headers that each say where a body ends; with both, two readers may find two ends."""

EXTENSIONS: Final = b"sec-websocket-extensions"


class Connection(TCPServer):
    """Serve one connection until it ends; its failure is logged.

    Hypercorn turns a connection into one of HTTP/2 when the client asks for it, and has no setting against that
    (``docs/decisions/0007-starlette.md``).
    """

    async def run(self) -> None:
        """Serve until either side closes the connection."""
        try:
            await super().run()
        except Exception as error:
            logger.warning("a connection failed", exc_info=error)

    async def _read_data(self) -> None:
        chosen = self.protocol
        chosen.protocol = _Http11(
            chosen.app,
            chosen.config,
            chosen.context,
            chosen.task_group,
            chosen.state,
            chosen.ssl,
            chosen.client,
            chosen.server,
            chosen.send,
        )
        await super()._read_data()


class _Http11(H11Protocol):
    """Answer 505 to another version and 400 to a body with two lengths, and close the connection then."""

    async def _check_protocol(self, event: h11.Request) -> None:
        """Raise an error for what is refused; an offer to upgrade to HTTP/2, which many clients make, is just not taken up."""
        if event.http_version not in VERSIONS:
            raise h11.RemoteProtocolError("another version of HTTP", error_status_hint=505)
        if {name for name, _ in event.headers} >= LENGTHS:
            raise h11.RemoteProtocolError("a body with two lengths", error_status_hint=400)

    async def _create_stream(self, request: h11.Request) -> None:
        """Offer no compression of WebSockets: a small message of it may become a very large one, and it takes much memory."""
        kept = [pair for pair in request.headers.raw_items() if pair[0].lower() != EXTENSIONS]
        method, target, version = request.method, request.target, request.http_version
        await super()._create_stream(h11.Request(method=method, target=target, headers=kept, http_version=version))

    async def _handle_events(self) -> None:
        try:
            await super()._handle_events()
        except h11.RemoteProtocolError as error:
            await self._send_error_response(error.error_status_hint)
            await self.send(Closed())
