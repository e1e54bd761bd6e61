"""The executor answers what the library's own does, whatever is asked and whatever resolvers do."""

import asyncio
import json
from collections import Counter
from typing import Any, Final

import pytest
from graphql import ExecutionResult, GraphQLObjectType, execute, is_leaf_type, parse
from graphql.execution import Executor
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from packages.api.tests.conftest import ANCHOR, World
from packages.api.tests.execution.chaos import Failure, Later, Rates, Thing, new_chaos
from packages.api.tests.execution.operation import Operation, operations
from packages.api.tests.test_store_calls import counting
from packages.api.tests.test_typical_query import QUERIES

from integrates.api.authorization.actor import Actor, Means
from integrates.api.context import new_context
from integrates.api.resolve.completion import Completion, Miss, of_leaf, of_list
from integrates.api.resolve.executor import PlainExecutor
from integrates.db_model.testing.scene import address_of

CHAOS: Final = new_chaos()
QUERY, MUTATION = (CHAOS.schema.type_map[name] for name in ("Query", "Mutation"))
RATES: Final = st.builds(
    Rates,
    missing=st.sampled_from([0, 10, 40]),
    odd=st.sampled_from([0, 0, 4, 20]),
    failing=st.sampled_from([0, 0, 3, 20]),
    unread=st.sampled_from([0, 20, 100]),
)


def _is_awaitable(value: object) -> bool:
    return hasattr(value, "__await__")


async def _executed(operation: Operation, root: Thing, kind: type[Executor[Any]]) -> ExecutionResult:
    found: Any = execute(
        CHAOS.schema,
        parse(operation.text),
        root_value=root,
        variable_values=operation.variables,
        executor_class=kind,
        is_awaitable=_is_awaitable,  # type: ignore[arg-type] # a guard of a type is no more than a predicate here
    )
    result: ExecutionResult = await found if _is_awaitable(found) else found
    while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110 -- what the library does in the background has no event
        await asyncio.sleep(0)
    return result


def answered(operation: Operation, root: Thing, kind: type[Executor[Any]]) -> tuple[Any, ...]:
    """Return all that can be told of an execution: data in order, errors in order, and the calls of resolvers."""
    CHAOS.calls.clear()
    result = asyncio.run(_executed(operation, root, kind))
    errors = [(error.message, error.path, error.locations) for error in result.errors or ()]
    return json.dumps(result.data), errors, dict(CHAOS.calls)


def _compare(operation: Operation, root: Thing) -> None:
    assert answered(operation, root, PlainExecutor) == answered(operation, root, Executor)


@settings(max_examples=300)
@given(operation=operations(CHAOS.schema, QUERY), seed=st.integers(0, 10**6), rates=RATES)
def test_queries(operation: Operation, seed: int, rates: Rates) -> None:
    """Queries over the whole schema have the same data, errors and calls of resolvers, each in the same order."""
    _compare(operation, Thing("Query", f"{seed}", rates))


@settings(max_examples=100)
@given(operation=operations(CHAOS.schema, MUTATION), seed=st.integers(0, 10**6), rates=RATES)
def test_mutations(operation: Operation, seed: int, rates: Rates) -> None:
    """So have mutations, which are executed one after the other."""
    _compare(operation, Thing("Mutation", f"{seed}", rates))


