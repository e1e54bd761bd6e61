"""The committed text of the whole schema, with its directives: `python packages/api/tests/snapshot.py` writes it anew."""

from pathlib import Path

from graphql import DefinitionNode, DirectiveDefinitionNode, DocumentNode, print_ast

from integrates.api.schema import definition

SNAPSHOT = Path(__file__).parent.parent / "schema.graphql"


def _place(node: DefinitionNode) -> tuple[bool, str]:
    """Directives first, then types; by name."""
    return (not isinstance(node, DirectiveDefinitionNode), node.name.value)  # type: ignore[attr-defined] # all but `schema`


def printed(document: DocumentNode) -> str:
    """Print a schema in an order that does not depend on the order of its files."""
    return print_ast(DocumentNode(definitions=tuple(sorted(document.definitions, key=_place)))) + "\n"


if __name__ == "__main__":
    SNAPSHOT.write_text(printed(definition()), encoding="utf-8")
