"""A way to a DynamoDB endpoint on which calls fail on demand."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from urllib.parse import urlsplit

PLAN = Callable[[str, bytes], str | None]
"""Which fault, if any, a call meets, by its name and body.

One of ``ERRORS``, ``dropped`` (before the endpoint heard of it), ``lost`` (after it had answered), ``half`` or ``all`` (of the
keys are left unprocessed), ``bare`` (the answer does not carry the items that a refusal is about) or ``held`` (for a moment).
"""
HELD_SECONDS = 0.1
ERRORS = {
    "throttled": (400, "ProvisionedThroughputExceededException", ""),
    "failed": (500, "InternalServerError", ""),
    "strange": (503, "SomethingThatNobodyKnows", ""),
    "slow": (400, "AccountThrottledOfLateException", ""),
    "late": (408, "Unheard", ""),
    "denied": (400, "AccessDeniedException", ""),
    "unknown": (400, "UnrecognizedClientException", ""),
    "expired": (400, "ExpiredTokenException", ""),
    "odd": (400, "ValidationException", ""),
    "busy": (400, "TransactionInProgressException", ""),
    "conflict": (400, "TransactionCanceledException", ',"CancellationReasons":[{"Code":"TransactionConflict"}]'),
}


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
        kept = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in {"host", "accept-encoding", "content-length"}
        }
        connection.request("POST", self.path, body, kept)
        response = connection.getresponse()
        result = response.status, response.read()
        connection.close()
        return result

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            fault = self.server.plan(self.headers["X-Amz-Target"].rpartition(".")[2], body)
        if fault in ERRORS:
            status, name, more = ERRORS[fault]
            self.answer(status, f'{{"__type":"com.amazonaws.dynamodb.v20120810#{name}","message":"on demand"{more}}}'.encode())
        elif fault == "dropped":
            self.close_connection = True
        elif fault in {"half", "all"}:
            self.answer(*halved(body, self.forwarded, least=0 if fault == "all" else 1))
        elif fault == "lost":
            self.forwarded(body)
            self.close_connection = True
        elif fault == "held":
            Event().wait(HELD_SECONDS)
            self.answer(*self.forwarded(body))
        else:
            status, answer = self.forwarded(body)
            self.answer(status, stripped(answer) if fault == "bare" else answer)


def halved(body: bytes, forwarded: Callable[[bytes], tuple[int, bytes]], *, least: int) -> tuple[int, bytes]:
    """Let a BatchGetItem process every second key, but at least one; none at all when ``least`` is 0."""
    asked = json.loads(body)["RequestItems"]
    if not least:
        return 200, json.dumps({"Responses": {}, "UnprocessedKeys": asked}).encode()
    kept = {table: {**each, "Keys": each["Keys"][::2]} for table, each in asked.items()}
    left = {table: {**each, "Keys": each["Keys"][1::2]} for table, each in asked.items() if each["Keys"][1:]}
    status, answer = forwarded(json.dumps({"RequestItems": kept}).encode())
    return status, json.dumps({**json.loads(answer), "UnprocessedKeys": left}).encode()


def stripped(answer: bytes) -> bytes:
    reasons = json.loads(answer).get("CancellationReasons", [])
    bare = [{name: value for name, value in reason.items() if name != "Item"} for reason in reasons]
    return json.dumps({**json.loads(answer), "CancellationReasons": bare}).encode()


@contextmanager
def opened_way(endpoint: str, plan: PLAN) -> Iterator[str]:
    """Yield the URL of a way to the endpoint."""
    server = Way(endpoint, plan)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.url
    finally:
        server.shutdown()
        server.server_close()
