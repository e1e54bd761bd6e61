"""The commands of the client on a running service: what people and pipelines do with them, from the login on."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.serving import CLEAN, COMMAND, PATIENCE, Running, serving

pytestmark = pytest.mark.functional

ADA, URI, OLGA = "ada@demo.example", "uri@demo.example", "olga@demo.example"


@dataclass(frozen=True)
class Person:
    """Somebody at a command line of their own."""

    demo: Running
    folder: Path

    def run(self, *arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        environ = CLEAN | {"INTEGRATES_CONFIG": str(self.folder / "config.json"), **variables}
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def told(self, *arguments: str, stdin: str = "") -> list[Any]:
        """Run a command that succeeds with ``--json``; return what it prints."""
        done = self.run(*arguments, "--json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def login(self, email: str) -> Any:
        (made,) = self.told("login", self.demo.url, stdin=self.demo.token(email, "--replace"))
        return made


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A demo of its own: tokens are issued and replaced here, and its vulnerabilities are treated."""
    with serving(tmp_path_factory.mktemp("client"), "--demo") as running:
        yield running


@pytest.fixture
def person(demo: Running, tmp_path: Path) -> Person:
    return Person(demo, tmp_path)


def test_a_login_and_a_question(person: Person) -> None:
    assert person.login(ADA)["email"] == ADA
    assert person.told("api", "{ me { email role } }") == [{"data": {"me": {"email": ADA, "role": "ADMIN"}}}]
    assert {row["name"] for row in person.told("ls", "groups")} >= {"webshop", "payments", "cargo"}
    assert person.run("logout").returncode == 0
    assert person.run("api", "{ me { email } }").returncode == 2


def test_everything_that_is_listed_can_be_shown(person: Person) -> None:
    person.login(ADA)
    lists = {kind: person.told("ls", kind, "--group", "webshop") for kind in ("roots", "findings", "vulnerabilities")}
    for kind, rows in lists.items():
        assert rows
        (shown,) = person.told("show", rows[0]["id"])
        assert (shown["kind"], shown["id"]) == (
            {"roots": "root", "findings": "finding"}.get(kind, "vulnerability"),
            rows[0]["id"],
        )
        assert shown["history"][0]["version"] == 1
        assert rows[0]["id"] in person.run("show", rows[0]["id"]).stdout
    (group,) = person.told("show", "webshop", "--history", "0")
    assert (group["kind"], group["name"], group["history"]) == ("group", "webshop", [])


def test_filters_agree_with_the_counters(person: Person) -> None:
    person.login(ADA)
    (answer,) = person.told("api", '{ group(name: "webshop") { summary { open closed treatment { name count } } } }')
    summary = answer["data"]["group"]["summary"]
    open_ones = person.told("ls", "vulnerabilities", "--group", "webshop", "--state", "vulnerable", "--limit", "0")
    assert len(open_ones) == summary["open"]
    assert (
        len(person.told("ls", "vulnerabilities", "--group", "webshop", "--state", "safe", "--limit", "0")) == summary["closed"]
    )
    for row in summary["treatment"]:
        options = ("--state", "VULNERABLE", "--treatment", row["name"], "--limit", "0")
        assert len(person.told("ls", "vulnerabilities", "--group", "webshop", *options)) == row["count"]


def test_a_decision_travels_by_pipes(person: Person) -> None:
    person.login(ADA)
    ids = person.run(
        "ls", "vulnerabilities", "--group", "cargo", "--state", "VULNERABLE", "--verification", "none", "--ids"
    ).stdout
    assert ids
    worked_on = person.told("treat", "-", "--as", "in_progress", "--justification", "Repaired in release 2.4.", stdin=ids)
    assert {row["treatment"]["status"] for row in worked_on} == {"IN_PROGRESS"}
    asked = person.told("request-verification", "-", "--justification", "Repaired in release 2.4.", stdin=ids)
    assert {row["verification"]["status"] for row in asked} == {"REQUESTED"}
    again = person.run("request-verification", "-", "--justification", "Repaired in release 2.4.", stdin=ids)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr.startswith(f"integrates: {ids.split()[0]}: ")
    (shown,) = person.told("show", ids.split()[0])
    assert [each["by"] for each in shown["history"]][-2:] == [ADA, ADA]


def test_what_a_stranger_sees_is_nothing(person: Person) -> None:
    person.login(ADA)
    (one, *_) = person.told("ls", "vulnerabilities", "--group", "cargo")
    person.login(URI)
    assert "cargo" not in [row["name"] for row in person.told("ls", "groups")]
    for verb in (("show", one["id"]), ("show", "cargo"), ("ls", "findings", "--group", "cargo")):
        done = person.run(*verb)
        assert (done.returncode, done.stdout) == (2, "")
    treated = person.run("treat", one["id"], "--as", "UNTREATED", "--justification", "Nothing is done here.")
    assert (treated.returncode, "no such object" in treated.stderr) == (2, True)


def test_a_pipeline_needs_no_file(person: Person) -> None:
    token = f"{person.demo.ci_token('webshop')}\n"
    variables = {"INTEGRATES_URL": person.demo.url, "INTEGRATES_TOKEN": token, "INTEGRATES_GROUP": "webshop"}
    done = person.run("api", "{ me { email } }", "--json", **variables)
    assert json.loads(done.stdout)["data"]["me"]["email"] == "service:forces:webshop"
    listed = person.run("ls", "vulnerabilities", "--json", **variables)
    assert (listed.returncode, bool(listed.stdout)) == (0, True)
    assert list(person.folder.iterdir()) == []


def test_a_token_of_nobody_is_not_kept(person: Person) -> None:
    done = person.run("login", person.demo.url, stdin="itg_nobody")
    assert (done.returncode, done.stdout, "does not accept the token" in done.stderr) == (2, "", True)
    assert "request" in done.stderr
    assert list(person.folder.iterdir()) == []


def test_at_a_terminal_a_token_is_asked_for_and_not_shown(person: Person) -> None:
    token, environ = person.demo.token(ADA, "--replace"), CLEAN | {"INTEGRATES_CONFIG": str(person.folder / "config.json")}
    program = [sys.executable, "-c", "import pty, sys; pty.spawn(sys.argv[1:])", *COMMAND, "login", person.demo.url]
    with subprocess.Popen(program, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdin
        assert running.stdout
        shown = b""
        while b"Token for" not in shown or not shown.endswith(b": "):
            shown += running.stdout.read(1)
        running.stdin.write(f"{token}\n".encode())
        running.stdin.flush()
        shown += running.stdout.read()
    assert f"You are {ADA}" in shown.decode()
    assert token not in shown.decode()
    assert json.loads((person.folder / "config.json").read_text())["logins"][person.demo.url]["token"] == token
