"""What takes long is computed once in a request, and in slices between which others have a turn."""

from __future__ import annotations

import asyncio
import sys
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from packages.api.tests.conftest import REPORTED
from packages.api.tests.test_past import alter, closed
from packages.api.tests.test_store_calls import counting

from integrates.api.request.turn import SLICE, Computation, new_computations, sliced, turn
from integrates.api.resolve.change import refresh
from integrates.db_model.entity import revision
from integrates.db_model.entity.read import page_of
from integrates.db_model.errors import Unavailable
from integrates.db_model.indicators.cell import finding_status
from integrates.db_model.indicators.contribution import remediations

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from types import CodeType

    from packages.api.tests.conftest import World

OF_REVISION = revision.of_item.__code__
CLOSINGS = remediations.__code__
MANY = 4 * SLICE


@contextmanager
def called(of: CodeType) -> Iterator[Callable[[], int]]:
    """Count the calls of a function: the same on every machine."""
    calls = 0

    def count(frame: Any, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code is of

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield lambda: calls
    finally:
        sys.setprofile(before)


async def most_between_turns(of: CodeType, work: Awaitable[Any]) -> int:
    """Await some work, and return how often a function was called between two turns of another task at most."""
    with called(of) as calls:
        seen = [0]

        async def tick() -> None:
            while True:
                seen.append(calls())
                await asyncio.sleep(0)

        ticking = asyncio.ensure_future(tick())
        await asyncio.sleep(0)
        await work
        seen.append(calls())
        ticking.cancel()
    return max(after - before for before, after in pairwise(seen))


async def filled(world: World) -> None:
    for number in range(MANY):
        await world.report(world.aurora, f"src/many/{number}.py", span=(REPORTED, REPORTED + timedelta(days=1)))


def of_finding(inside: str) -> str:
    return f"query ($id: ID!, $at: DateTime) {{ finding(id: $id, asOf: $at) {{ {inside} }} }}"


def aliased(number: int, field: str) -> str:
    return " ".join(f"a{n}: {field}" for n in range(number))


FIGURES = {
    "summary": ("summary { open closed }", 5),
    "status": ("status", 5),
    "where": ("where", 5),
    "age": ("openAgeDays", 5),
    "page": ("vulnerabilities(first: 10) { nodes { id finding { status summary { open } } } }", 5),
}


@pytest.mark.parametrize("kind", FIGURES)
async def test_the_past_is_read_once_however_often_it_is_asked_for(world: World, kind: str) -> None:
    field, times = FIGURES[kind]
    at = (await alter(world, world.aurora.vulnerable.id, closed(world))).isoformat()
    read: list[tuple[int, int, int]] = []
    for number in (1, times):
        calls: list[str] = []
        store = counting(world.store, calls)
        with called(OF_REVISION) as revisions, called(CLOSINGS) as figures:
            query = of_finding(aliased(number, field))
            answer = await world.answer("uri", query, store=store, id=world.aurora.finding.id, at=at)
        assert "errors" not in answer.body
        read.append((len(calls), revisions(), figures()))
        shown = answer.body["data"]["finding"]
        assert all(value == shown["a0"] for value in shown.values())
    assert read[0] == read[1]


async def test_figures_of_several_moments_read_the_past_once(world: World) -> None:
    before = await alter(world, world.aurora.vulnerable.id, closed(world))
    moments = (before, world.now())
    query = "query ($id: ID!, $a: DateTime, $b: DateTime) { a: finding(id: $id, asOf: $a) { summary { open } } %s }"
    numbers, data = [], {}
    for second in ("", "b: finding(id: $id, asOf: $b) { summary { open } }"):
        declared = query.replace(", $b: DateTime", "") if not second else query
        given = {"id": world.aurora.finding.id, "a": moments[0].isoformat()}
        given |= {"b": moments[1].isoformat()} if second else {}
        with called(OF_REVISION) as revisions:
            data = await world.data("uri", declared % second, **given)
        numbers.append(revisions())
    assert (data["a"], data["b"]) == ({"summary": {"open": 1}}, {"summary": {"open": 0}})
    assert numbers[0] == numbers[1]


async def test_nothing_that_was_computed_before_a_change_is_shown_after_it(world: World) -> None:
    context, numbers = world.started("uri"), iter(range(9))

    async def compute() -> int:
        return next(numbers)

    asked = Computation("number", compute)
    assert (await context.computed.load(asked), await context.computed.load(asked)) == (0, 0)
    refresh(context)
    assert await context.computed.load(asked) == 1


@pytest.mark.parametrize(
    "query",
    [
        of_finding("summary { open } status where openAgeDays"),
        of_finding("vulnerabilities(first: 500) { nodes { id } }"),
        of_finding(aliased(4, "summary { open } ") + "vulnerabilities(first: 500) { nodes { finding { status } } }"),
    ],
)
async def test_others_have_a_turn_while_the_past_is_read(world: World, query: str) -> None:
    await filled(world)
    asking = world.data("uri", query, id=world.aurora.finding.id, at=world.now().isoformat())
    assert 0 < await most_between_turns(OF_REVISION, asking) <= 2 * SLICE


def _later(seconds: float = 60.0) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_one_computation_may_wait_for_another() -> None:
    known = new_computations(_later())

    async def one() -> int:
        return 1

    async def two() -> int:
        found: int = await known.load(Computation("one", one))
        return found + 1

    async with asyncio.timeout(60):
        asked = [known.load(Computation("two", two)), known.load(Computation("one", one)), known.load(Computation("two", two))]
        assert await asyncio.gather(*asked) == [2, 1, 2]


async def test_the_error_of_a_computation_reaches_all_who_asked_for_it_and_nobody_else() -> None:
    known, begun = new_computations(_later()), []

    async def bad() -> int:
        begun.append("bad")
        raise ValueError("no")

    async def good() -> int:
        return 1

    asked = [known.load(Computation(name, work)) for name, work in (("bad", bad), ("bad", bad), ("good", good))]
    first, second, third = await asyncio.gather(*asked, return_exceptions=True)
    assert (type(first), type(second), third, begun) == (ValueError, ValueError, 1, ["bad"])


async def test_a_computation_goes_on_when_one_who_asked_is_cancelled_and_ends_at_the_deadline() -> None:
    known, gate = new_computations(_later()), asyncio.Event()

    async def compute() -> int:
        await gate.wait()
        return 1

    async def ask() -> int:
        found: int = await known.load(Computation("one", compute))
        return found

    first, second = asyncio.ensure_future(ask()), asyncio.ensure_future(ask())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    gate.set()
    assert await second == 1
    cut = new_computations(_later(0.0))
    gate.clear()
    with pytest.raises(Unavailable):
        await cut.load(Computation("one", compute))


async def test_a_request_has_one_turn_at_a_time() -> None:
    turns, at_work = asyncio.Lock(), []

    def work(name: int) -> int:
        at_work.append(name)
        return name

    async def many(name: int) -> list[int]:
        return await sliced(turns, work, [name] * MANY)

    done = asyncio.gather(*map(many, range(5)))
    numbers = [0]
    while not done.done():
        await asyncio.sleep(0)
        numbers.append(len(at_work))
    assert await done == [[name] * MANY for name in range(5)]
    assert max(after - before for before, after in pairwise(numbers)) <= SLICE


async def test_a_turn_is_given_back_whatever_happens() -> None:
    turns = asyncio.Lock()
    with pytest.raises(ValueError, match="no"):
        async with turn(turns):
            raise ValueError("no")

    async def taken() -> None:
        async with turn(turns):
            pass

    task = asyncio.ensure_future(taken())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not turns.locked()


@pytest.mark.parametrize(
    ("query", "work"),
    [
        ('{ group(name: "webshop") { %s } }', ("summary { openFindings }", finding_status.__code__)),
        ("query ($id: ID!) { finding(id: $id) { %s } }", ("where", page_of.__code__)),
    ],
)
async def test_what_is_read_for_a_field_is_read_once(world: World, query: str, work: tuple[str, CodeType]) -> None:
    field, of = work
    given = {"id": world.aurora.finding.id} if "$id" in query else {}
    numbers = []
    for number in (1, 5):
        with called(of) as calls:
            await world.data("uri", query % aliased(number, field), **given)
        numbers.append(calls())
    assert numbers[0] == numbers[1] > 0
