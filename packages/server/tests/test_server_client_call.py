"""Calls of the client, through real sockets: what is sent again, and what each bad answer is told as."""

import json
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec import structs
from packages.server.tests.counterpart import answer, data, scripted
from tests.serving import free_port

from integrates.server.client.call import Attachment, Demand, Session, call, change, connected, data_of, fetched
from integrates.server.client.fault import Fault, Refused
from integrates.server.client.remote import Remote

QUERY, MUTATION = "{ me { email } }", "mutation { add { id } }"
ADA = {"email": "ada@demo.example"}
BUSY = answer(503, {"errors": [{"message": "busy"}]}, retry_after="3", x_request_id="00000000-busy")
OFTEN = answer(429, {"errors": [{"message": "too often"}]}, retry_after="7")
CUT = data(me=ADA)[:-5]
CHUNKS = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"


@dataclass
class Clock:
    """Time that passes by sleeping alone."""

    slept: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def seconds(self) -> float:
        return sum(self.slept)

    @contextmanager
    def session(self, address: str, patience: float = 60.0) -> Iterator[Session]:
        remote = Remote(address=address, token="itg_token", patience=patience)
        with connected(
            remote, sleep=self.slept.append, seconds=self.seconds, chance=lambda: 1.0, tell=self.told.append
        ) as session:
            yield session


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_query_is_sent_with_the_token_and_answered(clock: Clock) -> None:
    with scripted(data(me=ADA)) as service, clock.session(service.address) as session:
        assert data_of(session, QUERY, {"a": 1}) == {"me": ADA}
    (request,) = service.requests
    assert service.heads == ["POST /api HTTP/1.1"]
    assert b"authorization: Bearer itg_token\r\n" in request
    assert json.loads(service.bodies[0]) == {"query": QUERY, "variables": {"a": 1}}
    assert (clock.slept, clock.told) == ([], [])


@pytest.mark.parametrize(
    ("answers", "slept"),
    [
        ((OFTEN, data(me=ADA)), [7.0]),
        ((BUSY, OFTEN, data(me=ADA)), [3.0, 7.0]),
        ((answer(502, b"<p>", "text/html"), answer(504, b"<p>", "text/html"), data(me=ADA)), [0.5, 1.0]),
        ((b"", data(me=ADA)), [0.5]),
        ((CUT, data(me=ADA)), [0.5]),
        ((CHUNKS + b'5\r\n{"dat', data(me=ADA)), [0.5]),
        ((b"no HTTP at all", data(me=ADA)), [0.5]),
    ],
)
def test_a_query_is_sent_again_when_that_may_help(clock: Clock, answers: tuple[bytes, ...], slept: list[float]) -> None:
    with scripted(*answers) as service, clock.session(service.address) as session:
        assert data_of(session, QUERY) == {"me": ADA}
    assert (clock.slept, len(service.requests), len(clock.told)) == (slept, len(answers), len(answers) - 1)
    assert all("trying again in" in line for line in clock.told)


def test_a_mutation_is_sent_again_only_when_it_was_not_carried_out_or_does_no_harm_twice(clock: Clock) -> None:
    done = data(add={"id": "1", "errors": []})
    with scripted(OFTEN, done) as service, clock.session(service.address) as session:
        assert change(session, MUTATION, {})["id"] == "1"
    for lost in (BUSY, b"", CUT):
        with scripted(lost, done) as service, clock.session(service.address) as session:
            with pytest.raises(Fault, match="look before you repeat it"):
                change(session, MUTATION, {})
            assert len(service.requests) == 1
        with scripted(lost, done) as service, clock.session(service.address) as session:
            assert change(session, MUTATION, {}, repeatable=True)["id"] == "1"
            assert len(service.requests) == 2


FOREIGN: dict[str, tuple[bytes, str]] = {
    "a proxy's page": (answer(200, b"<html>log in</html>", "text/html"), "answers 200 with text/html, not JSON"),
    "no service there": (answer(404, b"<html>", "text/html"), "there is no API of Integrates"),
    "a redirect": (answer(302, b"", location="https://elsewhere.example/"), "sends on to https://elsewhere.example/"),
    "a dead token": (answer(401, {"errors": [{"message": "no"}]}, x_request_id="id-of-request"), "does not accept the token"),
    "broken JSON": (answer(200, b'{"data": {"me"'), "damaged or cut off"),
    "deep JSON": (answer(200, b"[" * 100_000), "damaged or cut off"),
    "JSON that is a list": (answer(200, [1]), "answers otherwise"),
    "errors that are none": (answer(200, {"errors": "many"}), "answers otherwise"),
    "an invalid query": (answer(400, {"errors": [{"message": "no field x"}]}), "refuses the request: no field x"),
    "nothing at all": (answer(500, {"errors": []}), "HTTP status 500"),
    "a service that needs its operator": (answer(503, {"errors": [{"message": "the operator"}]}), "the operator"),
    "an error at a field": (answer(200, {"data": {"me": None}, "errors": [{"message": "went wrong"}]}), "went wrong"),
    "compression that is none": (answer(200, b"xx", content_encoding="gzip"), "broke off in the middle"),
}


