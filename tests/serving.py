"""Real service processes, and clients to talk to them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

COMMAND = (sys.executable, "-m", "integrates.server.cli")
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("INTEGRATES_")}
PATIENCE = 60
"""Seconds that anything may take on a busy machine; only what never happens lasts so long."""


def command(*arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``integrates`` to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=CLEAN | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def eventually(check: Callable[[], bool]) -> None:
    """Wait until the check holds; a service that starts again does not answer for a moment."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if check():
                return
        except httpx.HTTPError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.02)


def free_port() -> int:
    """A port of this machine on which nobody listens, for who has to know it before they start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@dataclass(frozen=True, eq=False)
class Running:
    """A service that answers."""

    process: subprocess.Popen[str]
    folder: Path
    url: str
    store: str
    greeting: str

    def token(self, email: str, *options: str, **variables: str) -> str:
        """A new token of a person, made by the command."""
        done = command("token", email, "--store", self.store, *options, folder=self.folder, **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def ci_token(self, group: str) -> str:
        """A new token of the CI identity of a group, likewise."""
        done = command("group", "token", group, "--store", self.store, folder=self.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def client(self, token: str | None = None, **headers: str) -> httpx.Client:
        """A client that sends these headers, with ``_`` for ``-``, with each request."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        bearer = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=bearer | given, timeout=PATIENCE)

    def log(self) -> list[dict[str, Any]]:
        """The lines of the access log so far."""
        lines = [json.loads(line) for line in (self.folder / "stderr").read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if "route" in line]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """The exit code after a signal."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def serving(folder: Path, *arguments: str, **variables: str) -> Iterator[Running]:
    """Start ``integrates serve`` on a free port and end it when the test does."""
    with (folder / "stderr").open("a") as errors:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port", "0", *arguments],
            cwd=folder,
            env=CLEAN | variables,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            yield _greeted(process, folder)
        finally:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()  # not killed at once: one that reloads has to end the process that it watches
    try:
        process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _greeted(process: subprocess.Popen[str], folder: Path) -> Running:
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first.startswith("Integrates "), (folder / "stderr").read_text()
    url = first.partition(" on ")[2].partition(" ")[0]
    store = first.partition("(store ")[2].partition(")")[0]
    return Running(process, folder, url, store, first)


Serve = Callable[..., Running]


COUNTS = "created reopened moved unchanged closed ignored suppressed duplicate skipped"
IMPORT = f"""mutation ($group: ID!, $root: ID!, $file: Upload!, $close: Boolean) {{
  importVulnerabilities(groupName: $group, rootId: $root, file: $file, closeMissing: $close) {{
    import {{ id state sha256 counts {{ {COUNTS} }} problems {{ pointer reason }} }}
    errors {{ code reason message path }}
  }}
}}"""


@dataclass(frozen=True)
class Caller:
    """Somebody with a token."""

    client: httpx.Client

    def ask(self, query: str, **variables: Any) -> Any:
        """The data of an answer without errors."""
        answer = self.client.post("/api", json={"query": query, "variables": variables})
        body = answer.json()
        assert (answer.status_code, body.get("errors")) == (200, None), body
        return body["data"]

    def change(self, mutation: str, **variables: Any) -> Any:
        """The payload of a mutation that was not refused."""
        (payload,) = self.ask(mutation, **variables).values()
        assert payload["errors"] == [], payload
        return payload

    def refusals(self, mutation: str, **variables: Any) -> list[tuple[str, str]]:
        """The code and the reason of each refusal of a mutation."""
        (payload,) = self.ask(mutation, **variables).values()
        return [(error["code"], error["reason"].lower()) for error in payload["errors"]]

    def send(self, content: bytes, query: str = IMPORT, **variables: Any) -> httpx.Response:
        """Import a file by a multipart request, or make another mutation that takes a `$file`."""
        operations = {"query": query, "variables": {**variables, "file": None}}
        fields = {"operations": json.dumps(operations), "map": json.dumps({"0": ["variables.file"]})}
        return self.client.post("/api", data=fields, files={"0": ("scan.sarif", content, "application/sarif+json")})

    def import_(self, content: bytes, **variables: Any) -> Any:
        """The payload of an import."""
        answer = self.send(content, **variables)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["importVulnerabilities"]


ADD_ORGANIZATION = """mutation ($name: String!) {
  addOrganization(name: $name) { organization { id name } errors { code reason message path } }
}"""
ADD_GROUP = """mutation ($organization: ID!, $name: String!) {
  addGroup(organizationId: $organization, name: $name, description: "A group of the tests") {
    group { name } errors { code reason message path }
  }
}"""
ADD_ROOT = """mutation ($group: ID!, $url: String!) {
  addGitRoot(groupName: $group, url: $url, branch: "main") { root { id nickname } errors { code reason message path } }
}"""


@dataclass(frozen=True)
class Place:
    """A group with a root, made for one test."""

    organization: str
    group: str
    root: str


def new_place(who: Caller, name: str) -> Place:
    """An organization, a group and a root that take their names from the test's."""
    organization = who.change(ADD_ORGANIZATION, name=f"{name}-org")["organization"]["id"]
    group = who.change(ADD_GROUP, organization=organization, name=f"{name}-group")["group"]["name"]
    root = who.change(ADD_ROOT, group=group, url=f"https://git.demo.example/{name}/code.git")["root"]["id"]
    return Place(organization, group, root)


def sarif(results: Sequence[Mapping[str, Any]], tool: str = "Scanner of the tests") -> bytes:
    """A SARIF document of one run."""
    return json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": tool}}, "results": list(results)}]}).encode()


def result(rule: str, file: str, line: int) -> dict[str, Any]:
    """One result of a scanner without fingerprints."""
    place = {"artifactLocation": {"uri": file}, "region": {"startLine": line}}
    return {"ruleId": rule, "message": {"text": rule}, "locations": [{"physicalLocation": place}]}
