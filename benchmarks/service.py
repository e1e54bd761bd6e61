"""A real service process on a free port, and what it costs: CPU seconds and memory as the operating system counts them."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psutil
from stage import GROUP, PERSON

IMPORT = """mutation($group: ID!, $root: ID!, $file: Upload!) {
  importVulnerabilities(groupName: $group, rootId: $root, file: $file) {
    import { id state counts { created unchanged closed } } errors { message } } }"""
_STATE = "query($id: ID!) { import(id: $id) { state counts { created unchanged closed } } }"


class Running(msgspec.Struct, frozen=True):
    """A service that answers: its process and a client that is logged in."""

    process: psutil.Process
    client: httpx.Client


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _integrates(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "integrates.server.cli", *arguments]


def _await(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError(url)


@contextmanager
def served(store: str, folder: Path) -> Iterator[Running]:
    """Serve the store, keeping what is written beside it in ``folder``, and stop the service at the end."""
    env = {**os.environ, "INTEGRATES_STORE": store}
    token = subprocess.run(_integrates("token", PERSON), env=env, check=True, capture_output=True, text=True).stdout.strip()
    port = _free_port()
    with (folder / "service.log").open("wb") as log:
        process = subprocess.Popen(_integrates("serve", "--port", str(port)), env=env, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            _await(url)
            headers = {"authorization": f"Bearer {token}"}
            with httpx.Client(base_url=url, headers=headers, timeout=120) as client:
                yield Running(psutil.Process(process.pid), client)
        finally:
            process.terminate()
            process.wait(20)


def cpu_seconds(running: Running) -> float:
    """Return the CPU seconds that the process has used so far, in user and system mode."""
    times = running.process.cpu_times()
    return float(times.user + times.system)


def resident_mib(running: Running) -> float:
    """Return the memory that the process holds now."""
    return float(running.process.memory_info().rss) / 2**20


def asked(running: Running, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Send a query and return its data. Raises ``RuntimeError`` with the answer when there are errors."""
    answer: dict[str, Any] = running.client.post("/api", json={"query": query, "variables": dict(variables)}).json()
    if answer.get("errors"):
        raise RuntimeError(json.dumps(answer)[:2_000])
    data: dict[str, Any] = answer["data"]
    return data


def imported(running: Running, root_id: str, content: bytes) -> dict[str, Any]:
    """Import a file as a person would, wait until it is finished, and return what it counted."""
    variables = {"group": GROUP, "root": root_id, "file": None}
    operations = json.dumps({"query": IMPORT, "variables": variables})
    form = {"operations": operations, "map": json.dumps({"0": ["variables.file"]})}
    answer = running.client.post("/api", data=form, files={"0": ("generated.sarif", content)}).json()
    payload = (answer.get("data") or {}).get("importVulnerabilities")
    if payload is None or payload["errors"]:
        raise RuntimeError(json.dumps(answer)[:2_000])
    record: dict[str, Any] = payload["import"]
    while record["state"] == "RUNNING":
        time.sleep(0.5)
        record = {**record, **asked(running, _STATE, {"id": record["id"]})["import"]}
    return record
