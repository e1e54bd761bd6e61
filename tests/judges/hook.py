"""What Schemathesis has to know to ask questions that are executed, not only refused. It imports this module itself."""

from typing import Any

import graphql
import schemathesis  # type: ignore[import-not-found]  # it has an environment of its own
from hypothesis import strategies


class Beginning(graphql.Visitor):
    """Have each list begin at its beginning: a text made up is no cursor, and BAD_CURSOR is no code that Schemathesis knows."""

    def enter_argument(self, node: graphql.ArgumentNode, *_: object) -> Any:
        """Replace a text by ``null``; what has a wrong type is left to be refused."""
        if node.name.value == "after" and isinstance(node.value, graphql.StringValueNode):
            return graphql.ArgumentNode(name=node.name, value=graphql.NullValueNode())
        return None


def map_body(_context: object, body: graphql.DocumentNode) -> graphql.DocumentNode:
    """Return the document that is sent."""
    changed: graphql.DocumentNode = graphql.visit(body, Beginning())
    return changed


schemathesis.hook(map_body)
schemathesis.graphql.scalar("Upload", strategies.just(graphql.StringValueNode(value="no file")))
