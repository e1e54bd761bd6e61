"""The parts of a schema that have a name of their own: types, fields, arguments, values and directives."""

from collections.abc import Iterator

from graphql import DirectiveDefinitionNode, DocumentNode, Node


def _members(node: Node, part: str) -> Iterator[tuple[str, Node]]:
    """Name the members of a node, of which only some kinds have fields, values or arguments."""
    yield from ((one.name.value, one) for one in getattr(node, part, None) or ())


def _within(node: Node) -> Iterator[tuple[str, Node]]:
    own = node.name.value  # type: ignore[attr-defined] # every definition of a schema but `schema` itself has a name
    name = f"@{own}" if isinstance(node, DirectiveDefinitionNode) else own
    yield name, node
    yield from ((f"{name}({argument})", found) for argument, found in _members(node, "arguments"))
    for member, found in (*_members(node, "fields"), *_members(node, "values")):
        yield f"{name}.{member}", found
        yield from ((f"{name}.{member}({argument})", each) for argument, each in _members(found, "arguments"))


def parts(document: DocumentNode) -> dict[str, Node]:
    """Return all parts by path: `Type`, `Type.field`, `Type.field(argument)`, `Enum.VALUE`, `@directive(argument)`."""
    return dict(found for node in document.definitions for found in _within(node))
