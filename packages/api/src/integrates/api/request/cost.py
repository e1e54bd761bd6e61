"""What a query costs: 1 and its weight for each field, times the sizes of the pages and lists that enclose it (domain 11.3)."""

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
    get_named_type,
    is_leaf_type,
)

from integrates.api.request.argument import Values, field_of, resolved, values_of
from integrates.api.request.fold import Inner, folded, fragments_of, root_of
from integrates.api.request.limits import INTROSPECTION
from integrates.api.request.weight import Weights, weighing

LIST_SIZE: Final = 50
"""What a list without pages counts as, and the default size of a page."""
_FIRST: Final = "first"
_CONNECTION: Final = "Connection"


def _page_size(node: FieldNode, values: Values) -> int:
    found = next((resolved(one.value, values) for one in node.arguments or () if one.name.value == _FIRST), None)
    match found:
        case IntValueNode():
            return int(found.value)
        case int() | float():
            return int(found)  # GraphQL takes 500.0 for 500
        case _:
            return LIST_SIZE


def _is_list(field: GraphQLField) -> bool:
    kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    return isinstance(kind, GraphQLList) and not is_leaf_type(get_named_type(kind))


def _factor(field: GraphQLField, node: FieldNode, owner: str, values: Values) -> int:
    """Return how many times the fields below a field count. A list inside a connection is its page, which has been counted."""
    if _FIRST in field.args:
        return max(_page_size(node, values), 1)
    return LIST_SIZE if _is_list(field) and not owner.endswith(_CONNECTION) else 1


def cost_of(
    schema: GraphQLSchema,
    weights: Weights,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> int:
    """Return the cost of an operation; a page size that is no number counts as the default.

    The document need not fit the schema: fields that this does not have count 1, and so do those below them.
    """
    fragments, values = fragments_of(document), values_of(operation, variables)
    weigh = weighing(schema, weights, fragments, values)

    def measure(node: FieldNode, kind: str, inner: Inner) -> int:
        if node.name.value in INTROSPECTION:
            return 1
        field = field_of(schema, kind, node)
        if field is None:
            return 1 + inner(node.selection_set, "")
        below = inner(node.selection_set, get_named_type(field.type).name)
        return 1 + weigh(kind, field, node) + _factor(field, node, kind, values) * below

    root = root_of(schema, operation)
    return folded(fragments, measure, sum)(operation.selection_set, root.name if root else "")
