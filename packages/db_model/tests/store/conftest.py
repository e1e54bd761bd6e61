"""What the tests of the stores share: a DynamoDB endpoint, and a way to it that fails on demand."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from urllib.parse import urlsplit

import pytest

pytest.register_assert_rewrite("integrates.db_model.testing.requirements")

Fault = str
"""``throttled``, ``failed``, ``conflict``, ``busy``, ``dropped`` (before the endpoint heard of it) or ``lost`` (after it had answered)."""
ERRORS = {
    "throttled": (400, "ProvisionedThroughputExceededException", ""),
    "failed": (500, "InternalServerError", ""),
    "busy": (400, "TransactionInProgressException", ""),
    "conflict": (400, "TransactionCanceledException", ',"CancellationReasons":[{"Code":"TransactionConflict"}]'),
}
PLAN = Callable[[str, bytes], Fault | None]
STARTED_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + STARTED_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the DynamoDB emulator did not start")


@contextmanager
def emulator(program: str, folder: Path) -> Iterator[str]:
    """Run the emulator on a free port of the loopback interface."""
    port = free_port()
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SERVICES": "dynamodb,s3", "LOG_LEVEL": "ERROR"}
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen([program], env={**os.environ, **settings}, cwd=folder, stdout=log, stderr=log)
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


@pytest.fixture(scope="session")
def dynamodb_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint in INTEGRATES_TEST_DYNAMODB, else the emulator whose program INTEGRATES_TEST_MINISTACK names."""
    if endpoint := os.environ.get("INTEGRATES_TEST_DYNAMODB"):
        yield endpoint
    elif program := os.environ.get("INTEGRATES_TEST_MINISTACK"):
        with emulator(program, tmp_path_factory.mktemp("emulator")) as endpoint:
            yield endpoint
    else:
        pytest.skip("neither INTEGRATES_TEST_DYNAMODB nor INTEGRATES_TEST_MINISTACK is set (nox -s dynamodb sets one)")


class Way(ThreadingHTTPServer):
    """A way to the endpoint: forwards each call unless ``plan``, asked with its name and body, says which fault it meets."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, endpoint: str, plan: PLAN) -> None:
        super().__init__(("127.0.0.1", 0), Passage)
        self.target, self.plan, self.lock = urlsplit(endpoint).netloc, plan, Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Passage(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Way

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Say nothing."""

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def forwarded(self, body: bytes) -> tuple[int, bytes]:
        connection = HTTPConnection(self.server.target, timeout=60)
        kept = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "accept-encoding"}}
        connection.request("POST", self.path, body, kept)
        response = connection.getresponse()
        result = response.status, response.read()
        connection.close()
        return result

    def do_POST(self) -> None:  # noqa: N802 - the name is the library's
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            fault = self.server.plan(self.headers["X-Amz-Target"].rpartition(".")[2], body)
        if fault in ERRORS:
            status, name, more = ERRORS[fault]
            return self.answer(
                status, f'{{"__type":"com.amazonaws.dynamodb.v20120810#{name}","message":"on demand"{more}}}'.encode()
            )
        if fault == "dropped":
            self.close_connection = True
            return None
        answer = self.forwarded(body)
        if fault == "lost":
            self.close_connection = True
            return None
        return self.answer(*answer)


@pytest.fixture
def way(dynamodb_endpoint: str) -> Callable[[PLAN], "Way"]:
    """Open a way to the endpoint on which calls meet the faults that a plan says."""
    opened: list[Way] = []

    def open_way(plan: PLAN) -> Way:
        server = Way(dynamodb_endpoint, plan)
        Thread(target=server.serve_forever, daemon=True).start()
        opened.append(server)
        return server

    yield open_way
    for server in opened:
        server.shutdown()
        server.server_close()
