"""Audit trails: every revision of a group or organization by date, month after month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from integrates.db_model.findings.commands import rescore
from integrates.db_model.testing.scene import scored
from integrates.db_model.values.instant import months

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

GROUP = """query ($from: DateTime, $to: DateTime, $first: Int = 500, $after: String) { group(name: "webshop") {
  audit(from: $from, to: $to, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { at by operation entity version aspects } } } }"""
ORGANIZATION = """query ($id: ID!) { organization(id: $id) { audit(first: 500) { nodes { entity operation } } } }"""
TREAT = """mutation ($id: ID!) {
  updateVulnerabilitiesTreatment(items: [{id: $id}], treatment: IN_PROGRESS, justification: "We work on it.") {
    errors { message } } }"""


async def trail(world: World, person: str = "greta", **variables: Any) -> Any:
    """Read a page of the trail of the group."""
    return (await world.data(person, GROUP, **variables))["group"]["audit"]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ((2025, 11), (2026, 2), ["2025-11", "2025-12", "2026-01", "2026-02"]),
        ((2026, 5), (2026, 5), ["2026-05"]),
        ((2026, 6), (2026, 5), []),
    ],
)
def test_months(first: tuple[int, int], last: tuple[int, int], expected: list[str]) -> None:
    assert list(months(datetime(*first, 30, tzinfo=UTC), datetime(*last, 1, tzinfo=UTC))) == expected


async def test_the_trail_of_a_group_holds_everything_in_it_over_the_months(world: World) -> None:
    one = world.aurora.vulnerable
    await world.data("uri", TREAT, id=one.id)
    found = (await trail(world))["nodes"]
    kinds = {node["entity"].split("|")[-1].split("#")[0] for node in found}
    assert kinds == {"GROUP", "ROOT", "ENVURL", "FIN", "VULN", "EVENT"}
    assert [node["at"] for node in found] == sorted(node["at"] for node in found)
    assert {node["at"][:7] for node in found} == {"2026-04", "2026-05"}
    last = found[-1]
    assert (last["entity"], last["version"], last["by"]) == (f"VULN#{one.id}", 2, "uri@demo.example")
    assert last["aspects"]["treatment"]["status"] == "IN_PROGRESS"
    assert world.harbor.vulnerable.id not in str(found)


async def test_a_trail_is_narrowed_to_the_microsecond(world: World) -> None:
    await world.data("uri", TREAT, id=world.aurora.vulnerable.id)
    at = datetime.fromisoformat((await trail(world))["nodes"][-1]["at"])
    micro = timedelta(microseconds=1)
    assert len((await trail(world, **{"from": at.isoformat(), "to": at.isoformat()}))["nodes"]) == 1
    assert (await trail(world, **{"from": (at + micro).isoformat()}))["nodes"] == []
    before = (await trail(world, to=(at - micro).isoformat()))["nodes"]
    assert len(before) == len((await trail(world))["nodes"]) - 1
    assert (await trail(world, **{"from": "2030-01-01T00:00:00Z"}))["nodes"] == []
    assert (await trail(world, **{"from": at.isoformat(), "to": before[0]["at"]}))["nodes"] == []
    assert len((await trail(world, to="9999-12-31T23:59:59.999999Z"))["nodes"]) == len(before) + 1


async def test_a_trail_is_walked_at_every_page_size(world: World) -> None:
    await world.data("uri", TREAT, id=world.aurora.vulnerable.id)
    whole = (await trail(world))["nodes"]
    for size in (1, 2, 5, len(whole), len(whole) + 1):
        nodes, after = [], None
        while True:
            page = await trail(world, first=size, after=after)
            nodes += page["nodes"]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert nodes == whole


@pytest.mark.parametrize(("person", "may"), [("greta", True), ("olga", True), ("ada", True), ("vera", False), ("remy", False)])
async def test_trails_are_for_managers(world: World, person: str, may: bool) -> None:
    assert (await trail(world, person) is not None) is may


async def test_the_trail_of_an_organization_holds_its_members_and_groups(world: World) -> None:
    data = await world.data("olga", ORGANIZATION, id=world.aurora.organization.id)
    entities = [node["entity"] for node in data["organization"]["audit"]["nodes"]]
    assert f"ORG#{world.aurora.organization.id}" in entities
    assert "GROUP#webshop" in entities
    assert len([name for name in entities if name.startswith("USER#")]) == 7
    assert not [name for name in entities if name.startswith(("VULN#", "ROOT#"))]
    assert (await world.data("greta", ORGANIZATION, id=world.aurora.organization.id))["organization"] == {"audit": None}


async def test_what_the_model_keeps_for_itself_is_no_aspect(world: World) -> None:
    await rescore(world.store, world.aurora.finding.id, scored("9.1"), world.stamp())
    histories = """query ($finding: ID!, $one: ID!) {
      finding(id: $finding) { history { nodes { aspects } } } vulnerability(id: $one) { history { nodes { aspects } } } }"""
    shown = await world.data("uri", histories, finding=world.aurora.finding.id, one=world.aurora.vulnerable.id)
    nodes = [node for found in shown.values() for node in found["history"]["nodes"]]
    nodes += (await trail(world))["nodes"]
    names = {name for node in nodes for name in node["aspects"]}
    assert names >= {"severity", "location", "treatment"}
    assert not names & {"identity", "number", "scored", "schema"}
