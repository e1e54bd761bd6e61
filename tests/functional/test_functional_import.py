"""Imports into a running service: again, at once, and cut off in the middle."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import pytest
from tests.serving import Caller, Running, Serve, new_place, result, sarif

pytestmark = pytest.mark.functional

OLGA, ADA = "olga@demo.example", "ada@demo.example"
PAGE = """query ($group: ID!, $after: String) {
  group(name: $group) {
    summary { open closed openFindings }
    findings(first: 500) { nodes { rule { ruleId } summary { open } } }
    vulnerabilities(first: 500, after: $after) {
      totalCount nodes { id version state where specific finding { rule { ruleId } } } pageInfo { hasNextPage endCursor }
    }
  }
}"""


def state_of(who: Caller, group: str) -> tuple[dict[tuple[str, str, str], tuple[str, int]], dict[str, Any]]:
    """Every vulnerability of a group by rule and location, with its id and version, and the group's figures."""
    nodes: list[Any] = []
    after = None
    while True:
        found = who.ask(PAGE, group=group, after=after)["group"]
        nodes += found["vulnerabilities"]["nodes"]
        if not found["vulnerabilities"]["pageInfo"]["hasNextPage"]:
            break
        after = found["vulnerabilities"]["pageInfo"]["endCursor"]
    is_open = [node["state"] == "VULNERABLE" for node in nodes]
    assert found["vulnerabilities"]["totalCount"] == len(nodes)
    assert found["summary"]["open"] == sum(finding["summary"]["open"] for finding in found["findings"]["nodes"]) == sum(is_open)
    locations = {
        (node["finding"]["rule"]["ruleId"], node["where"], node["specific"]): (node["id"], node["version"]) for node in nodes
    }
    assert len(locations) == len(nodes)
    return locations, found["summary"]


def locations_of(document: bytes) -> set[tuple[str, str, str]]:
    """Every distinct rule, file and line of a report."""
    (run,) = json.loads(document)["runs"]
    physical = [(found["ruleId"], found["locations"][0]["physicalLocation"]) for found in run["results"]]
    return {(rule, place["artifactLocation"]["uri"], str(place["region"]["startLine"])) for rule, place in physical}


def test_a_real_report_becomes_one_vulnerability_for_each_place(caller: Callable[[str], Caller], sample: bytes) -> None:
    olga = caller(OLGA)
    place = new_place(olga, "sample")
    first = olga.import_(sample, group=place.group, root=place.root)
    assert (first["errors"], first["import"]["state"]) == ([], "COMPLETED")
    locations, summary = state_of(olga, place.group)
    expected = {(rule, file.removeprefix("./"), line) for rule, file, line in locations_of(sample)}
    assert set(locations) == expected
    assert first["import"]["counts"]["created"] == len(expected)
    assert summary["openFindings"] == len({rule for rule, _, _ in expected})

    second = olga.import_(sample, group=place.group, root=place.root)
    assert second["import"]["id"] != first["import"]["id"]
    counts = second["import"]["counts"]
    assert (counts["created"], counts["moved"], counts["closed"], counts["unchanged"]) == (0, 0, 0, len(expected))
    assert state_of(olga, place.group) == (locations, summary)
    assert {version for _, version in locations.values()} == {1}


MANY = [result(f"rule-{number % 7}", f"src/file_{number % 40}.py", number) for number in range(600)]


def test_two_imports_at_once_leave_the_state_of_one(caller: Callable[[str], Caller]) -> None:
    olga = caller(OLGA)
    document, alone, together = sarif(MANY), new_place(olga, "alone"), new_place(olga, "together")
    olga.import_(document, group=alone.group, root=alone.root)
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda who: who.import_(document, group=together.group, root=together.root), (olga, caller(ADA))))
    assert [answer["errors"] for answer in both] == [[], []]
    expected, figures = state_of(olga, alone.group)
    found, same_figures = state_of(olga, together.group)
    assert {key: version for key, (_, version) in found.items()} == {key: version for key, (_, version) in expected.items()}
    assert same_figures == figures


def test_another_file_has_to_wait(caller: Callable[[str], Caller]) -> None:
    olga = caller(OLGA)
    place = new_place(olga, "another")
    sent = [(olga, sarif(MANY)), (caller(ADA), sarif(MANY[:-1]))]  # two people, since one's uploads wait for each other
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda one: one[0].import_(one[1], group=place.group, root=place.root), sent))
    refusals = [error["reason"].lower() for answer in both for error in answer["errors"]]
    assert refusals in ([], ["import_running"])
    assert len(state_of(olga, place.group)[0]) in {len(MANY), len(MANY) - 1}


OPEN = "query ($group: ID!) { group(name: $group) { summary { open } } }"


def interrupted(running: Running, who: Caller, document: bytes, place: Any) -> list[int]:
    """Kill the service while it imports; the numbers of open vulnerabilities that were acknowledged before."""
    seen: list[int] = []

    def send() -> None:
        with suppress(httpx.HTTPError):
            who.send(document, group=place.group, root=place.root)

    sender = threading.Thread(target=send)
    sender.start()
    with running.client(token_of(who)) as watching:
        watcher = Caller(watching)
        while sender.is_alive() and (not seen or seen[-1] == seen[0]):
            seen.append(watcher.ask(OPEN, group=place.group)["group"]["summary"]["open"])
    running.process.kill()
    running.process.wait()
    sender.join()
    return seen


def token_of(who: Caller) -> str:
    return who.client.headers["authorization"].removeprefix("Bearer ")


def test_killing_the_service_in_the_middle_loses_nothing_acknowledged(serve: Serve) -> None:
    store = "sqlite:///kept.db"
    first = serve("--store", store, "--demo")
    token = first.token(ADA)
    many = [result(f"rule-{number % 7}", f"src/file_{number % 40}.py", number) for number in range(4000)]
    with first.client(token) as client:
        ada = Caller(client)
        place = new_place(ada, "killed")
        acknowledged = ada.import_(sarif(MANY), group=place.group, root=place.root)
        assert acknowledged["import"]["state"] == "COMPLETED"
        before, _ = state_of(ada, place.group)
        seen = interrupted(first, ada, sarif([*MANY, *many[len(MANY) :]]), place)
    second = serve("--store", store, folder=first.folder)
    with second.client(token) as client:
        after, _ = state_of(Caller(client), place.group)
        assert {key: value for key, value in after.items() if key in before} == before
        assert len(after) >= max(seen)
