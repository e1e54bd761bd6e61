"""How often a query calls the store depends on its depth, never on how many objects it meets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from packages.api.tests.conftest import stamping

from integrates.db_model.store.port import Store
from integrates.db_model.testing.scene import add_comment, add_event

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


async def test_what_is_above_is_read_only_where_somebody_asks_for_it(world: World) -> None:
    numbers = []
    for above in ("", "finding { title }", "root { nickname } finding { title }"):
        calls: list[str] = []
        query = f'{{ group(name: "webshop") {{ vulnerabilities(first: 100) {{ nodes {{ id {above} }} }} }} }}'
        assert (await world.answer("uri", query, store=counting(world.store, calls))).status == 200
        numbers.append(len(calls))
    plain, one, both = numbers
    assert plain + 1 == one == both


BESIDE = """{ group(name: "webshop") {
  events(first: 100) { nodes { id group { id } heldVulnerabilities { id finding { title } }
    comments(first: 5) { nodes { id } } } }
  comments(first: 100) { nodes { id parent { id } } } } }"""


async def test_events_and_comments_cost_no_calls_for_each(world: World) -> None:
    numbers = []
    for breadth in (3, 12):
        for number in range(breadth):
            name = f"{breadth}/{number}"
            event = await add_event(world.store, world.aurora.group, name, stamping())
            above = await add_comment(world.store, world.aurora.group, f"question {name}", stamping())
            await add_comment(world.store, world.aurora.group, f"answer {name}", stamping(), parent=above.id)
            await add_comment(world.store, event, f"comment {name}", stamping())
        calls: list[str] = []
        answer = await world.answer("uri", BESIDE, store=counting(world.store, calls))
        assert len(answer.body["data"]["group"]["events"]["nodes"]) > breadth
        numbers.append(len(calls))
    assert numbers[0] == numbers[1]
    assert numbers[0] <= 12


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


@pytest.mark.parametrize(
    ("person", "query", "most"),
    [
        ("olga", 'mutation ($id: ID!) { x: updateOrganization(id: $id, country: "DE") { errors { code } } }', 2),
        (
            "olga",
            """mutation ($id: ID!) { x: addGroup(organizationId: $id, name: "another", description: "A group") {
               errors { code } } }""",
            3,
        ),
    ],
)
async def test_what_the_guard_has_found_is_not_read_again(world: World, person: str, query: str, most: int) -> None:
    calls: list[str] = []
    answer = await world.answer(person, query, store=counting(world.store, calls), id=world.aurora.organization.id)
    assert answer.body["data"] == {"x": {"errors": []}}
    assert (len(calls), calls[-1]) == (most, "write"), calls
