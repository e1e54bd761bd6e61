"""No result of a test depends on how fast or how busy a machine is."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

REQUIREMENTS = Path("packages/db_model/src/integrates/db_model/testing")
CLOCKS = {"sleep", "monotonic", "perf_counter"}
PROFILE = "is what the profile in the conftest.py of the repository is for"
WITH_PROFILE = REQUIREMENTS / "requirements/agreement.py"
"""Runs in the tests of other people, who have profiles of their own."""


def waits(tree: ast.AST) -> Iterator[str]:
    """What a test does by the clock, as `line: name`, except asking again and again for what will be so."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() if any(isinstance(part, ast.While) for part in ast.walk(node)):
                continue
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=args) if name in CLOCKS:
                if not (args and isinstance(args[0], ast.Constant) and args[0].value == 0):
                    yield f"{node.lineno}: {name}"
            case ast.keyword(arg="deadline"):
                yield f"{node.value.lineno}: deadline {PROFILE}"
            case _:
                pass
        yield from waits(node)


@pytest.mark.parametrize(
    "text",
    [
        "time.sleep(0.3)",
        "async def test():\n    await asyncio.sleep(pause)",
        "begun = time.monotonic()\nassert time.monotonic() - begun < 2",
        "@settings(deadline=None)\ndef test(): ...",
    ],
)
def test_a_wait_is_recognised(text: str) -> None:
    assert list(waits(ast.parse(text)))


@pytest.mark.parametrize(
    "text", ["asyncio.sleep(0)", "def eventually():\n    until = monotonic() + 60\n    while not so():\n        sleep(0.1)"]
)
def test_letting_others_run_and_asking_again_are_no_waits(text: str) -> None:
    assert list(waits(ast.parse(text))) == []


def test_no_test_waits_for_a_length_of_time(trees: Mapping[Path, ast.Module]) -> None:
    tests = {
        path: tree for path, tree in trees.items() if {"tests", "docs"} & {*path.parts} or path.is_relative_to(REQUIREMENTS)
    }
    assert {str(path): found for path, tree in tests.items() if (found := list(waits(tree))) and path != WITH_PROFILE} == {}
