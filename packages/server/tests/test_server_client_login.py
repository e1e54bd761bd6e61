"""Logging in: where a token comes from, where it is kept, and what it is never sent to."""

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import typer
from packages.server.tests.counterpart import SECRET, Person, answer, data, scripted

from integrates.server.client.address import check_transport, normal_address
from integrates.server.client.config import Login, keep_login, read_config
from integrates.server.client.fault import Fault
from integrates.server.client.remote import remote_of

ME = data(me={"email": "ada@demo.example", "role": "ADMIN"})


def test_a_token_from_standard_input_is_tried_and_kept_for_its_owner_alone(person: Person) -> None:
    with scripted(ME) as service:
        code, out, err = person.run("login", f"{service.address}/", "--json", stdin=f"  {SECRET}\n")
        assert (code, err) == (0, "")
        assert json.loads(out) == {"address": service.address, "email": "ada@demo.example", "file": str(person.file)}
        assert f"Bearer {SECRET}\r\n".encode() in service.requests[0]
        assert person.run("api", "{ me { email } }", "--json") == (
            0,
            '{"data": {"me": {"email": "ada@demo.example", "role": "ADMIN"}}}\n',
            "",
        )
    assert stat.S_IMODE(person.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(person.file.parent.stat().st_mode) == 0o700
    assert SECRET not in out


def test_a_token_that_does_not_work_is_not_kept(person: Person) -> None:
    with scripted(answer(401, {"errors": [{"message": "no"}]})) as service:
        code, out, err = person.run("login", service.address, stdin=SECRET)
    assert (code, out, "does not accept the token" in err, person.file.exists()) == (2, "", True, False)
    assert SECRET not in err


@pytest.mark.parametrize("token", ["", " \n", "two words", "itg_\x00", "itg_\r\nX-Injected: 1", "é", "x" * 5000])
def test_what_is_no_token_is_sent_nowhere(person: Person, token: str) -> None:
    with scripted(ME) as service:
        code, _, err = person.run("login", service.address, stdin=token)
        assert (code, service.requests, person.file.exists()) == (2, [], False)
        code, _, other = person.run(
            "api", "{ me }", INTEGRATES_URL=service.address, INTEGRATES_TOKEN=f" {token} ".replace("\x00", "\x01")
        )
        assert (code, service.requests) == (2, [])
    assert "the token is none" in err
    assert "token" in other


def test_a_token_is_sent_to_its_own_address_only(person: Person) -> None:
    with scripted(ME) as service, scripted(ME) as other:
        person.login(service)
        code, _, err = person.run("api", "{ me { email } }", "--url", other.address)
        assert (code, other.requests) == (2, [])
        assert f"there is no token for {other.address}" in err
        assert person.run("api", "{ me { email } }", "--url", f"{service.address}/api/")[0] == 0


def test_the_last_login_is_meant_and_a_logout_forgets_it(person: Person) -> None:
    with scripted(ME) as first, scripted(ME) as second:
        person.login(first)
        person.login(second)
        assert person.run("api", "{ me { email } }")[0] == 0
        assert (len(first.requests), len(second.requests)) == (1, 2)
        assert person.run("logout") == (0, f"The token for {second.address} is forgotten.\n", "")
        assert "which service?" in person.run("api", "{ me { email } }")[2]
        assert person.run("api", "{ me { email } }", "--url", first.address)[0] == 0
        assert "no token is kept" in person.run("logout", second.address)[2]


@pytest.mark.parametrize("told", [{}, {"me": None}, {"me": {"email": None}}])
def test_who_is_nobody_is_told_without_a_traceback(person: Person, told: dict[str, Any]) -> None:
    with scripted(data(**told)) as other:
        code, out, err = person.run("login", other.address, stdin=SECRET)
    assert (code, out, err.count("\n"), person.file.exists()) == (2, "", 1, False)


def test_variables_count_before_the_file(person: Person) -> None:
    with scripted(ME) as service, scripted(ME) as named:
        person.login(service)
        done = person.run("api", "{ me { email } }", INTEGRATES_URL=named.address, INTEGRATES_TOKEN="itg_of-the-pipeline\n")
        assert done[0] == 0
        assert b"Bearer itg_of-the-pipeline\r\n" in named.requests[0]
        assert len(service.requests) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o610])
