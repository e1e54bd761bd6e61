"""The vulnerabilities of a root: in the order of the lists by state, whatever an import moves meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.vulnerabilities import commands
from integrates.db_model.vulnerabilities.types import VulnerabilityStatus

if TYPE_CHECKING:
    from datetime import datetime

    from packages.api.tests.conftest import World

    from integrates.db_model.vulnerabilities.types import Vulnerability

PAGE: Final = """query ($id: ID!, $first: Int, $after: String, $filter: VulnerabilityFilter) { root(id: $id) {
  vulnerabilities(first: $first, after: $after, filter: $filter) {
    nodes { id where state } pageInfo { hasNextPage endCursor } totalCount } } }"""


async def page(world: World, first: int, after: str | None = None, name: str = "greta", **wanted: Any) -> Any:
    """Read one page."""
    root = world.aurora.root.id
    data = await world.data(name, PAGE, id=root, first=first, after=after, filter=wanted or None)
    return data["root"]["vulnerabilities"]


async def move(world: World, identity: str, where: str) -> None:
    """Move a vulnerability, as an import does."""

    def moved(old: Vulnerability, _: datetime) -> Vulnerability:
        return replace(old, location=replace(old.location, where=where))

    await commands.update(world.store, identity, moved, world.stamp())


async def test_what_moves_between_two_pages_is_neither_skipped_nor_repeated(world: World) -> None:
    for number in range(12):
        await world.report(world.aurora, f"lib/{number}.py")
    whole = [node["id"] for node in (await page(world, 100))["nodes"]]
    assert len(whole) == len(set(whole)) == 14
    found: list[str] = []
    after, goes_on, turn = None, True, 0
    while goes_on:
        one = await page(world, 2, after)
        found += [node["id"] for node in one["nodes"]]
        after, goes_on, turn = one["pageInfo"]["endCursor"], one["pageInfo"]["hasNextPage"], turn + 1
        for identity in whole:  # each of them to another place of the list by path, over and over
            await move(world, identity, f"moved/{turn}/{identity[-4:]}.py")
    assert found == whole


async def test_the_list_has_the_order_of_the_others_and_shows_what_the_caller_may_see(world: World) -> None:
    await world.report(world.aurora, "lib/draft.py", VulnerabilityStatus.SUBMITTED)
    every: dict[str, Any] = {"states": ["SAFE", "SUBMITTED", "VULNERABLE"], "zeroRisks": [None, "CONFIRMED"]}
    states = [node["state"] for node in (await page(world, 100, **every))["nodes"]]
    assert states == ["SAFE", "SUBMITTED", "SUBMITTED", "VULNERABLE", "VULNERABLE"]
    shown = await page(world, 100, None, "uri", **every)
    assert [node["state"] for node in shown["nodes"]] == ["SAFE", "VULNERABLE"]
    assert shown["totalCount"] == 2
    for size in range(1, 7):
        found: list[str] = []
        after, goes_on = None, True
        while goes_on:
            one = await page(world, size, after, **every)
            found += [node["state"] for node in one["nodes"]]
            after, goes_on = one["pageInfo"]["endCursor"], one["pageInfo"]["hasNextPage"]
        assert found == states


async def test_removed_vulnerabilities_leave_the_list(world: World) -> None:
    one = await world.report(world.aurora, "lib/one.py")

    def gone(old: Vulnerability, _: datetime) -> Vulnerability:
        why = RemovalJustification.FALSE_POSITIVE
        return replace(old, state=replace(old.state, status=VulnerabilityStatus.DELETED, justification=why))

    before = {node["id"] for node in (await page(world, 100))["nodes"]}
    await commands.update(world.store, one.id, gone, world.stamp())
    assert {node["id"] for node in (await page(world, 100))["nodes"]} == before - {one.id}
