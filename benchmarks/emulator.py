"""The DynamoDB emulator, and a counter of requests before it; both on the loopback interface only."""

import os
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VARIABLE = "INTEGRATES_TEST_MINISTACK"
"""Names the emulator's program, as for the tests."""
_STARTED_SECONDS = 60
_HOST = "127.0.0.1"


@contextmanager
def emulated(program: str, folder: Path) -> Iterator[int]:
    """Run the emulator on a free port and yield the port."""
    port = _free_port()
    settings = {"BIND_HOST": _HOST, "GATEWAY_PORT": str(port), "SERVICES": "dynamodb", "LOG_LEVEL": "ERROR"}
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen([program], env={**os.environ, **settings}, cwd=folder, stdout=log, stderr=log)
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def counted(port: int, counts: "Counter[str]") -> Iterator[int]:
    """Yield a port that leads to the other one and counts the requests of each DynamoDB operation by its name."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            counts[self.headers["x-amz-target"].rpartition(".")[2]] += 1
            body = self.rfile.read(int(self.headers["content-length"]))
            with closing(HTTPConnection(_HOST, port, timeout=120)) as behind:  # one kept open may be closed behind us
                behind.request("POST", self.path, body, dict(self.headers.items()))
                answer = behind.getresponse()
                content = answer.read()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with ThreadingHTTPServer((_HOST, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


def _free_port() -> int:
    with socket.create_server((_HOST, 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _STARTED_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((_HOST, port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the DynamoDB emulator did not start")