@pytest.mark.parametrize("why", FOREIGN)
def test_what_is_no_answer_is_told_in_a_line(clock: Clock, why: str) -> None:
    sent, told = FOREIGN[why]
    with scripted(sent) as service, clock.session(service.address) as session, pytest.raises(Fault) as found:
        data_of(session, QUERY)
    assert told in str(found.value)
    assert "itg_token" not in str(found.value)
    if b"x-request-id" in sent:
        assert "(request id-of-request)" in str(found.value)


def test_a_token_follows_no_redirect(clock: Clock) -> None:
    with scripted(data(me=ADA)) as elsewhere:
        sent = answer(307, b"", location=f"{elsewhere.address}/api")
        with scripted(sent) as service, clock.session(service.address) as session, pytest.raises(Fault, match="sends on"):
            data_of(session, QUERY)
    assert elsewhere.requests == []


def test_patience_ends(clock: Clock) -> None:
    is_told = pytest.raises(Fault, match=r"too often \(429\); it asks to wait for 7")
    with scripted(OFTEN) as service, clock.session(service.address, patience=20.0) as session, is_told:
        data_of(session, QUERY)
    assert clock.slept == [7.0, 7.0]


def test_a_clock_that_differs_from_that_of_the_service_does_not_matter(clock: Clock) -> None:
    years_ago = answer(429, {}, date="Fri, 26 Nov 1999 20:00:00 GMT", retry_after="Fri, 26 Nov 1999 20:00:05 GMT")
    years_ahead = answer(429, {}, date="Fri, 26 Nov 2100 20:00:00 GMT", retry_after="Fri, 26 Nov 2100 20:00:09 GMT")
    with scripted(years_ago, years_ahead, data(me=ADA)) as service, clock.session(service.address) as session:
        assert data_of(session, QUERY) == {"me": ADA}
    assert clock.slept == [5.0, 9.0]


def test_nobody_waits_for_years(clock: Clock) -> None:
    is_told, sent = pytest.raises(Fault, match="too often"), answer(429, {}, retry_after="99999999")
    with scripted(sent) as service, clock.session(service.address) as session, is_told:
        data_of(session, QUERY)
    assert clock.slept == []


def test_a_service_that_is_not_there_is_given_some_seconds(clock: Clock) -> None:
    with clock.session(f"http://127.0.0.1:{free_port()}") as session, pytest.raises(Fault, match="cannot be reached"):
        change(session, MUTATION, {})
    assert 5 < sum(clock.slept) <= 15


