"""How often a query calls the store depends on its depth, never on how many objects it meets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrates.db_model.store.port import Store

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

QUERIES = {
    2: '{ group(name: "webshop") { vulnerabilities(first: 100) { nodes { id where } } } }',
    3: '{ group(name: "webshop") { vulnerabilities(first: 100) { nodes { id finding { title status } root { nickname } } } } }',
    4: """{ group(name: "webshop") { vulnerabilities(first: 100) { nodes { id finding { title
          vulnerabilities(first: 2) { nodes { id } } summary { open } } history(first: 2) { nodes { version } } } } } }""",
}


def counting(store: Store, calls: list[str]) -> Store:
    """Note each call of the store."""

    def counted(name: str, function: Any) -> Any:
        async def call(argument: Any) -> Any:
            calls.append(name)
            return await function(argument)

        return call

    return Store(counted("get", store.get), counted("query", store.query), counted("write", store.write))


@pytest.mark.parametrize("depth", QUERIES)
async def test_breadth_costs_no_calls(world: World, depth: int) -> None:
    numbers = []
    for breadth in (10, 60):
        for number in range(breadth):
            await world.report(world.aurora, f"src/{breadth}/{number}.py")
        calls: list[str] = []
        answer = await world.answer("uri", QUERIES[depth], store=counting(world.store, calls))
        assert len(answer.body["data"]["group"]["vulnerabilities"]["nodes"]) > breadth
        numbers.append(len(calls))
    assert numbers[0] == numbers[1]
    assert numbers[0] <= 3 * depth + 3
