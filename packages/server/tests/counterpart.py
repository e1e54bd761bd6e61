"""A service, or what stands in between, that answers each connection by a script, byte for byte, through a real socket."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from packages.server.tests.commandline import invoked

SECRET = "itg_secret-of-ada"
TYPE = "application/json"
HANDSHAKE = b"\x16"
"""What TLS begins with, for which a counterpart without TLS does not wait to end."""


@dataclass
class Counterpart:
    """Where it is, and which requests it got, whole."""

    address: str
    requests: list[bytes] = field(default_factory=list)

    @property
    def heads(self) -> list[str]:
        """The first lines of the requests."""
        return [request.split(b"\r\n", 1)[0].decode() for request in self.requests]

    @property
    def bodies(self) -> list[bytes]:
        return [request.partition(b"\r\n\r\n")[2] for request in self.requests]


def answer(status: int = 200, body: object = b"", kind: str = TYPE, **headers: str) -> bytes:
    """The bytes of an answer; what is no bytes is sent as JSON, and ``_`` in names of headers stands for ``-``."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"content-type": kind, "content-length": str(len(content)), "connection": "close", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in given.items()]
    return "\r\n".join([f"HTTP/1.1 {status} told", *lines, "", ""]).encode() + content


def data(**fields: object) -> bytes:
    """An answer of the API with these fields."""
    return answer(body={"data": fields}, x_request_id="00000000-request")


@contextmanager
def scripted(*answers: bytes, context: ssl.SSLContext | None = None) -> Iterator[Counterpart]:
    """Answer each connection with the next of the answers; the last one stays. An empty one closes without a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found = Counterpart(f"{'https' if context else 'http'}://127.0.0.1:{listening.getsockname()[1]}")
        thread = threading.Thread(target=_serve, args=(listening, answers, found, context), daemon=True)
        thread.start()
        try:
            yield found
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(60)


def _serve(listening: socket.socket, answers: Sequence[bytes], found: Counterpart, context: ssl.SSLContext | None) -> None:
    with suppress(OSError):  # it ends when the test closes the socket
        while True:
            plain, _ = listening.accept()
            with suppress(OSError), plain:
                connection = context.wrap_socket(plain, server_side=True) if context else plain
                with connection:
                    found.requests.append(_read(connection))
                    connection.sendall(answers[min(len(found.requests), len(answers)) - 1])


def _read(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received and not received.startswith(HANDSHAKE) and (part := connection.recv(65_536)):
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < int(lengths[0] if lengths else 0) and (part := connection.recv(65_536)):
        body += part
    return head + b"\r\n\r\n" + body


class Person:
    """Somebody at the command line, with a configuration of their own."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "own" / "config.json"

    def run(self, *arguments: str, stdin: str | None = None, **variables: str) -> tuple[int, str, str]:
        """Run a command; return its exit code, standard output and standard error."""
        environ = {"INTEGRATES_CONFIG": str(self.file), "INTEGRATES_URL": None, "INTEGRATES_TOKEN": None, **variables}
        return invoked(arguments, environ, stdin)

    def ask(self, service: Counterpart, *arguments: str, stdin: str | None = None) -> tuple[int, str, str]:
        """Run a command on a service, with a token from the environment."""
        return self.run(*arguments, stdin=stdin, INTEGRATES_URL=service.address, INTEGRATES_TOKEN=SECRET)

    def login(self, service: Counterpart) -> None:
        assert self.run("login", service.address, stdin=f"{SECRET}\n")[0] == 0
