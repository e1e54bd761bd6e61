"""A real service process, what it costs as the operating system counts it, and what a person asks of it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psutil
from side import PERSON, Side, environment

_COMMAND = (sys.executable, "-m", "integrates.server.cli")
_STATE = "query($id: ID!) { import(id: $id) { state counts { created unchanged closed } } }"
_IMPORT = """mutation($group: ID!, $root: ID!, $file: Upload!, $close: Boolean) {
  importVulnerabilities(groupName: $group, rootId: $root, file: $file, closeMissing: $close) {
    import { id state counts { created unchanged closed } } errors { message } } }"""
_ORGANIZATION = 'mutation { addOrganization(name: "measured") { organization { id } errors { message } } }'
_GROUP = """mutation($organization: ID!, $name: String!) {
  addGroup(organizationId: $organization, name: $name, description: "What is measured") {
    group { name } errors { message } } }"""
_ROOT = """mutation($group: ID!, $url: String!) {
  addGitRoot(groupName: $group, url: $url, branch: "main") { root { id } errors { message } } }"""


class Running(msgspec.Struct, frozen=True):
    """A service of a side that answers: its process, a person who is logged in, and the organization of that person."""

    side: Side
    process: psutil.Process
    client: httpx.Client
    headers: dict[str, str]
    organization: str


class Place(msgspec.Struct, frozen=True):
    """A group with a root."""

    group: str
    root: str


@contextmanager
def launched(options: Sequence[str], env: Mapping[str, str], folder: Path) -> Iterator[tuple[psutil.Process, str]]:
    """Run a service whose log is in ``folder``, and give its process and its address once it answers; stop it at the end."""
    command = [*_COMMAND, "serve", "--port", "0", *options]
    with (folder / "service.log").open("wb") as log:
        process = subprocess.Popen(command, env=env, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            yield psutil.Process(process.pid), _greeted(process, folder)
        finally:
            process.terminate()
            process.communicate(timeout=90)


@contextmanager
def served(side: Side, store: str, folder: Path) -> Iterator[Running]:
    """Serve a store that is not there yet, keeping what is written beside it in ``folder``; stop the service at the end."""
    env = {**environment(side), "INTEGRATES_STORE": store}
    with launched((), env, folder) as (process, url):
        done = subprocess.run([*_COMMAND, "token", PERSON], env=env, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
        headers = {"authorization": f"Bearer {done.stdout.strip()}", "content-type": "application/json"}
        with httpx.Client(base_url=url, headers={"authorization": headers["authorization"]}, timeout=300) as client:
            organization = _changed(client, _ORGANIZATION, {})["organization"]["id"]
            yield Running(side, process, client, headers, organization)


def _greeted(process: "subprocess.Popen[str]", folder: Path) -> str:
    """Return the address in the service's greeting, whose end says that it answers."""
    first = process.stdout.readline() if process.stdout else ""
    url = first.partition(" on ")[2].partition(" ")[0].replace("localhost", "127.0.0.1")
    if not url:
        raise RuntimeError((folder / "service.log").read_text()[-2_000:])
    return url


def cpu_seconds(running: Running) -> float:
    """Return the CPU seconds that the service has used so far."""
    return process_seconds(running.process)


def process_seconds(process: psutil.Process) -> float:
    """Return the CPU seconds that a process has used so far, in user and system mode."""
    times = process.cpu_times()
    return float(times.user + times.system)


def resident_mib(running: Running) -> float:
    """Return the memory that the process holds now."""
    return float(running.process.memory_info().rss) / 2**20


def asked(running: Running, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Send a query and return its data. Raises ``RuntimeError`` with the answer when there are errors."""
    return _data(running.client.post("/api", json={"query": query, "variables": dict(variables)}))


def placed(running: Running, name: str) -> Place:
    """Add a group of that name with a root."""
    group = _changed(running.client, _GROUP, {"organization": running.organization, "name": name})["group"]["name"]
    url = f"https://git.example.com/{name}"
    return Place(group, _changed(running.client, _ROOT, {"group": group, "url": url})["root"]["id"])


def imported(running: Running, place: Place, content: bytes, *, close: bool = True) -> dict[str, int]:
    """Import a file as a person would, wait until it is finished, and return what it counted."""
    variables = {"group": place.group, "root": place.root, "file": None, "close": close}
    form = {
        "operations": json.dumps({"query": _IMPORT, "variables": variables}),
        "map": json.dumps({"0": ["variables.file"]}),
    }
    answer = running.client.post("/api", data=form, files={"0": ("generated.sarif", content)})
    record: dict[str, Any] = _payload(_data(answer))["import"]
    while record["state"] == "RUNNING":
        time.sleep(0.5)
        record |= asked(running, _STATE, {"id": record["id"]})["import"]
    if record["state"] != "COMPLETED":
        raise RuntimeError(str(record))
    counts: dict[str, int] = record["counts"]
    return counts


def import_seconds(running: Running, place: Place, content: bytes, expected: Mapping[str, int], *, close: bool = True) -> float:
    """Import a file and return the CPU seconds. Raises ``RuntimeError`` when it counts something else than expected."""
    before = cpu_seconds(running)
    counts = imported(running, place, content, close=close)
    spent = cpu_seconds(running) - before
    if counts != {"created": 0, "unchanged": 0, "closed": 0, **expected}:
        raise RuntimeError(f"{counts} instead of {expected}")
    return spent


def _changed(client: httpx.Client, mutation: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    return _payload(_data(client.post("/api", json={"query": mutation, "variables": dict(variables)})))


def _payload(data: dict[str, Any]) -> dict[str, Any]:
    (payload,) = data.values()
    if payload is None or payload["errors"]:
        raise RuntimeError(str(payload))
    found: dict[str, Any] = payload
    return found


def _data(answer: httpx.Response) -> dict[str, Any]:
    body = answer.json()
    if body.get("errors") or not body.get("data"):
        raise RuntimeError(answer.text[:2_000])
    data: dict[str, Any] = body["data"]
    return data
