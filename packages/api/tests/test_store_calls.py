"""How often a query calls the store depends on its depth, never on how many objects it meets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrates.db_model.store.port import Store

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

QUERIES = {
    2: '{ group(name: "webshop") { vulnerabilities(first: 100) { nodes { id where group { id } } } } }',
    3: """{ group(name: "webshop") { vulnerabilities(first: 100) {
          nodes { id group { name } finding { title status } root { nickname group { id } } } } } }""",
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

    return Store(counted("get", store.get), counted("query", store.query), counted("write", store.write), store.max_changes)


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


TREAT = """mutation ($items: [VulnerabilityRef!]!, $assigned: String) { updateVulnerabilitiesTreatment(
  items: $items, treatment: IN_PROGRESS, justification: "We work on it.", assigned: $assigned) {
  vulnerabilities { id version treatment { status assigned } } errors { code } } }"""


@pytest.mark.parametrize(("assigned", "most"), [(None, 4), ("uri@demo.example", 5)])
async def test_a_treatment_of_thirty_takes_few_calls(world: World, assigned: str | None, most: int) -> None:
    items = [{"id": (await world.report(world.aurora, f"app/{number}.py")).id} for number in range(30)]
    calls: list[str] = []
    store = counting(world.store, calls)
    answer = await world.answer("vera", TREAT, store=store, items=items, assigned=assigned)
    assert len(answer.body["data"]["updateVulnerabilitiesTreatment"]["vulnerabilities"]) == 30
    assert (len(calls), calls[-1]) == (most, "write")
