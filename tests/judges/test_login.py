"""Logging in by an OpenID provider of strangers, step by step, with real cookies over HTTP. `nox -s judges` installs it."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
from tests.serving import Running, free_port, serving

pytestmark = pytest.mark.functional

HERE = Path(__file__).parent
SECRET = "the-secret-of-the-client-that-no-log-may-hold"
PROVIDERS = """
[independent]
title = "the independent provider"
issuer = "http://127.0.0.1:{port}"
client_id = "integrates"
scopes = ["groups"]

[[independent.roles]]
value = "red"
group = "cargo"
role = "reattacker"

[[independent.roles]]
value = "leads"
organization = "harbor"
role = "organization_manager"

[[independent.roles]]
value = "nothing here"
group = "no-such-group"
role = "user"
"""
ME = """{ me {
  email firstName role isConcurrentSession organizations { name userRole } groups { name userRole }
} }"""
GIVEN = re.compile(r'<form [^>]*action="([^"]+)"')
PROMPT = re.compile(r'name="prompt" value="([a-z]+)"')


class Person:
    """Somebody with a browser, which keeps the cookies of the service and those of the provider."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.here = httpx.Client(base_url=url, headers={"origin": url}, timeout=60)
        self.there = httpx.Client(timeout=60)

    def begin(self, path: str = "/") -> str:
        """The address at the provider to which the service sends the browser."""
        answer = self.here.get("/login", params={"provider": "independent", "next": path})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def go_on(self, address: str, name: str) -> str:
        """Log in at the provider and agree to what the service asks; the address to which it sends the browser back."""
        answer = self.there.get(address)
        for _ in range(20):
            if answer.is_redirect:
                address = urljoin(str(answer.url), answer.headers["location"])
                if address.startswith(self.url):
                    return address
                answer = self.there.get(address)
                continue
            action, prompt = GIVEN.search(answer.text), PROMPT.search(answer.text)
            assert action, answer.text
            assert prompt, answer.text
            given = {"prompt": prompt[1], "login": name, "password": "any"}
            answer = self.there.post(urljoin(str(answer.url), action[1]), data=given)
        raise AssertionError(f"the provider goes in circles at {address}")

    def login(self, name: str, path: str = "/") -> httpx.Response:
        return self.here.get(self.go_on(self.begin(path), name))

    def me(self) -> Any:
        answer = self.here.post("/api", json={"query": ME})
        return answer.json()["data"]["me"] if answer.status_code == 200 else answer.status_code


