"""What the schema says of itself: everything is described, by a sentence that tells more than the name does."""

from collections.abc import Iterator

import pytest
from graphql import DirectiveDefinitionNode, DocumentNode, Node, parse

from integrates.api.schema import definition


def _named(node: Node, part: str) -> Iterator[tuple[str, Node]]:
    """Name the members of a node, of which only some kinds have fields, values or arguments."""
    yield from ((one.name.value, one) for one in getattr(node, part, None) or ())


def _parts(node: Node) -> Iterator[tuple[str, Node]]:
    """Name what has a description in a definition: itself, its members, and their arguments."""
    own = node.name.value  # type: ignore[attr-defined] # every definition of a schema but `schema` itself has a name
    name = f"@{own}" if isinstance(node, DirectiveDefinitionNode) else own
    yield name, node
    yield from ((f"{name}({argument})", found) for argument, found in _named(node, "arguments"))
    for member, found in (*_named(node, "fields"), *_named(node, "values")):
        yield f"{name}.{member}", found
        yield from ((f"{name}.{member}({argument})", each) for argument, each in _named(found, "arguments"))


def _texts(document: DocumentNode) -> dict[str, str]:
    """Return the description of everything that may have one, empty where there is none."""
    parts = ((path, getattr(node, "description", None)) for each in document.definitions for path, node in _parts(each))
    return {path: found.value if found else "" for path, found in parts}


def _fault(text: str) -> str | None:
    """Tell what is wrong with a description; none when it is as they all should be."""
    if not text:
        return "nothing"
    return None if text.endswith(".") else "no full stop"


def faults(document: DocumentNode) -> dict[str, str]:
    """Tell what is wrong with the descriptions of a schema."""
    found = {path: _fault(text) for path, text in _texts(document).items()}
    return {path: fault for path, fault in found.items() if fault}


def test_everything_is_described() -> None:
    found = faults(definition())
    assert found == {}, (
        "say in schema.graphql, above each of these, what it is for, in a sentence: "
        f"{', '.join(f'{path} ({fault})' for path, fault in found.items())}"
    )


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ('"A thing to keep." type Thing { size: Int }', {"Thing.size": "nothing"}),
        ('"A thing to keep" type Thing { "Bytes it takes." size: Int }', {"Thing": "no full stop"}),
        ('"A thing to keep." enum Thing { BIG }', {"Thing.BIG": "nothing"}),
        ('"A thing to keep." input Thing { size: Int }', {"Thing.size": "nothing"}),
        ("scalar Thing", {"Thing": "nothing"}),
        ('"Says a thing." directive @thing(of: Int) on OBJECT', {"@thing(of)": "nothing"}),
        ('"A thing to keep." type Thing { "Bytes it takes." size(of: Int): Int }', {"Thing.size(of)": "nothing"}),
    ],
)
def test_what_is_not_described_is_found(schema: str, found: dict[str, str]) -> None:
    assert faults(parse(schema)) == found
