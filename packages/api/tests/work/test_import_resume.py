"""A6: a worker may die at each write; whoever continues reaches what one undisturbed run would have reached."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from integrates.db_model.imports.types import ImportCounts, ImportStatus


def earlier(tools: Any) -> bytes:
    """What was there before: several marks at each of some locations, of which some move, some go and some stay."""
    found = [tools.seen(f"{mark}{n}", line=n, rule=f"R{n % 3}") for n in range(1, 25) for mark in "xy"]
    plain = [tools.seen(None, line=n, rule=f"R{n % 3}") for n in range(100, 110)]
    made: bytes = tools.file(*found, *plain)
    return made


def later(tools: Any) -> bytes:
    moved = [tools.seen(f"x{n}", line=n + 1, rule=f"R{n % 3}") for n in range(1, 20)]
    renamed = [tools.seen(f"z{n}", line=n, rule=f"R{n % 3}") for n in range(20, 25)]
    marked = [tools.seen(mark, line=n, rule=f"R{n % 3}") for n in range(100, 106) for mark in ("m", f"n{n}") if n != 103]
    fresh = [tools.seen(f"f{n}", path="src/new.py", line=n, rule=f"N{n % 4}") for n in range(90)]
    quiet = [tools.seen(f"y{n}", line=n, rule=f"R{n % 3}", suppressions=[{}]) for n in range(1, 6)]
    score = {"properties": {"security-severity": "9.3"}}
    scored = [tools.seen(f"y{n}", line=n, rule=f"R{n % 3}", **score) for n in range(6, 9)]
    rules = [{"id": "R1", "properties": {"security-severity": "8.8"}}]
    results = [*moved, *renamed, *fresh[:7], *marked, *quiet, *scored, *fresh[7:]]
    made: bytes = tools.sarif(tools.one_run(*results, rules=rules), tools.one_run(*fresh[:3], tool="Other"))
    return made


async def prepared(world: Any, tools: Any) -> None:
    await world.imported(earlier(tools))
    await world.imported(tools.file(*(tools.seen(f"x{n}", line=n, rule=f"R{n % 3}") for n in range(12, 25))))


async def test_a6_killed_at_each_write(new_world: Callable[[], Any], tools: Any) -> None:
    whole = await new_world()
    await prepared(whole, tools)
    writes: list[int] = []

    async def note(number: int, _: Any) -> None:
        writes.append(number)

    undisturbed = await whole.imported(later(tools), store=tools.intruded(whole.store, note))
    expected = await whole.picture()
    assert len(writes) > 8, "several chunks, or this test says little"
    for number in writes:
        for written in (False, True):
            world = await new_world()
            await prepared(world, tools)
            with pytest.raises(tools.Killed):
                await world.imported(later(tools), store=tools.killed(world.store, number, written=written))
            record = await (world.resumed if await world.running() else world.imported)(later(tools))
            if number != writes[-1] or not written:
                assert record.progress.counts == undisturbed.progress.counts, (number, written)
            assert record.state.status is ImportStatus.COMPLETED
            assert await world.picture() == expected, (number, written)


async def test_a6_killed_again_and_again(new_world: Callable[[], Any], tools: Any) -> None:
    """Each worker does two writes, of which the first takes the import up, and dies."""
    whole = await new_world()
    await prepared(whole, tools)
    undisturbed = await whole.imported(later(tools))
    world = await new_world()
    await prepared(world, tools)
    content = later(tools)
    with pytest.raises(tools.Killed):
        await world.imported(content, store=tools.killed(world.store, 2, written=True))
    identifier = await world.running()
    workers = 1
    while await world.running():
        world.wait(61)
        workers += 1
        with suppress(tools.Killed):
            await world.imported(content, store=tools.killed(world.store, 2, written=True))
    assert workers > 5
    record = await world.record(identifier)
    assert (record.state.status, record.progress.counts) == (ImportStatus.COMPLETED, undisturbed.progress.counts)
    assert await world.picture() == await whole.picture()


async def test_results_at_one_place_are_told_apart_after_a_resumption(new_world: Callable[[], Any], tools: Any) -> None:
    """What was done before the interruption takes part in the matching of the rest: else the rest would be matched with it."""
    world = await new_world()
    known = [tools.seen(f"a{n}", line=n) for n in range(40)]
    await world.imported(tools.file(*known))
    content = tools.file(*known, *(tools.seen(f"b{n}", line=n) for n in range(40)))
    with pytest.raises(tools.Killed):
        await world.imported(content, store=tools.killed(world.store, 3, written=False))
    record = await world.resumed(content)
    assert record.progress.counts == ImportCounts(unchanged=40, created=40)
    assert len(await world.vulnerabilities()) == 80


@pytest.mark.parametrize("number", range(2, 9))
async def test_the_position_is_that_of_the_next_result(new_world: Callable[[], Any], tools: Any, number: int) -> None:
    """What is no work has an ordinal, too."""
    world = await new_world()
    passed = {3, 4, 41, 49, 50, 51, 98}
    results = [tools.seen(str(n), line=n, rule=f"R{n % 3}", kind="pass" if n in passed else "fail") for n in range(100)]
    runs = tools.sarif(tools.one_run(*results[:50]), tools.one_run(*results[50:]))
    with pytest.raises(tools.Killed):
        await world.imported(runs, store=tools.killed(world.store, number, written=False))
    record = await world.record(await world.running())
    order = [n for n in range(100) if n not in passed]
    created = record.progress.counts.created
    following = order[created] if created < len(order) else len(results)
    assert record.progress.position == (following if created else 0)


async def test_an_import_goes_on_at_its_next_window(new_world: Callable[..., Any], tools: Any) -> None:
    """What died behind the first window has only the rest left to do."""
    content = tools.file(
        *(tools.seen(str(n), line=n) for n in range(500)), *(tools.seen(f"x{n}", line=n, rule="R2") for n in range(3))
    )
    positions = set()
    for number in range(3, 8):
        world = await new_world(1_000)
        with suppress(tools.Killed):
            await world.imported(content, store=tools.killed(world.store, number, written=True))
        if identifier := await world.running():
            positions.add((await world.record(identifier)).progress.position)
            assert (await world.resumed(content)).progress.counts == ImportCounts(created=503)
    assert {500, 503} <= positions
