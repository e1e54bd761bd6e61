"""The objects above an object: the right ones, and without waiting for each row of a page."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeGuard

import pytest
from graphql import ExecutionResult, execute, parse
from packages.api.tests.conftest import stamping

from integrates.api.resolve.parent import at_once
from integrates.api.upload import in_memory
from integrates.db_model.access.types import GroupRole
from integrates.db_model.testing import scene
from integrates.db_model.testing.scene import address_of
from integrates.db_model.vulnerabilities.types import Treatment, TreatmentStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from packages.api.tests.conftest import World

IMPORT = """mutation ($root: ID!, $file: Upload!) { importVulnerabilities(groupName: "webshop", rootId: $root, file: $file) {
  import { id group { id name } root { id group { id } } } } }"""
LISTS = {
    "vulnerabilities": """vulnerabilities(first: 500) { nodes {
      group { id } root { id group { id } } finding { id group { id } } } }""",
    "findings": "findings(first: 500) { nodes { id group { id } } }",
    "imports": "imports(first: 500) { nodes { group { id } root { id group { id } } } }",
    "members": "members(first: 500) { nodes { id stakeholder { id } } }",
}
MINE = "{ me { assignedVulnerabilities(first: 500) { nodes { group { id } root { id } finding { id } } } } }"


async def _import(world: World, tool: str) -> Any:
    text = f'{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "{tool}"}}}}, "results": []}}]}}'
    given = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", text.encode())}
    return (await world.data("greta", IMPORT, **given))["importVulnerabilities"]["import"]


async def _waits(world: World, query: str) -> int:
    """Execute a query and count for how many values it has to wait."""
    waits: list[object] = []

    def is_awaitable(value: object) -> TypeGuard[Awaitable[Any]]:
        if waiting := hasattr(value, "__await__"):
            waits.append(value)
        return waiting

    context = world.started("greta")
    found: Any = execute(world.api.schema, parse(query), context_value=context, is_awaitable=is_awaitable)
    result: ExecutionResult = await found
    assert result.errors is None
    return len(waits)


async def _nodes(world: World, name: str) -> Any:
    query = f'{{ group(name: "webshop") {{ {LISTS[name]} }} }}'
    return (await world.data("greta", query))["group"][name]["nodes"]


async def test_objects_point_to_the_objects_above_them(world: World) -> None:
    run, aurora = await _import(world, "one"), world.aurora
    group, root = {"id": "webshop"}, {"id": aurora.root.id, "group": {"id": "webshop"}}
    assert (run["group"], run["root"]) == ({"id": "webshop", "name": "webshop"}, root)
    assert await _nodes(world, "imports") == [{"group": group, "root": root}]
    finding = {"id": aurora.finding.id, "group": group}
    assert await _nodes(world, "vulnerabilities") == [{"group": group, "root": root, "finding": finding}] * 2
    found = await _nodes(world, "findings")
    assert {node["id"] for node in found} == {aurora.finding.id, aurora.draft_finding.id}
    assert all(node["group"] == group for node in found)
    people = await _nodes(world, "members")
    assert people
    assert all(node["id"] == f"webshop/{node['stakeholder']['id']}" for node in people)


@pytest.mark.parametrize("query", [*(f'{{ group(name: "webshop") {{ {query} }} }}' for query in LISTS.values()), MINE])
async def test_no_row_of_a_page_is_waited_for(world: World, query: str) -> None:
    numbers = []
    for begin in (0, 10):
        for number in range(begin, begin + 10):
            mine = Treatment(
                status=TreatmentStatus.IN_PROGRESS, assigned=address_of("greta"), at=world.now(), by=address_of("greta")
            )
            await world.report(world.aurora, f"src/above{number}.py", treatment=mine)
            await _import(world, f"tool-{number}")
            await scene.add_person(world.store, address_of(f"p{number}"), stamping())
            await scene.add_member(world.store, world.aurora.group, address_of(f"p{number}"), GroupRole.USER, stamping())
        numbers.append(await _waits(world, query))
    assert numbers[0] == numbers[1]


async def test_what_is_read_is_shown_at_once_and_what_is_being_read_later() -> None:
    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    done.set_result(3)
    assert at_once(done, str) == "3"
    pending: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    later = at_once(pending, str)
    pending.set_result(4)
    assert not isinstance(later, str)
    assert await later == "4"