def test_a_name_that_nobody_has_is_told_at_once(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with clock.session("https://integrates.example") as session, pytest.raises(Fault, match="no host of that name"):
        data_of(session, QUERY)
    assert clock.slept == []


def test_a_proxy_whose_service_starts_again_is_waited_for(clock: Clock) -> None:
    gone = answer(502, b"<p>", "text/html")
    with scripted(*[gone] * 7, data(me=ADA)) as service, clock.session(service.address) as session:
        assert data_of(session, QUERY) == {"me": ADA}
    assert sum(clock.slept) > 30


def test_a_refusal_is_told_with_its_path(clock: Clock) -> None:
    refusal = {"code": "BAD", "reason": "X", "message": "The name is taken.", "path": ["items", "0", "name"]}
    with scripted(data(add={"id": None, "errors": [refusal, refusal]})) as service, clock.session(service.address) as session:
        with pytest.raises(Refused, match=r"^items.0.name: The name is taken. \(request 00000000-request\)$") as found:
            change(session, MUTATION, {})
        assert found.value.errors == (refusal, refusal)
        assert change(session, MUTATION, {}, partly=True)["errors"] == [refusal, refusal]


def test_a_file_is_sent_as_a_form_and_whole_again(clock: Clock) -> None:
    content = bytes(range(256)) * 1000
    seen: list[int] = []
    demand = Demand(
        query="mutation ($file: Upload!) { read(file: $file) { id } }",
        variables={"group": "shop"},
        files={"file": Attachment(name="scan.sarif", content=content)},
        progress=seen.append,
    )
    with scripted(OFTEN, data(read={"id": "1"})) as service, clock.session(service.address) as session:
        assert call(session, demand).data == {"read": {"id": "1"}}
    for body in service.bodies:
        assert content in body
        assert b'filename="scan.sarif"' in body
        assert b'{"0":["variables.file"]}' in body
        assert b'"variables":{"group":"shop","file":null}' in body
    assert seen.count(len(content)) >= 2
    assert max(seen) == len(content)


CSV = answer(200, b"a,b\n1,2\n", "text/csv", etag='"1"')


def test_a_download_is_streamed(clock: Clock) -> None:
    with (
        scripted(CSV) as service,
        clock.session(service.address) as session,
        fetched(session, "/x.csv", {"root": "y"}) as found,
    ):
        assert (found.status, found.headers["etag"], b"".join(found.chunks)) == (200, '"1"', b"a,b\n1,2\n")
    assert service.heads == ["GET /x.csv?root=y HTTP/1.1"]


def test_a_download_that_is_cut_off_is_told(clock: Clock) -> None:
    is_told = pytest.raises(Fault, match="broke off in the middle")
    with scripted(CSV[:-3]) as service, clock.session(service.address) as session, fetched(session, "/x") as found, is_told:
        list(found.chunks)
    assert len(service.requests) == 1


def test_a_download_is_asked_for_again_while_the_service_is_busy(clock: Clock) -> None:
    missing = answer(404, b"", "text/html")
    with scripted(BUSY, missing) as service, clock.session(service.address) as session, fetched(session, "/x.csv") as found:
        assert found.status == 404
    assert clock.slept == [3.0]


def test_http_where_https_is_spoken_is_told(clock: Clock) -> None:
    with scripted(data(me=ADA)) as service:
        address = service.address.replace("http://", "https://")
        with clock.session(address) as session, pytest.raises(Fault, match="the connection cannot be trusted"):
            data_of(session, QUERY)
    assert clock.slept == []


def test_the_environment_may_hold_nonsense(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://nowhere")
    with pytest.raises(Fault, match="variable of the environment"), clock.session("https://integrates.example"):
        pass


def test_ids_of_requests_are_told_only_when_they_are_some(clock: Clock) -> None:
    sent = answer(401, {"errors": []}, x_request_id="x" * 65)
    with scripted(sent) as service, clock.session(service.address) as session, pytest.raises(Fault) as found:
        data_of(session, QUERY)
    assert not re.search(r"\(request", str(found.value))


def test_what_is_on_this_machine_passes_by_every_proxy(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its requests are not encrypted, so a proxy could read the token."""
    with scripted(data(me=ADA)) as proxy, scripted(data(me=ADA)) as service:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.address)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with clock.session(service.address) as session:
            assert data_of(session, QUERY) == {"me": ADA}
    assert (len(service.requests), proxy.requests) == (1, [])


def test_through_a_proxy_the_token_is_sealed(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(answer(403, b"no", "text/plain")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        with clock.session("https://integrates.example") as session, pytest.raises(Fault, match="cannot be reached: 403"):
            data_of(session, QUERY)
    assert set(proxy.heads) == {"CONNECT integrates.example:443 HTTP/1.1"}
    assert not any(b"itg_token" in request for request in proxy.requests)


def test_an_answer_that_never_ends_is_given_up(clock: Clock) -> None:
    with scripted(data(me=ADA)) as service, clock.session(service.address) as session:
        passing = iter(range(0, 10_000, 400))
        with pytest.raises(Fault, match="does not come to an end"):
            data_of(structs.replace(session, seconds=lambda: float(next(passing))), QUERY)


def test_an_answer_that_is_too_large_is_given_up(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrates.server.client.call.MAX_ANSWER", 10)
    with (
        scripted(data(me=ADA)) as service,
        clock.session(service.address) as session,
        pytest.raises(Fault, match="larger than 10"),
    ):
        data_of(session, QUERY)


def new_certificate(folder: Path, *names: str, ends: timedelta = timedelta(days=1)) -> Path:
    """A file with a key and a certificate for these names, which vouches for itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=2), now + ends
    )
    alternatives: list[x509.GeneralName] = [x509.IPAddress(ip_address(each)) for each in names]
    signed = made.add_extension(x509.SubjectAlternativeName(alternatives), critical=False).sign(key, hashes.SHA256())
    file = folder / "certificate.pem"
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(key.private_bytes(*form) + signed.public_bytes(serialization.Encoding.PEM))
    return file


def tls(file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_an_authority_of_ones_own_is_trusted_when_that_is_said(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = new_certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with scripted(data(me=ADA), context=tls(file)) as service, clock.session(service.address) as session:
        assert data_of(session, QUERY) == {"me": ADA}


@pytest.mark.parametrize(
    ("names", "ends", "is_trusted", "told"),
    [
        (["127.0.0.1"], timedelta(days=1), False, "self-signed certificate"),
        (["127.0.0.2"], timedelta(days=1), True, "IP address mismatch"),
        (["127.0.0.1"], timedelta(days=-1), True, "certificate has expired"),
    ],
)
def test_a_certificate_that_is_not_good_is_told_at_once(
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: list[str],
    ends: timedelta,
    is_trusted: bool,
    told: str,
) -> None:
    file = new_certificate(tmp_path, *names, ends=ends)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    is_told = pytest.raises(Fault, match=f"cannot be trusted: .*{told}")
    with scripted(data(me=ADA), context=tls(file)) as service, clock.session(service.address) as session, is_told:
        change(session, MUTATION, {})
    assert clock.slept == []
