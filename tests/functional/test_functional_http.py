"""What only a real connection shows: sizes, trickles, disconnects, stopping, and the log."""

import json
import signal
import socket
import threading
import time
from urllib.parse import urlsplit

import httpx
import pytest
from tests.serving import PATIENCE, Caller, Running, Serve, eventually, new_place, result, sarif

pytestmark = pytest.mark.functional

ADA = "ada@demo.example"


def raw(running: Running) -> socket.socket:
    parts = urlsplit(running.url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=PATIENCE)


def exchanged(running: Running, *sent: bytes) -> bytes:
    """What comes back on a connection of its own, until it ends or the answer is whole."""
    with raw(running) as connection:
        for part in sent:
            connection.sendall(part)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
            if b"\r\n\r\n" in received:
                break
    return received


def test_a_body_of_20_megabytes_is_refused(demo: Running) -> None:
    with demo.client() as client:
        answer = client.post("/api", content=b" " * 20_000_000, headers={"content-type": "application/json"})
        assert answer.status_code == 413


def test_a_body_is_refused_before_it_is_sent(demo: Running) -> None:
    head = b"POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 20000000\r\n\r\n"
    assert exchanged(demo, head).startswith(b"HTTP/1.1 413")


def test_a_body_without_length_is_refused_as_soon_as_it_is_too_large(demo: Running) -> None:
    head = b"POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    assert exchanged(demo, head, *[chunk] * 17).startswith(b"HTTP/1.1 413")


def test_a_trickled_body_is_given_up(serve: Serve) -> None:
    running = serve("--store", "memory://", INTEGRATES_BODY_SECONDS="1")
    head = b"POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    with raw(running) as connection:
        connection.sendall(head)
        eventually(lambda: not takes(connection, b" "))
    eventually(lambda: [line["status"] for line in running.log()] == [408])


def takes(connection: socket.socket, part: bytes) -> bool:
    """Whether the other side of a connection still takes what is sent."""
    try:
        connection.sendall(part)
    except OSError:
        return False
    return True


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded"])
def test_forms_are_refused(demo: Running, media: str) -> None:
    with demo.client() as client:
        assert client.post("/api", content=b'{"query":"{ __typename }"}', headers={"content-type": media}).status_code == 415


def test_the_log_tells_each_request_under_its_id(demo: Running) -> None:
    with demo.client(demo.token(ADA, "--name", "log")) as client:
        answer = client.post("/api", json={"query": "{ me { email } }"}, headers={"x-request-id": "log-0123456789"})
        assert answer.headers["x-request-id"] == "log-0123456789"
        missing = client.get("/secret-path?secret=1")
    wanted = {"log-0123456789", missing.headers["x-request-id"]}
    eventually(lambda: wanted <= {line["request_id"] for line in demo.log()})  # a line is written after its answer
    lines = {line["request_id"]: line for line in demo.log()}
    line = lines["log-0123456789"]
    assert set(line) == {"time", "request_id", "method", "route", "status", "ms", "bytes", "actor"}
    assert (line["method"], line["route"], line["status"], line["actor"]) == ("POST", "/api", 200, ADA)
    assert line["bytes"] == len(answer.content)
    assert lines[missing.headers["x-request-id"]]["route"] is None
    assert "secret" not in (demo.folder / "stderr").read_text()


def test_the_local_login_of_the_demo_opens_a_session(demo: Running) -> None:
    with demo.client(x_requested_with="test") as client:
        assert client.get("/login?provider=local&email=uri@demo.example").status_code == 303
        assert Caller(client).ask("{ me { email } }")["me"]["email"] == "uri@demo.example"
        elsewhere = {"origin": "https://evil.example"}
        assert client.post("/api", json={"query": "{ me { email } }"}, headers=elsewhere).status_code == 403


