"""Connections that want another protocol, or do not end, and the stop of the service beside them."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.serving import PATIENCE, Caller, Running, Serve, eventually, new_place, result, sarif

pytestmark = pytest.mark.functional

ADMIN = "me@example.com"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
TWO_LENGTHS = POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
IMPORT = "query ($group: ID!) { group(name: $group) { imports { nodes { state counts { created } } } } }"


def connected(running: Running) -> socket.socket:
    parts = urlsplit(running.url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=PATIENCE)


def until_closed(connection: socket.socket) -> bytes:
    """What comes until the other side closes the connection."""
    received = b""
    while chunk := connection.recv(65_536):
        received += chunk
    return received


def is_quiet(running: Running) -> bool:
    return "Traceback" not in (running.folder / "stderr").read_text()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (PREFACE, 505),
        (PREFACE[:16] + b"\r\n", 505),
        (b"GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n", 505),
        (b"GET /healthz HTTP/1.2\r\nHost: localhost\r\n\r\n", 505),
        (TWO_LENGTHS, 400),
        (TWO_LENGTHS.replace(b"Content-Length: 5", b"content-length: 0"), 400),
        (HEALTH + b"\r\n" + TWO_LENGTHS + HEALTH + b"\r\n", 400),
    ],
)
def test_what_is_no_plain_http_of_version_1_is_refused_and_the_connection_closed(
    demo: Running, sent: bytes, status: int
) -> None:
    with connected(demo) as connection:
        connection.sendall(sent)
        statuses = re.findall(rb"HTTP/1.1 (\d+)", until_closed(connection))
    assert [int(found) for found in statuses] == [200] * sent.startswith(HEALTH + b"\r\n") + [status]
    with demo.client() as client:
        assert client.get("/healthz").status_code == 200


def test_an_offer_of_http_2_is_not_taken_up(demo: Running) -> None:
    with connected(demo) as connection:
        for end in (UPGRADE, b"Connection: close\r\n\r\n"):
            connection.sendall(HEALTH + end)
        received = until_closed(connection)
    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"200", b"200"]


@pytest.mark.parametrize("sent", [PREFACE, HEALTH + UPGRADE, b"GE"])
def test_nobodys_connection_tears_no_work_at_a_stop(serve: Serve, sent: bytes) -> None:
    own = ("--store", "sqlite:///own.db")
    running = serve(*own, INTEGRATES_ADMINS=ADMIN)
    many = sarif([result(f"rule-{number % 7}", f"src/file_{number % 40}.py", number) for number in range(1500)])
    with running.client(running.token(ADMIN)) as client, connected(running) as connection:
        me = Caller(client)
        place = new_place(me, "stopped")
        sender = threading.Thread(target=lambda: me.send(many, group=place.group, root=place.root))
        sender.start()
        eventually(lambda: bool(me.ask(IMPORT, group=place.group)["group"]["imports"]["nodes"]))
        connection.sendall(sent)
        running.process.send_signal(signal.SIGTERM)
        sender.join()
        assert running.process.wait(PATIENCE) == 0
    assert is_quiet(running)
    again = serve(*own)
    with again.client(again.token(ADMIN)) as client:
        (found,) = Caller(client).ask(IMPORT, group=place.group)["group"]["imports"]["nodes"]
    assert found == {"state": "COMPLETED", "counts": {"created": 1500}}


@pytest.mark.parametrize(
    "sent",
    [POST + b"Content-Length: 1000\r\n\r\n{", POST + b"Transfer-Encoding: chunked\r\n\r\n", (HEALTH + b"\r\n") * 100_000],
)
def test_a_connection_that_does_not_end_is_broken_off_at_a_stop(serve: Serve, sent: bytes) -> None:
    """It sends half a body, or asks a lot and never reads an answer."""
    running = serve("--store", "memory://", INTEGRATES_GRACEFUL_SECONDS="0.5")
    with connected(running) as connection:
        connection.settimeout(0.5)
        with suppress(TimeoutError):
            connection.sendall(sent)
        assert running.stop() == 0
    assert is_quiet(running)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_service_that_has_greeted_is_stopped_quietly(serve: Serve, number: signal.Signals) -> None:
    running = serve("--store", "memory://")
    assert (running.stop(number), is_quiet(running)) == (0, True)


STUCK = """
import asyncio, time
from integrates.server.process import listener
from integrates.server.settings import Settings

listener.MARGIN = 0.1

async def application(scope, receive, send):
    print("stuck", flush=True)
    await asyncio.to_thread(time.sleep, 3600)

async def drain(seconds):
    await asyncio.sleep(seconds)

async def main():
    bound, settings, stopping = listener.listen("127.0.0.1", 0), Settings(graceful_seconds=0.1), asyncio.Event()
    listener.stop_on_signals(stopping, settings)
    print(bound.getsockname()[1], flush=True)
    await listener.run(application, bound, settings, stopping, drain)

asyncio.run(main())
"""


def test_a_stop_ends_a_process_that_is_stuck(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK], cwd=tmp_path, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with socket.create_connection(("127.0.0.1", int(process.stdout.readline()))) as connection:
        connection.sendall(HEALTH + b"\r\n")
        assert process.stdout.readline() == "stuck\n"
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "Timeout" in errors) == (1, True)


def test_who_is_answered_before_the_body_is_sent_is_told_that_the_connection_ends(demo: Running) -> None:
    with connected(demo) as connection:
        connection.sendall(POST + b"Content-Length: 99999999\r\n\r\n")
        received = until_closed(connection)
    assert received.startswith(b"HTTP/1.1 413")
    assert b"\r\nconnection: close\r\n" in received.lower()


def test_a_client_that_was_answered_early_goes_on(demo: Running) -> None:
    with demo.client("not a token") as nobody:
        statuses = [nobody.post("/api", content=b" " * 900_000, headers={"content-type": "application/json"}) for _ in range(5)]
    assert {answer.status_code for answer in statuses} == {401}
