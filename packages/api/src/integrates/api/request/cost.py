"""What a query costs: 1 for each field, times the sizes of the pages and lists that enclose it (domain section 11.3)."""

from collections.abc import Mapping
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_leaf_type,
)

from integrates.api.request.fold import Inner, folded, fragments_of
from integrates.api.request.limits import INTROSPECTION

LIST_SIZE: Final = 50
"""What a list without pages counts as, and the default size of a page."""
_FIRST: Final = "first"
_CONNECTION: Final = "Connection"


def _numbers(operation: OperationDefinitionNode, given: Mapping[str, Any]) -> dict[str, int]:
    """Return the variables that are numbers, or their defaults. No others: the closure that measures keeps them alive."""
    defaults = {
        node.variable.name.value: int(node.default_value.value)
        for node in operation.variable_definitions or ()
        if isinstance(node.default_value, IntValueNode) and node.variable.name.value not in given
    }
    # GraphQL takes 500.0 for 500
    return {**defaults, **{name: int(value) for name, value in given.items() if isinstance(value, int | float)}}


def _page_size(node: FieldNode, variables: Mapping[str, int]) -> int:
    given = next((argument.value for argument in node.arguments or () if argument.name.value == _FIRST), None)
    match given:
        case IntValueNode():
            return int(given.value)
        case VariableNode():
            return variables.get(given.name.value, LIST_SIZE)
        case _:
            return LIST_SIZE


def _is_list(field: GraphQLField) -> bool:
    kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    return isinstance(kind, GraphQLList) and not is_leaf_type(get_named_type(kind))


def _factor(field: GraphQLField, node: FieldNode, owner: str, variables: Mapping[str, int]) -> int:
    """Return how many times the fields below a field count. A list inside a connection is its page, which has been counted."""
    if _FIRST in field.args:
        return max(_page_size(node, variables), 1)
    return LIST_SIZE if _is_list(field) and not owner.endswith(_CONNECTION) else 1


def cost_of(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> int:
    """Return the cost of an operation of a valid document; a page size that is no number counts as the default."""
    numbers = _numbers(operation, variables)

    def measure(node: FieldNode, kind: str, inner: Inner) -> int:
        owner = schema.type_map[kind]
        field = schema.get_field(owner, node.name.value) if is_composite_type(owner) else None
        if field is None or node.name.value in INTROSPECTION:
            return 1
        return 1 + _factor(field, node, kind, numbers) * inner(node.selection_set, get_named_type(field.type).name)

    root = schema.get_root_type(operation.operation)
    of_set = folded(fragments_of(document), measure, sum)
    return of_set(operation.selection_set, root.name) if root else 0
