"""Clients that do not behave: they send slowly, say nothing, or do not listen."""

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

from tests.serving import PATIENCE, Running

PAUSE = 0.05
"""Seconds between two bytes of an upload."""
ANNOUNCED = 1_000_000
"""Bytes that an upload says it has."""
PART = b'--part\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{"query": "'


def _head(token: str, kind: str, length: int) -> bytes:
    lines = ("POST /api HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}", f"Content-Type: {kind}")
    return "\r\n".join((*lines, f"Content-Length: {length}", "", "")).encode()


def _connected(running: Running, sent: bytes, opened: ExitStack) -> socket.socket:
    parts = urlsplit(running.url)
    connection = opened.enter_context(socket.socket())
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # little fits between a deaf client and the service
    connection.settimeout(PATIENCE)
    connection.connect((parts.hostname or "", parts.port or 0))
    connection.sendall(sent)
    return connection


@contextmanager
def uploading(running: Running, token: str, number: int) -> Iterator[Sequence[socket.socket]]:
    """Send so many uploads byte by byte, for the time of a block."""
    done = threading.Event()
    with ExitStack() as opened:
        head = _head(token, "multipart/form-data; boundary=part", ANNOUNCED) + PART
        connections = [_connected(running, head, opened) for _ in range(number)]

        def trickle() -> None:
            while not done.wait(PAUSE):
                for connection in connections:
                    with suppress(OSError):  # refused meanwhile
                        connection.send(b"x")

        sender = threading.Thread(target=trickle)
        sender.start()
        try:
            yield connections
        finally:
            done.set()
            sender.join()


@contextmanager
def idling(running: Running, number: int) -> Iterator[None]:
    """Keep so many connections, every second of which has begun a request, for the time of a block."""
    with ExitStack() as opened:
        for each in range(number):
            _connected(running, b"GET /healthz HTTP/1.1\r\nHost: lo" if each % 2 else b"", opened)
        yield


@contextmanager
def ignoring(running: Running, token: str, number: int, query: str, **variables: object) -> Iterator[Sequence[socket.socket]]:
    """Ask on so many connections, four times on each, and do not read the answers, for the time of a block."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    asked = (_head(token, "application/json", len(body)) + body) * 4
    with ExitStack() as opened:
        yield [_connected(running, asked, opened) for _ in range(number)]


def answered(connection: socket.socket) -> int | None:
    """Return the status with which a request was answered so far, ``None`` when it was not."""
    connection.settimeout(0)
    try:
        received = connection.recv(4096)
    except BlockingIOError:
        return None
    return int(received.split(b" ")[1]) if received else None
