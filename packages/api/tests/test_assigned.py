"""What is assigned to the caller, filtered, and the requests to accept vulnerabilities, counted and listed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from packages.api.tests.conftest import REPORTED

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

ASSIGNED = """query ($filter: VulnerabilityFilter, $first: Int, $after: String) { me {
  assignedVulnerabilities(filter: $filter, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { id isOverdue } } } }"""
TREAT = """mutation ($id: ID!, $treatment: TreatmentStatus!, $assigned: String) {
  updateVulnerabilitiesTreatment(
    items: [{id: $id}], treatment: $treatment, justification: "It is looked into.", assigned: $assigned
  ) { errors { reason } } }"""
DAYS = """mutation { updateGroupPolicies(name: "webshop", policies: {
  remediationDaysCritical: 50, remediationDaysHigh: 50, remediationDaysMedium: 50, remediationDaysLow: 50
}) { errors { reason } } }"""
ASKED = """query ($filter: VulnerabilityFilter) { group(name: "webshop") {
  summary { acceptance { name count } } vulnerabilities(filter: $filter) { totalCount nodes { id } } } }"""


async def done(world: World, person: str, query: str, **variables: Any) -> None:
    [payload] = (await world.data(person, query, **variables)).values()
    assert payload["errors"] == []


async def assigned(world: World, person: str = "uri", **variables: Any) -> list[str]:
    """Return the ids of all parts of the list."""
    found = (await world.data(person, ASSIGNED, **variables))["me"]["assignedVulnerabilities"]
    ids = [node["id"] for node in found["nodes"]]
    end = found["pageInfo"]
    return ids + (await assigned(world, person, **{**variables, "after": end["endCursor"]}) if end["hasNextPage"] else [])


@pytest.fixture
async def mine(world: World) -> list[str]:
    """Assign three vulnerabilities to uri; return their ids, of which the first was opened long before the others."""
    await done(world, "greta", DAYS)
    span = (REPORTED - timedelta(days=100), REPORTED)
    made = [await world.report(world.aurora, "old.py", span=span)]
    made += [await world.report(world.aurora, name) for name in ("a.py", "b.py")]
    for one in made:
        await done(world, "vera", TREAT, id=one.id, treatment="IN_PROGRESS", assigned="uri@demo.example")
    return [one.id for one in made]


@pytest.mark.parametrize("first", [1, 2, 50])
async def test_what_is_assigned_is_filtered(world: World, mine: list[str], first: int) -> None:
    filters: tuple[Any, ...] = ({"isOverdue": True}, {"isOverdue": False}, {"text": "a.py"}, {"states": ["SAFE"]}, {}, None)
    found = [sorted(await assigned(world, filter=one, first=first)) for one in filters]
    assert [len(one) for one in found] == [1, 2, 1, 0, 3, 3]
    assert sorted(found[0] + found[1]) == sorted(mine)
    assert found[0] == [mine[0]]


async def test_a_filter_shows_nothing_that_one_may_not_see(world: World, mine: list[str]) -> None:
    everything = {"states": ["SUBMITTED", "REJECTED", "VULNERABLE", "SAFE"], "zeroRisks": [None, "CONFIRMED", "REQUESTED"]}
    assert sorted(await assigned(world, filter=everything)) == sorted(mine)
    assert await assigned(world, "vera", filter=everything) == []


async def test_a_bad_filter_is_refused_though_nothing_is_assigned(world: World) -> None:
    answer = await world.answer("vera", ASSIGNED, filter={"minScore": 11})
    assert answer.body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_requests_to_accept_are_counted_and_listed(world: World, mine: list[str]) -> None:
    before = (await world.data("vera", ASKED, filter={"acceptances": ["SUBMITTED"]}))["group"]
    await done(world, "uri", TREAT, id=mine[1], treatment="ACCEPTED_UNDEFINED")
    after = (await world.data("vera", ASKED, filter={"acceptances": ["SUBMITTED"]}))["group"]
    rest = (await world.data("vera", ASKED, filter={"states": ["VULNERABLE"], "acceptances": [None]}))["group"]
    assert counts(before) == {"SUBMITTED": 0, "APPROVED": 0, "REJECTED": 0}
    assert before["vulnerabilities"] == {"totalCount": 0, "nodes": []}
    assert counts(after) == {"SUBMITTED": 1, "APPROVED": 0, "REJECTED": 0}
    assert after["vulnerabilities"] == {"totalCount": 1, "nodes": [{"id": mine[1]}]}
    assert mine[1] not in [node["id"] for node in rest["vulnerabilities"]["nodes"]]
    assert rest["vulnerabilities"]["totalCount"] == len(rest["vulnerabilities"]["nodes"])


def counts(group: Any) -> dict[str, int]:
    return {row["name"]: row["count"] for row in group["summary"]["acceptance"]}