class Counting(PlainExecutor):
    """Notes the fields that the library executes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        NOTED.clear()

    def execute_field(self, parent_type: GraphQLObjectType, *args: Any, **kwargs: Any) -> Any:
        """Note a field and execute it."""
        NOTED[str(parent_type)] += 1
        return super().execute_field(parent_type, *args, **kwargs)


NOTED: Final[Counter[str]] = Counter()
FIELDS: Final = """__typename id type where state openedAt tags severity { score level } dueAt isOverdue stateReasons
  tool { name suppression { kind } } finding { title } root { __typename nickname } group { name }"""


async def _real(world: World, person: str, query: str, kind: type[Executor[Any]], calls: list[str]) -> ExecutionResult:
    call = replace(world.call(person), now=lambda: ANCHOR)  # ages are in days
    context = new_context(call, Actor(address_of(person), Means.SESSION), counting(world.store, calls))
    tenant = world.aurora
    ids = {"finding": tenant.finding.id, "root": tenant.root.id, "vulnerability": tenant.vulnerable.id}
    found: Any = execute(world.api.schema, parse(query), context_value=context, variable_values=ids, executor_class=kind)
    result: ExecutionResult = await found
    assert result.errors is None
    return result


async def test_plain_fields_of_a_page_are_not_executed_by_the_library(world: World) -> None:
    """Else nothing would be won: of a page, the library executes the list and what is above it."""
    for number in range(20):
        await world.report(world.aurora, f"lib/{number}.py")
    listed = f"vulnerabilities {{ nodes {{ {FIELDS} }} edges {{ cursor node {{ {FIELDS} }} }} }}"
    query = f'{{ group(name: "webshop") {{ name {listed} }} }}'
    found = await _real(world, "uri", query, Counting, [])
    assert found.data
    assert len(found.data["group"]["vulnerabilities"]["edges"]) > 20
    assert NOTED == {"Query": 1, "Group": 1}


@pytest.mark.parametrize("name", QUERIES)
async def test_real_queries_read_the_same(world: World, name: str) -> None:
    """The store is asked as often, and in the same order."""
    person, query, _ = QUERIES[name]
    found = []
    for kind in (PlainExecutor, Executor):
        calls: list[str] = []
        result = await _real(world, person, query, kind, calls)
        found.append((json.dumps(result.data), calls))
    assert found[0] == found[1]


@pytest.mark.parametrize("value", [Later("text"), Failure("text"), object(), None])
@pytest.mark.parametrize("name", ["String", "Int", "DateTime", "JSON", "EventType"])
def test_what_is_no_plain_value_is_left_to_the_library(name: str, value: Any) -> None:
    """A scalar that takes anything would show what has to be awaited, or raised."""
    kind = CHAOS.schema.type_map[name]
    assert is_leaf_type(kind)
    exact, complete = of_leaf(kind)
    assert type(value) is not exact
    with pytest.raises(Miss):
        complete(value)


@pytest.mark.parametrize("value", ["text", {"text": 1}, {"text": 1}.keys(), None, Later(["text"])])
def test_what_is_no_plain_list_is_left_to_the_library(value: Any) -> None:
    """A text would be shown letter by letter."""
    _, complete = of_list(Completion(str, str))
    assert complete(("text",)) == complete(["text"]) == ["text"]
    with pytest.raises(Miss):
        complete(value)


def test_a_middleware_sees_every_field() -> None:
    """What wraps resolvers is not passed by."""
    seen: Counter[str] = Counter()

    def note(resolve: Any, source: Any, info: Any, **args: Any) -> Any:
        seen[info.field_name] += 1
        return resolve(source, info, **args)

    document, root = parse("{ __typename me { email } }"), Thing("Query", "1", Rates(0, 0, 0, 0))

    async def executed() -> Any:
        found: Any = execute(CHAOS.schema, document, root, middleware=[note], executor_class=PlainExecutor)
        return await found if _is_awaitable(found) else found

    asyncio.run(executed())
    assert seen == {"__typename": 1, "me": 1, "email": 1}


def test_events_of_a_subscription_remember_nothing_of_each_other() -> None:
    """An object that is shown again is read again."""
    executor: Any = PlainExecutor.build(CHAOS.schema, parse("{ __typename }"))
    assert executor.build_per_event_executor(None).plans is not executor.plans


async def test_what_was_shown_is_forgotten_with_the_response(world: World) -> None:
    """An executor is a cycle, so that all that it remembers would stay until the collector comes."""
    made: list[PlainExecutor] = []

    class Kept(PlainExecutor):
        """An executor that can be looked at."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            made.append(self)

        def build_response(self, data: Any) -> Any:
            """Note that there is something to forget."""
            assert self.plans
            return super().build_response(data)

    listed = f"vulnerabilities {{ nodes {{ {FIELDS} }} }}"
    await _real(world, "uri", f'{{ group(name: "webshop") {{ {listed} }} }}', Kept, [])
    assert [one.plans for one in made] == [{}]
