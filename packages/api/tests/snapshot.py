"""The committed text of the whole schema, with its directives: `python packages/api/tests/snapshot.py` writes it anew.

With `--release` it also writes what is promised from now on, which the schema is compared with until the next release.
"""

import sys
from pathlib import Path
from typing import Any, Final

from graphql import DefinitionNode, DirectiveDefinitionNode, DocumentNode, Node, Visitor, print_ast, visit

from integrates.api.schema import definition

PACKAGE: Final = Path(__file__).parent.parent
SNAPSHOT: Final = PACKAGE / "schema.graphql"
RELEASED: Final = PACKAGE / "released.graphql"
"""The schema of the last release, without descriptions: what clients may rely on."""


class _Bare(Visitor):
    """Take the descriptions out of a document."""

    def leave(self, node: Node, *_: Any) -> Node | None:
        """Return the node without its description; none where there is none to take."""
        if getattr(node, "description", None) is None:
            return None
        return type(node)(**{key: getattr(node, key) for key in node.keys if key != "description"})


def _place(node: DefinitionNode) -> tuple[bool, str]:
    """Directives first, then types; by name."""
    return (not isinstance(node, DirectiveDefinitionNode), node.name.value)  # type: ignore[attr-defined] # all but `schema`


def printed(document: DocumentNode) -> str:
    """Print a schema in an order that does not depend on the order of its files."""
    return print_ast(DocumentNode(definitions=tuple(sorted(document.definitions, key=_place)))) + "\n"


def promised(document: DocumentNode) -> str:
    """Print what a client may rely on: the schema without its descriptions, which may always be bettered."""
    return printed(visit(document, _Bare()))


if __name__ == "__main__":
    SNAPSHOT.write_text(printed(definition()), encoding="utf-8")
    if "--release" in sys.argv[1:]:
        RELEASED.write_text(promised(definition()), encoding="utf-8")