def test_a_session_makes_a_token_that_works(demo: Running) -> None:
    mutation = """mutation ($name: String!, $until: DateTime!) {
      addAccessToken(name: $name, expiresAt: $until) { token { id } secret errors { code reason message path } }
    }"""
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))
    with demo.client(x_requested_with="test") as client:
        client.get("/login?provider=local&email=remy@demo.example")
        made = Caller(client).change(mutation, name="mine", until=until)
    with demo.client(made["secret"]) as client:
        assert Caller(client).ask("{ me { email } }")["me"]["email"] == "remy@demo.example"


IMPORTS = "query ($group: ID!) { group(name: $group) { imports { nodes { state } } } }"


def test_stopping_finishes_what_runs(serve: Serve) -> None:
    running = serve("--demo")
    many = sarif([result(f"rule-{number % 7}", f"src/file_{number % 40}.py", number) for number in range(1500)])
    answers: list[httpx.Response] = []
    with running.client(running.token(ADA)) as client:
        ada = Caller(client)
        place = new_place(ada, "stopping")
        sender = threading.Thread(target=lambda: answers.append(ada.send(many, group=place.group, root=place.root)))
        sender.start()
        eventually(lambda: bool(ada.ask(IMPORTS, group=place.group)["group"]["imports"]["nodes"]))
        running.process.send_signal(signal.SIGTERM)
        sender.join()
    assert running.process.wait(PATIENCE) == 0
    assert [answer.json()["data"]["importVulnerabilities"]["import"]["state"] for answer in answers] == ["COMPLETED"]


def test_a_stopping_service_is_not_ready_before_it_stops_answering(serve: Serve) -> None:
    running = serve("--store", "memory://", INTEGRATES_DRAIN_SECONDS="600")
    with running.client() as client:
        assert client.get("/readyz").status_code == 200
        running.process.send_signal(signal.SIGTERM)
        eventually(lambda: client.get("/readyz").status_code == 503)
        assert [client.get(path).status_code for path in ("/healthz", "/")] == [200, 200]
    assert running.stop() == -signal.SIGTERM, "a second signal ends it at once"


def test_a_drained_service_ends(serve: Serve) -> None:
    running = serve("--store", "memory://", INTEGRATES_DRAIN_SECONDS="0.1")
    with running.client() as client:
        assert client.get("/readyz").status_code == 200
    assert running.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_service_quietly(serve: Serve, number: signal.Signals) -> None:
    """It does not wait for a connection that is only kept open."""
    running = serve("--store", "memory://", INTEGRATES_GRACEFUL_SECONDS="600")
    with running.client() as client:
        client.get("/healthz")
        assert running.stop(number) == 0
    assert "Traceback" not in (running.folder / "stderr").read_text()


def test_requests_above_the_rate_are_told_to_wait(serve: Serve) -> None:
    running = serve("--store", "memory://", INTEGRATES_API_RATE="3")
    with running.client() as client:
        answers = [client.post("/api", json={"query": "{ __typename }"}) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert 1 <= int(answers[3].headers["retry-after"]) <= 60
        remaining = [answer.headers["ratelimit"].partition(";t=")[0] for answer in answers]
        assert remaining == [f'"api";r={left}' for left in (2, 1, 0, 0)]
        assert client.get("/healthz").status_code == 200


def test_garbage_instead_of_http_harms_nobody(demo: Running) -> None:
    for garbage in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 5000):
        with raw(demo) as connection:
            connection.sendall(garbage)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(65_536)
    with demo.client() as client:
        assert client.get("/healthz").status_code == 200


def test_a_client_that_hangs_up_leaves_no_error(serve: Serve) -> None:
    running = serve("--store", "memory://")
    body = json.dumps({"query": "{ __typename }"}).encode()
    head = b"POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    with raw(running) as connection:
        connection.sendall(head + body)
    eventually(lambda: len(running.log()) == 1)
    with running.client() as client:
        assert client.get("/healthz").status_code == 200
    assert running.stop() == 0
    assert "Traceback" not in (running.folder / "stderr").read_text()
