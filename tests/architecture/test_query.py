"""The queries of the benchmarks, the client and the pipelines fit the schema: not all of them are asked by a test."""

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLSyntaxError, OperationDefinitionNode, parse, validate

from integrates.api.schema import new_schema


def texts(value: Any) -> Iterator[str]:
    """The texts in a value of a module."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for part in value.values() for text in texts(part))


def is_query(text: str) -> bool:
    try:
        definitions = parse(text).definitions
    except GraphQLSyntaxError:
        return False
    return all(isinstance(node, OperationDefinitionNode) for node in definitions)


def queries(module: ModuleType) -> list[str]:
    """The queries that a module holds under a name of its own, put together as they are sent."""
    return [
        text for name, value in vars(module).items() if not name.startswith("__") for text in texts(value) if is_query(text)
    ]


def misfits(found: Mapping[str, list[str]]) -> dict[tuple[str, str], list[GraphQLError]]:
    """What is wrong with the queries of each module."""
    schema = new_schema()
    wrong = {(name, text): validate(schema, parse(text)) for name, own in found.items() for text in own}
    return {source: errors for source, errors in wrong.items() if errors}


def test_the_benchmarks_ask_for_what_there_is(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(root / "benchmarks")
    names = [path.stem for path in sorted((root / "benchmarks").glob("*.py"))]
    try:
        found = {name: queries(import_module(name)) for name in names}
    finally:
        for name in names:
            sys.modules.pop(name, None)
    assert {name for name, own in found.items() if own} >= {"reading", "remote", "service"}
    assert misfits(found) == {}


@pytest.mark.parametrize(
    ("room", "askers"),
    [
        ("client", {"login", "listing", "show", "treatment"}),
        ("pages", {"listing", "overview", "person", "sheet", "vulnerability"}),
        ("pipeline", {"compare", "decision", "question", "target", "upload"}),
    ],
)
def test_the_client_asks_for_what_there_is(root: Path, room: str, askers: set[str]) -> None:
    folder = root / "packages/server/src/integrates/server" / room
    names = [path.stem for path in sorted(folder.glob("*.py")) if path.stem != "__init__"]
    found = {name: queries(import_module(f"integrates.server.{room}.{name}")) for name in names}
    assert {name for name, own in found.items() if own} >= askers
    assert misfits(found) == {}
