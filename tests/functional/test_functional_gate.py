"""The gate of a running service: pipelines at once, beside imports, and a service that is killed while it decides."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import pytest
from tests.serving import Caller, Place, Running, Serve, command, new_place, result, sarif

pytestmark = pytest.mark.functional

OLGA, ADA = "olga@demo.example", "ada@demo.example"
GATE = """mutation ($group: ID!, $id: ID!, $branch: String, $log: Upload) {
  addForcesExecution(groupName: $group, id: $id, strictness: STRICT, gitBranch: $branch, log: $log) {
    execution { id executionDate exitCode gitBranch log counts { blocking closed } blocking { where } }
    errors { code reason message path } } }"""
LISTED = (
    "query ($group: ID!) { group(name: $group) { forcesExecutions(first: 50) { nodes { id exitCode counts { blocking } } } } }"
)
SHOWN = "query ($group: ID!, $id: ID!) { forcesExecution(groupName: $group, id: $id) { exitCode log } }"


def gate(client: httpx.Client, group: str, identity: str, log: bytes | None = None, branch: str = "main") -> Any:
    """Ask the gate, with a log by a multipart request."""
    variables = {"group": group, "id": identity, "branch": branch}
    if log is None:
        answer = client.post("/api", json={"query": GATE, "variables": variables})
    else:
        operations = json.dumps({"query": GATE, "variables": {**variables, "log": None}})
        form = {"operations": operations, "map": json.dumps({"0": ["variables.log"]})}
        answer = client.post("/api", data=form, files={"0": ("build.log", log, "text/plain")})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["addForcesExecution"]


def scan(number: int) -> bytes:
    return sarif([result(f"rule-{one % 5}", f"src/file{one}.py", one + 1) for one in range(number)])


def filled(who: Caller, name: str, number: int) -> Place:
    place = new_place(who, name)
    made = who.import_(scan(number), group=place.group, root=place.root)
    assert (made["errors"], made["import"]["counts"]["created"]) == ([], number)
    return place


def test_pipelines_with_one_id_at_once_get_one_verdict(demo: Running, caller: Callable[[str], Caller]) -> None:
    olga = caller(OLGA)
    place = filled(olga, "gate-at-once", 20)
    with demo.client(demo.ci_token(place.group)) as client, ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: gate(client, place.group, "build-4711", b"It broke.\n"), range(8)))
        assert [one["errors"] for one in made] == [[]] * 8
        assert len({json.dumps(one["execution"]) for one in made}) == 1
        told = made[0]["execution"]
        assert (told["exitCode"], told["counts"]["blocking"], len(told["blocking"]), told["log"]) == (1, 20, 20, "It broke.\n")
        other = gate(client, place.group, "build-4711", b"It broke.\n", branch="feature")
        assert [(one["code"], one["reason"]) for one in other["errors"]] == [("ALREADY_EXISTS", "ID_USED")]
    assert olga.ask(LISTED, group=place.group)["group"]["forcesExecutions"]["nodes"] == [
        {"id": "build-4711", "exitCode": 1, "counts": {"blocking": 20}}
    ]


def test_a_token_of_another_group_decides_nothing(demo: Running, caller: Callable[[str], Caller]) -> None:
    olga = caller(OLGA)
    own, other = new_place(olga, "gate-own"), new_place(olga, "gate-other")
    with demo.client(demo.ci_token(own.group)) as client:
        refused = [gate(client, group, "build-4711") for group in (other.group, "nothing-here")]
    assert refused[0] == refused[1]
    assert [(one["code"], one["path"]) for one in refused[0]["errors"]] == [("NOT_FOUND", ["groupName"])]
    assert olga.ask(LISTED, group=other.group)["group"]["forcesExecutions"]["nodes"] == []


def test_an_import_that_runs_keeps_no_verdict_waiting(demo: Running, caller: Callable[[str], Caller]) -> None:
    """Each verdict is about a moment of the import: what blocks becomes more from one to the next."""
    olga = caller(OLGA)
    place = new_place(olga, "gate-beside-import")
    with demo.client(demo.ci_token(place.group)) as client, ThreadPoolExecutor(1) as pool:
        running = pool.submit(olga.import_, scan(2_000), group=place.group, root=place.root)
        found: list[int] = []
        while not running.done():
            made = gate(client, place.group, f"build-{len(found):06}")
            assert made["errors"] == []
            found.append(made["execution"]["counts"]["blocking"])
        assert running.result()["import"]["counts"]["created"] == 2_000
        last = gate(client, place.group, "build-last")["execution"]
    assert found == sorted(found)
    assert (last["counts"]["blocking"], len(last["blocking"])) == (2_000, 500)


def test_a_service_that_is_killed_while_it_decides_has_one_verdict_in_the_end(serve: Serve) -> None:
    first = serve("--demo")
    with first.client(first.token(ADA)) as client:
        place = filled(Caller(client), "gate-killed", 300)
    token = first.ci_token(place.group)

    def lost() -> None:
        with suppress(httpx.HTTPError), first.client(token) as client:
            gate(client, place.group, "build-4711", b"It broke.\n")

    asking = threading.Thread(target=lost)
    asking.start()  # whatever comes of it before the service is killed, the outcome is the same
    first.process.kill()
    first.process.wait()
    asking.join()
    second = serve("--store", first.store, folder=first.folder)
    with second.client(token) as client:
        made = gate(client, place.group, "build-4711", b"It broke.\n")
        assert (made["errors"], made["execution"]["counts"]["blocking"]) == ([], 300)
        assert gate(client, place.group, "build-4711", b"It broke.\n") == made
        shown = client.post("/api", json={"query": SHOWN, "variables": {"group": place.group, "id": "build-4711"}}).json()
    assert shown["data"]["forcesExecution"] == {"exitCode": 1, "log": "It broke.\n"}
    done = command("check", "--store", first.store, folder=first.folder)
    assert done.returncode == 0, done.stdout + done.stderr
