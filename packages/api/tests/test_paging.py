"""Pages: the whole list at every size, and cursors that are good for one list only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.api.errors import RequestError
from integrates.api.resolve import connection
from integrates.api.resolve.connection import Batch, Walk
from integrates.api.resolve.cursor import Listing, Position, opened, sealed
from integrates.db_model.entity.command import update
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.testing.scene import uid
from integrates.db_model.vulnerabilities.lists import of_finding
from integrates.db_model.vulnerabilities.types import VulnerabilityStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from packages.api.tests.conftest import World

    from integrates.db_model.findings.types import Finding
    from integrates.db_model.store.port import Query

KEY = b"k" * 32
PAGE = """query ($first: Int, $after: String, $filter: VulnerabilityFilter) { group(name: "webshop") {
  vulnerabilities(first: $first, after: $after, filter: $filter) {
    edges { cursor node { id state } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount
  } } }"""


async def _walk(world: World, size: int, **variables: Any) -> list[str]:
    ids: list[str] = []
    after = None
    for _ in range(100):
        data = await world.data("greta", PAGE, first=size, after=after, **variables)
        page = data["group"]["vulnerabilities"]
        assert len(page["edges"]) <= size
        ids += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return ids
    raise AssertionError("the walk does not end")


async def _fill(world: World) -> None:
    for number in range(4):
        await world.report(world.aurora, f"src/safe{number}.py", VulnerabilityStatus.SAFE)
    for number in range(5):
        await world.report(world.aurora, f"src/open{number}.py")


async def test_every_page_size_gives_the_same_list(world: World) -> None:
    await _fill(world)
    whole = await _walk(world, 500)
    assert len(whole) == len(set(whole)) == 11
    for size in range(1, 13):
        assert await _walk(world, size) == whole
    everything = {"states": ["VULNERABLE", "SAFE", "SUBMITTED", "REJECTED"]}
    longer = await _walk(world, 500, filter=everything)
    assert [one for one in longer if one in whole] == whole
    for size in (1, 2, 5):
        assert await _walk(world, size, filter=everything) == longer


async def test_filtered_pages_are_walked_to_the_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await _fill(world)
    monkeypatch.setattr(connection, "_FILTERED_PAGE", 2)
    monkeypatch.setattr(connection, "MAX_LOOKED_AT", 4)
    found = await _walk(world, 3, filter={"text": "OPEN"})
    assert len(found) == 5


TREAT = """mutation ($id: ID!) { updateVulnerabilitiesTreatment(
  items: [{id: $id}], treatment: IN_PROGRESS, justification: "We work on it.") { errors { code } } }"""


@pytest.mark.parametrize("wanted", [None, {"treatments": ["UNTREATED"], "states": ["VULNERABLE"]}])
async def test_triage_between_two_pages_neither_skips_nor_repeats(world: World, wanted: dict[str, Any] | None) -> None:
    await _fill(world)
    whole = await _walk(world, 500, filter=wanted)
    found: list[str] = []
    after = None
    while len(found) < len(whole):
        page = (await world.data("greta", PAGE, first=2, after=after, filter=wanted))["group"]["vulnerabilities"]
        shown = [edge["node"] for edge in page["edges"]]
        found += [node["id"] for node in shown]
        after = page["pageInfo"]["endCursor"]
        for node in shown:
            if node["state"] == "VULNERABLE":
                payload = await world.data("vera", TREAT, id=node["id"])
                assert payload["updateVulnerabilitiesTreatment"]["errors"] == []
    assert found == whole


async def test_a_filter_by_treatment_looks_at_a_bounded_number(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await _fill(world)
    monkeypatch.setattr(connection, "_FILTERED_PAGE", 2)
    monkeypatch.setattr(connection, "MAX_LOOKED_AT", 4)
    page = (await world.data("greta", PAGE, first=5, filter={"treatments": ["ACCEPTED"]}))["group"]["vulnerabilities"]
    assert (page["edges"], page["pageInfo"]["hasNextPage"], page["totalCount"]) == ([], True, 0)
    assert page["pageInfo"]["startCursor"] is None
    assert page["pageInfo"]["endCursor"] is not None
    assert await _walk(world, 5, filter={"treatments": ["ACCEPTED"]}) == []


async def test_a_page_in_which_nothing_lives_ends_after_two_thousand_items() -> None:
    limits: list[int] = []

    async def read(query: Query) -> Batch[Any]:
        limits.append(query.limit)
        assert len(limits) < 100, "the walk does not end"
        return Batch((), (), has_next=True, end="further on")

    async def keep(found: Sequence[Any]) -> Sequence[bool]:
        return [True for _ in found]

    page = await connection.walked(Walk(stretches=(of_finding(uid("any")),), read=read, keep=keep), None, 25)
    assert (page.rows, page.has_next, page.end) == ((), True, Position(0, "further on"))
    assert sum(limits) == 2_000


async def test_empty_stretches_do_not_shorten_a_page(world: World) -> None:
    everything = {"states": ["VULNERABLE", "SAFE", "SUBMITTED", "REJECTED"], "zeroRisks": ["CONFIRMED"]}
    page = (await world.data("greta", PAGE, first=500, filter=everything))["group"]["vulnerabilities"]
    assert [edge["node"]["id"] for edge in page["edges"]] == [world.aurora.hidden.id]
    assert page["pageInfo"]["hasNextPage"] is False


async def test_after_each_edge_the_rest_follows(world: World) -> None:
    await _fill(world)
    page = (await world.data("greta", PAGE, first=500))["group"]["vulnerabilities"]
    ids = [edge["node"]["id"] for edge in page["edges"]]
    for number, edge in enumerate(page["edges"]):
        rest = await world.data("greta", PAGE, first=500, after=edge["cursor"])
        assert [one["node"]["id"] for one in rest["group"]["vulnerabilities"]["edges"]] == ids[number + 1 :]


async def test_the_last_page_says_so(world: World) -> None:
    page = (await world.data("greta", PAGE, first=2))["group"]["vulnerabilities"]
    assert page["pageInfo"]["hasNextPage"] is False
    empty = (await world.data("greta", PAGE, first=2, filter={"states": ["REJECTED"]}))["group"]["vulnerabilities"]
    nowhere = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert empty == {"edges": [], "pageInfo": nowhere, "totalCount": 0}


async def test_a_cursor_is_good_for_one_list_only(world: World) -> None:
    page = (await world.data("greta", PAGE, first=1))["group"]["vulnerabilities"]
    cursor = page["pageInfo"]["endCursor"]
    other_group = PAGE.replace("webshop", "cargo")
    other_field = """query ($after: String) { group(name: "webshop") { findings(after: $after) { nodes { id } } } }"""
    other_parent = (
        """query ($after: String, $id: ID!) { finding(id: $id) { vulnerabilities(after: $after) { nodes { id } } } }"""
    )
    for query, variables in (
        (other_group, {"after": cursor, "first": 1}),
        (PAGE, {"after": cursor, "first": 1, "filter": {"text": "x"}}),
        (other_field, {"after": cursor}),
        (other_parent, {"after": cursor, "id": world.aurora.finding.id}),
        (PAGE, {"after": cursor[:-2] + "AA", "first": 1}),
        (PAGE, {"after": cursor[1:], "first": 1}),
        (PAGE, {"after": "", "first": 1}),
        (PAGE, {"after": "é", "first": 1}),
        (PAGE, {"after": "A" * 10_000, "first": 1}),
    ):
        answer = await world.answer("ada", query, **variables)
        assert answer.status == 200
        assert answer.body["errors"][0]["extensions"]["code"] == "BAD_CURSOR"
    assert (await world.answer("ada", PAGE, after=cursor, first=2)).body.get("errors") is None


def test_cursors_need_the_key() -> None:
    listing = Listing("Group.findings", "webshop", {"title": "x"})
    cursor = sealed(KEY, listing, Position(1, "after"))
    assert opened(KEY, listing, cursor) == Position(1, "after")
    assert opened(KEY, Listing("Group.findings", "webshop", {"title": "x"}), cursor) == Position(1, "after")
    for key, other in ((b"other", listing), (KEY, Listing("Group.findings", "cargo", {"title": "x"}))):
        with pytest.raises(RequestError):
            opened(key, other, cursor)


async def test_totals_are_exact_or_null(world: World) -> None:
    await _fill(world)
    query = """query ($filter: VulnerabilityFilter, $finding: ID!, $root: ID!) {
      group(name: "webshop") { vulnerabilities(filter: $filter, first: 500) { totalCount nodes { id } } }
      finding(id: $finding) { vulnerabilities(filter: $filter, first: 500) { totalCount nodes { id } } }
      root(id: $root) { vulnerabilities(filter: $filter, first: 500) { totalCount nodes { id } } }
    }"""
    ids = {"finding": world.aurora.finding.id, "root": world.aurora.root.id}
    for wanted, counted in (
        (None, (True, True, True)),
        ({"states": ["SAFE"]}, (True, True, True)),
        ({"states": ["SUBMITTED", "VULNERABLE"], "treatments": ["UNTREATED"]}, (True, True, True)),
        ({"treatments": ["ACCEPTED"]}, (True, True, True)),
        ({"zeroRisks": ["CONFIRMED"]}, (True, True, True)),
        ({"verifications": ["REQUESTED"]}, (True, True, True)),
        ({"minScore": 7.0, "maxScore": 7.5}, (True, True, False)),
        ({"minScore": 7.6}, (True, True, False)),
        ({"text": "open"}, (False, False, False)),
        ({"types": ["LINES"]}, (False, False, False)),
        ({"rootId": world.aurora.root.id}, (False, False, False)),
        ({"tag": "x"}, (False, False, False)),
        ({"assigned": "x@demo.example"}, (False, False, False)),
    ):
        data = await world.data("greta", query, filter=wanted, **ids)
        lists = [found["vulnerabilities"] for found in data.values()]
        assert [one["totalCount"] for one in lists] == [
            len(one["nodes"]) if is_counted else None for one, is_counted in zip(lists, counted, strict=True)
        ], wanted


async def test_findings_are_filtered(world: World) -> None:
    query = """query ($filter: FindingFilter) { group(name: "webshop") {
      findings(filter: $filter) { totalCount nodes { title status } } } }"""
    injection, draft = "Injection webshop", "Draft webshop"
    for wanted, expected in (
        (None, [draft, injection]),
        ({}, [draft, injection]),
        ({"statuses": ["VULNERABLE"]}, [injection]),
        ({"statuses": ["SAFE", "DRAFT"]}, [draft]),
        ({"statuses": ["SAFE"]}, []),
        ({"statuses": []}, []),
        ({"title": "INJECT"}, [injection]),
        ({"minScore": 7.5, "maxScore": 7.5}, [draft, injection]),
        ({"minScore": 7.6}, []),
        ({"maxScore": 7.4}, []),
    ):
        found = (await world.data("greta", query, filter=wanted))["group"]["findings"]
        assert sorted(node["title"] for node in found["nodes"]) == expected
        assert found["totalCount"] == (None if wanted else 2), wanted


async def test_findings_are_found_by_their_weakness(world: World) -> None:
    def weak(old: Finding, _: datetime) -> Finding:
        return replace(old, description=replace(old.description, cwe_ids=("CWE-89", "CWE-564")))

    finding = world.aurora.finding
    await update(world.store, FINDING, finding_key(finding.id), weak, world.stamp())
    query = """query ($cwe: String) { group(name: "webshop") { findings(filter: {cwe: $cwe}) { nodes { id } } } }"""
    for cwe, found in (("CWE-89", True), (" cwe-564", True), ("CWE-8", False), ("89", False)):
        nodes = (await world.data("uri", query, cwe=cwe))["group"]["findings"]["nodes"]
        assert nodes == ([{"id": finding.id}] if found else []), cwe


@pytest.mark.parametrize("score", [-0.1, 10.1])
async def test_scores_have_a_range(world: World, score: float) -> None:
    answer = await world.answer("greta", PAGE, first=5, filter={"minScore": score})
    assert answer.body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
