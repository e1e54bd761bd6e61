"""The schema as it is written, made whole: what every entity and every list has is written here, once.

A type with ``@entity`` gets what all entities have, each ``…Connection`` that a field names gets its types, and each field
that returns one the arguments of a page. Documents in, documents out: nothing here knows a resolver.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from string import Template
from typing import Any, Final, TypeAlias, TypeVar

from graphql import (
    DefinitionNode,
    DirectiveDefinitionNode,
    DirectiveNode,
    DocumentNode,
    FieldDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    Node,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    TypeNode,
    parse,
    print_ast,
    value_from_ast_untyped,
)

CONNECTION: Final = "Connection"
"""The end of the name of a type that is a page of a list; before it stands the type of the items."""
ENTITY: Final = "entity"
"""The directive on types that show an entity."""
HISTORY: Final = "history"
ASPECT_HISTORY: Final = "History"
"""The end of the name of a field that is the history of one aspect; before it stands the field that shows the aspect."""

_TYPES: Final = Template("""
"One page of a list of `$node`, which is walked from cursor to cursor."
type ${node}Connection {
  "Items of the page, each with its cursor."
  edges: [${node}Edge!]!
  "Items of the page alone, for those who need no cursors."
  nodes: [$node!]!
  "Where the page stands in its list."
  pageInfo: PageInfo!
  "Number of items in the whole list that the caller may see, exact; null where it is not counted."
  totalCount: Int
}

"Place of one `$node` in a list, from which a page can begin."
type ${node}Edge {
  "What stands at this place of the list."
  node: $node!
  "Position of the item in the list, to be given as `after` for what follows it."
  cursor: String!
}
""")
_ENTITY: Final = Template("""
type Entity {
  "UUID of the object, unique on the platform; it never changes."
  id: ID!
  "Number of changes so far, 1 for a new object: a mutation that is given it as `expectedVersion` fails if others were faster."
  version: Int!
  "When the object was first stored."
  createdAt: DateTime!
  "Who stored it first: an e-mail, `service:forces:<group>`, `service:oidc:<provider>`, `operator` or `system`."
  createdBy: String
  "What each change made of the object, by ascending version."
  history: RevisionConnection $guard @weight(of: 50)
}
""")
_ASPECT: Final = Template("""
type Entity {
  "Those revisions of the object that changed its `$aspect`."
  ${aspect}History: RevisionConnection $guard @weight(of: 50)
}
""")
_PAGE: Final = """
type Page {
  list(
    "Most items of the page, 1 to 500."
    first: Int = 50
    "Cursor behind which the page begins: `endCursor` of the page before, or the `cursor` of an item."
    after: String
  ): String
}
"""

N = TypeVar("N", bound=Node)
_Fielded: TypeAlias = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode


def _with(node: N, **changes: Any) -> N:
    return type(node)(**{**{key: getattr(node, key) for key in node.keys}, **changes})


def _parsed(text: str) -> tuple[DefinitionNode, ...]:
    return parse(text, no_location=True).definitions


def _fields(text: str) -> tuple[FieldDefinitionNode, ...]:
    """Return the fields of the one type in the text."""
    return tuple(field for node in _parsed(text) if isinstance(node, ObjectTypeDefinitionNode) for field in node.fields or ())


_ARGUMENTS: Final[tuple[InputValueDefinitionNode, ...]] = _fields(_PAGE)[0].arguments or ()


def _named(kind: TypeNode) -> str:
    """Return the name of a type without its lists and marks."""
    return print_ast(kind).strip("[]!")


def _folded(nodes: Iterable[DefinitionNode]) -> Iterator[DefinitionNode]:
    """Put extensions of object types into the types; those of unknown types stay, for whoever builds the schema to refuse."""
    found = tuple(nodes)
    known = {node.name.value for node in found if isinstance(node, ObjectTypeDefinitionNode)}
    added = [node for node in found if isinstance(node, ObjectTypeExtensionNode) and node.name.value in known]
    for node in found:
        if isinstance(node, ObjectTypeDefinitionNode):
            parts = (node, *(one for one in added if one.name.value == node.name.value))
            members = ("interfaces", "directives", "fields")
            yield _with(node, **{name: tuple(each for one in parts for each in getattr(one, name) or ()) for name in members})
        elif node not in added:
            yield node


def _defaults(nodes: Iterable[DefinitionNode]) -> Mapping[str, Any]:
    """Return the default values of the arguments of ``@entity``."""
    arguments = (
        argument
        for node in nodes
        if isinstance(node, DirectiveDefinitionNode) and node.name.value == ENTITY
        for argument in node.arguments or ()
    )
    return {
        argument.name.value: value_from_ast_untyped(argument.default_value) for argument in arguments if argument.default_value
    }


def _entity(node: _Fielded, directive: DirectiveNode, defaults: Mapping[str, Any]) -> _Fielded:
    """Add the fields that ``@entity`` gives to a type, except those that the type defines itself."""
    given = {argument.name.value: value_from_ast_untyped(argument.value) for argument in directive.arguments or ()}
    asked = {**defaults, **given}
    guarded = asked["history"] is not None and not isinstance(node, InterfaceTypeDefinitionNode)
    guard = f'@requires(permission: "{asked["history"]}", of: {asked["of"]})' if guarded else ""
    if guarded and asked["partly"]:
        guard += f" @partly(needs: {json.dumps(asked['partly'])})"
    own = node.fields or ()
    first, *others = _fields(_ENTITY.substitute(guard=guard))
    aspects = (field for name in asked["aspects"] for field in _fields(_ASPECT.substitute(aspect=name, guard=guard)))
    identity = () if first.name.value in {field.name.value for field in own} else (first,)
    return _with(node, fields=(*identity, *own, *others, *aspects))


def _paged(field: FieldDefinitionNode) -> FieldDefinitionNode:
    if not _named(field.type).endswith(CONNECTION):
        return field
    return _with(field, arguments=(*(field.arguments or ()), *_ARGUMENTS))


def _whole(node: DefinitionNode, defaults: Mapping[str, Any]) -> DefinitionNode:
    if not isinstance(node, _Fielded):
        return node
    directive = next((one for one in node.directives or () if one.name.value == ENTITY), None)
    entity = _entity(node, directive, defaults) if directive else node
    return _with(entity, fields=tuple(map(_paged, entity.fields or ())))


def expanded(document: DocumentNode) -> DocumentNode:
    """Return the whole schema: what is written in the document, and what follows from it."""
    written = tuple(_folded(document.definitions))
    defaults = _defaults(written)
    nodes = tuple(_whole(node, defaults) for node in written)
    named = (_named(field.type) for node in nodes if isinstance(node, _Fielded) for field in node.fields or ())
    connections = dict.fromkeys(name.removesuffix(CONNECTION) for name in named if name.endswith(CONNECTION))
    types = (node for name in connections for node in _parsed(_TYPES.substitute(node=name)))
    return DocumentNode(definitions=(*nodes, *types))
