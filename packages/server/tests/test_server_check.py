"""The command ``integrates check``: what it prints of a store, and how it ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from typer.testing import CliRunner

from integrates.db_model.groups.facet import group_counters_key
from integrates.db_model.inspection.types import Difference, Fault
from integrates.db_model.store.port import ANYTHING, Add
from integrates.db_model.store.url import open_store
from integrates.server.cli.check import Compared, compared, sentence
from integrates.server.cli.main import new_command
from integrates.server.demo.fill import fill
from integrates.server.process import clock
from integrates.server.process.open import open_installation
from integrates.server.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with the demo in it, which the tests must leave as it is."""
    url = f"sqlite:///{tmp_path_factory.mktemp('check') / 'store.db'}"

    async def filled() -> None:
        async with open_installation(Settings(store=url), {}, create=True) as installation:
            await fill(installation, clock.now())

    asyncio.run(filled())
    return url


def run(*arguments: str) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(new_command(), ["check", *arguments])


def added(url: str, by: int) -> None:
    """Add to a counter behind the model's back."""

    async def add() -> None:
        async with open_store(url) as store:
            await store.write((Add(group_counters_key("webshop", 0), {"roots": by}, {}, ANYTHING),))

    asyncio.run(add())


def test_the_demo_has_no_difference(demo: str) -> None:
    done = run("--store", demo)
    assert (done.exit_code, done.stdout.count("\n")) == (0, 1), done.stdout
    assert done.stdout.endswith("counters compared, 0 differences\n")


def test_differences_are_lines_and_exit_code_1(demo: str) -> None:
    added(demo, 2)
    try:
        plain, as_json = run("--store", demo), run("--json", "--store", demo)
    finally:
        added(demo, -2)
    assert (plain.exit_code, as_json.exit_code) == (1, 1)
    told, total = plain.stdout.splitlines()
    assert told.startswith("COUNTER COUNTERS#GROUP#webshop roots: expected ")
    assert total.endswith("1 differences")
    lines: list[dict[str, Any]] = [msgspec.json.decode(line) for line in as_json.stdout.splitlines()]
    difference, sums = lines
    assert (difference["fault"], difference["entity"], difference["at"]) == ("COUNTER", "COUNTERS#GROUP#webshop", "roots")
    assert difference["found"] == difference["expected"] + 2
    assert sums.keys() == {"entities", "counters", "differences"}
    assert (sums["entities"] > 50, sums["counters"] > 10, sums["differences"]) == (True, True, 1)


def test_a_store_that_is_missing_is_not_made(tmp_path: Path) -> None:
    done = run("--store", f"sqlite:///{tmp_path / 'none.db'}")
    assert (done.exit_code, done.stdout) == (2, "")
    assert list(tmp_path.iterdir()) == []


def test_memory_has_nothing_to_check() -> None:
    assert run("--store", "memory://").exit_code == 2


async def test_each_difference_is_told_at_once() -> None:
    told: list[Difference] = []
    async with open_store("memory://", create=True) as store:
        await store.write((Add(group_counters_key("webshop", 0), {"roots": 1}, {}, ANYTHING),))
        assert await compared(store, told.append) == Compared()
    assert told == []


@pytest.mark.parametrize(
    ("one", "line"),
    [
        (Difference(fault=Fault.GATE, entity="A", at="closed", expected=0, found="1"), "GATE A closed: expected 0, found 1"),
        (Difference(fault=Fault.ENTITY_MISSING, entity="A"), "ENTITY_MISSING A"),
        (Difference(fault=Fault.CLAIM_EXTRA, entity="A", at="k", found="U"), "CLAIM_EXTRA A k: found U"),
    ],
)
def test_a_difference_is_a_line(one: Difference, line: str) -> None:
    assert sentence(one) == line