def test_a_file_that_others_may_use_is_refused(person: Person, mode: int) -> None:
    with scripted(ME) as service:
        person.login(service)
        person.file.chmod(mode)
        for command in (("api", "{ me { email } }"), ("login",), ("logout",)):
            code, _, err = person.run(*command, stdin=SECRET)
            assert (code, "may be read by others" in err) == (2, True)
        assert len(service.requests) == 1


def test_a_file_of_somebody_else_is_refused(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_login(person.file, "https://integrates.example", Login(token=SECRET))
    monkeypatch.setattr(os, "geteuid", lambda: person.file.stat().st_uid + 1)
    with pytest.raises(Fault, match="belongs to somebody else"):
        read_config(person.file)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"logins": {"x": {}}}', b"\xff", b'{"logins": ' + b"[" * 100_000])
def test_a_damaged_file_is_told(person: Person, content: bytes) -> None:
    person.file.parent.mkdir()
    person.file.write_bytes(content)
    person.file.chmod(0o600)
    code, _, err = person.run("api", "{ me }")
    assert (code, "is damaged" in err, err.count("\n")) == (2, True, 1)


def test_what_is_no_file_is_told(person: Person) -> None:
    person.file.mkdir(parents=True)
    assert person.run("api", "{ me }")[0] == 2
    os.mkfifo(person.file / "pipe", 0o600)
    with pytest.raises(Fault, match="is no file"):
        read_config(person.file / "pipe")


def test_logins_at_the_same_time_all_stay(person: Person) -> None:
    names = [f"https://integrates-{number}.example" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: keep_login(person.file, name, Login(token=SECRET)), names))
    assert set(read_config(person.file).logins) == set(names)
    assert [each.name for each in person.file.parent.iterdir() if each.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://Integrates.Example:443/", "https://integrates.example"),
        ("http://localhost:8001/api", "http://localhost:8001"),
        ("http://[::1]:8001", "http://[::1]:8001"),
        ("https://tools.example/integrates/", "https://tools.example/integrates"),
    ],
)
def test_an_address_has_one_form(given: str, address: str) -> None:
    assert normal_address(given) == address


@pytest.mark.parametrize(
    "given",
    ["", "integrates.example", "ftp://x.example", "https://", "https://a:b@x.example", "https://x.example?a=1", "https://x.example#a",
     "https://x.example:99999", "https://[::1", "https://x .example", "https://x.example\x1b[2J", "javascript://x"],
)  # fmt: skip
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(Fault, match="expected"):
        normal_address(given)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "http://localhost", "http://[::1]", "https://integrates.example"])
def test_a_token_may_travel(address: str) -> None:
    check_transport(address, allow_http=False)


@pytest.mark.parametrize(
    "address", ["http://integrates.example", "http://10.0.0.1", "http://localhost.example", "http://127.0.0.1.example"]
)
def test_a_token_travels_over_http_only_when_that_is_said(person: Person, address: str) -> None:
    with pytest.raises(Fault, match="not https"):
        check_transport(address, allow_http=False)
    check_transport(address, allow_http=True)
    environ = {"INTEGRATES_URL": address, "INTEGRATES_TOKEN": SECRET}
    with pytest.raises(Fault, match="not https"):
        remote_of(None, environ=environ)
    assert remote_of(None, environ={**environ, "INTEGRATES_ALLOW_HTTP": "1"}).token == SECRET
    keep_login(person.file, address, Login(token=SECRET, allow_http=True))
    assert remote_of(None, environ={"INTEGRATES_CONFIG": str(person.file)}).address == address
    assert person.run("login", "http://integrates.example", stdin=SECRET)[0] == 2


def test_without_a_service_or_a_token_a_command_says_what_to_do(person: Person) -> None:
    assert person.run("api", "{ me }")[2].startswith("integrates: which service? Run integrates login https://")
    assert "set INTEGRATES_TOKEN" in person.run("api", "{ me }", "--url", "https://integrates.example")[2]


def test_ctrl_c_at_the_prompt_is_no_verdict(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise typer.Abort

    monkeypatch.setattr("integrates.server.client.login._read_token", interrupted)
    assert person.run("login", "https://integrates.example")[0] == 130