class Provider:
    """The provider's process, and what it tells of people."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.process: subprocess.Popen[str] | None = None

    def tell(self, **people: Mapping[str, Any]) -> None:
        (self.folder / "accounts.json").write_text(json.dumps(people))

    def start(self, redirect: str, modules: str) -> None:
        command = (shutil.which("node") or "node", str(HERE / "provider.cjs"), str(self.port), redirect)
        self.process = subprocess.Popen(
            [*command, str(self.folder / "accounts.json")],
            env=os.environ | {"SECRET": SECRET, "NODE_PATH": modules},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.communicate(timeout=60)
            self.process = None


@contextmanager
def both(folder: Path, **variables: str) -> Iterator[tuple[Running, Provider, Callable[[], Person]]]:
    """A service with the demo, the provider to which it sends people, and people."""
    modules = os.environ.get("INTEGRATES_TEST_NODE_MODULES")
    if modules is None:
        pytest.skip("INTEGRATES_TEST_NODE_MODULES does not name a provider (nox -s judges does, where there is Node)")
    provider = Provider(folder, free_port())
    (folder / "providers.toml").write_text(PROVIDERS.format(port=provider.port))
    told = {
        "INTEGRATES_PROVIDERS": str(folder / "providers.toml"),
        "INTEGRATES_CLIENT_SECRET_INDEPENDENT": SECRET,
        "INTEGRATES_LOGIN_RATE": "1000",
    }
    with ExitStack() as opened, serving(folder, "--demo", **told | variables) as running:

        def person() -> Person:
            made = Person(running.url)
            opened.enter_context(made.here)
            opened.enter_context(made.there)
            return made

        try:
            provider.tell()
            provider.start(f"{running.url}/auth/callback", modules)
            yield running, provider, person
        finally:
            provider.stop()


EVA = {"email": "Eva@Demo.Example", "email_verified": True, "given_name": "Eva", "groups": ["red", "nothing here"]}


def test_a_login_step_by_step(tmp_path: Path) -> None:
    with both(tmp_path, INTEGRATES_REGISTRATION="OPEN") as (running, provider, new_person):
        provider.tell(eva=EVA)
        person = new_person()
        # 1. The start page offers the provider.
        page = person.here.get("/").text
        assert 'href="/login?provider=independent"' in page
        assert "the independent provider" in page
        # 2. The service sends the browser there, with what binds the answer to this login.
        address = person.begin("/logged-out?x=1")
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["redirect_uri"] == f"{running.url}/auth/callback"
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        # 3. The person logs in there, agrees, and comes back with a code.
        back = person.go_on(address, "eva")
        came = parse_qs(urlsplit(back).query)
        assert came.keys() == {"code", "state", "iss"}
        assert came["state"] == [asked["state"]]
        # 4. The service exchanges the code, opens a session and goes on to where the person wanted.
        answer = person.here.get(back)
        assert (answer.status_code, answer.headers["location"]) == (303, "/logged-out?x=1")
        # 5. The session is that of the person, with the roles that the provider's groups give.
        me = person.me()
        assert (me["email"], me["firstName"], me["role"], me["isConcurrentSession"]) == (
            "eva@demo.example",
            "Eva",
            "USER",
            False,
        )
        assert me["groups"] == [{"name": "cargo", "userRole": "REATTACKER"}]
        assert me["organizations"] == [{"name": "harbor", "userRole": "USER"}]
        # 6. What was used once is used up, also for who kept it.
        assert person.here.get(back).status_code == 400
        with httpx.Client(base_url=running.url) as thief:
            assert thief.get(back).status_code == 400
        # 7. A login elsewhere ends this session, and tells the newer one.
        other = new_person()
        provider.tell(eva={**EVA, "groups": ["leads"]})
        assert other.login("eva").status_code == 303
        assert person.me() == 401
        me = other.me()
        assert me["isConcurrentSession"] is True
        # 8. Groups that have changed there have changed the roles here.
        assert me["organizations"] == [{"name": "harbor", "userRole": "ORGANIZATION_MANAGER"}]
        assert {group["userRole"] for group in me["groups"]} == {"GROUP_MANAGER"}
        # 9. A logout ends the session.
        kept = other.here.cookies["integrates_session"]
        assert other.here.post("/logout").headers["location"] == "/logged-out"
        other.here.cookies.set("integrates_session", kept)
        assert other.me() == 401
        # 10. Without groups the roles are gone.
        provider.tell(eva={**EVA, "groups": []})
        assert person.login("eva").status_code == 303
        me = person.me()
        assert (me["organizations"], me["groups"]) == ([], [])
        # 11. While the provider is down, a page tells so.
        provider.stop()
        check_down(person, provider)
        # 12. The log knows who came, and none of the secrets.
        check_log(running, (SECRET, came["code"][0], came["state"][0], asked["nonce"], asked["code_challenge"], kept))


def check_down(person: Person, provider: Provider) -> None:
    state = parse_qs(urlsplit(person.begin()).query)["state"][0]
    came = {"state": state, "code": "x", "iss": f"http://127.0.0.1:{provider.port}"}
    answer = person.here.get("/auth/callback", params=came)
    assert (answer.status_code, answer.headers["x-request-id"] in answer.text) == (502, True)


def check_log(running: Running, secrets: Sequence[str]) -> None:
    lines = [line for line in running.log() if line["route"] == "/auth/callback" and line["status"] == 303]
    assert [line["actor"] for line in lines] == ["eva@demo.example"] * 3
    logged = (running.folder / "stderr").read_text()
    assert not [secret for secret in secrets if secret in logged]
    assert "no-such-group" in logged


def test_who_may_come_in(tmp_path: Path) -> None:
    with both(tmp_path) as (_running, provider, new_person):
        provider.tell(
            hana={"email": "hana@demo.example", "email_verified": True},
            stranger={"email": "stranger@demo.example", "email_verified": True},
            liar={"email": "ada@demo.example", "email_verified": False},
            nobody={},
        )
        for name, status, words in (
            ("hana", 303, ""),
            ("stranger", 403, "invited"),
            ("liar", 403, "does not vouch"),
            ("nobody", 403, "does not vouch"),
        ):
            person = new_person()
            answer = person.login(name)
            assert (name, answer.status_code) == (name, status)
            assert words in answer.text
            assert (person.me() == 401) is (status != 303)
        # What people granted stays: the provider gives hana nothing.
        person = new_person()
        person.login("hana")
        assert {group["name"]: group["userRole"] for group in person.me()["groups"]} == {
            "cargo": "HACKER",
            "payments": "HACKER",
            "webshop": "HACKER",
        }
