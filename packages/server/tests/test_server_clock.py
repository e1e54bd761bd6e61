"""Ids of the clock, and what a clock does that goes back or differs from another machine's (E6, E15)."""

from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from packages.server.tests.conftest import World

from integrates.server.process import clock

ADD = 'mutation { addOrganization(name: "hours") { organization { id } errors { reason } } }'
CHANGE = """mutation ($id: ID!, $country: String) {
  updateOrganization(id: $id, country: $country) { organization { version } errors { reason } } }"""
HISTORY = "query ($id: ID) { organization(id: $id) { country history { nodes { version at aspects } } } }"


def test_new_ids_are_of_version_7_and_sort_by_when_they_were_made() -> None:
    ids = [clock.new_id() for _ in range(10_000)]
    assert {UUID(each).version for each in ids} == {7}
    assert all(earlier < later for earlier, later in pairwise(ids))


async def data(world: World, token: str, query: str, **variables: Any) -> Any:
    answer = await world.ask(token, {"query": query, "variables": variables})
    assert (answer.status_code, answer.json().get("errors")) == (200, None)
    return next(iter(answer.json()["data"].values()))


@pytest.mark.parametrize("back", [timedelta(days=1), timedelta(seconds=50), timedelta(0)])
async def test_history_stays_in_order_when_the_clock_goes_back(world: World, back: timedelta) -> None:
    """As when the clock is set right, or when two machines that differ write in turns."""
    before = await world.token()
    identity = (await data(world, before, ADD))["organization"]["id"]
    world.now -= back
    behind = await world.token()
    for turn, country in enumerate(("CO", "PE", "CL", "BR")):
        change = timedelta(0) if turn % 2 else back
        world.now += change
        assert (await data(world, behind, CHANGE, id=identity, country=country))["organization"]["version"] == turn + 2
        world.now -= change
    shown = await data(world, behind, HISTORY, id=identity)
    nodes = sorted(shown["history"]["nodes"], key=lambda node: node["version"])
    assert (shown["country"], [node["version"] for node in nodes]) == ("BR", [1, 2, 3, 4, 5])
    assert all(earlier["at"] < later["at"] for earlier, later in pairwise(nodes))
