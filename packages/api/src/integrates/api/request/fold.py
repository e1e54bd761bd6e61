"""Measuring a query by folding its selections. Each fragment is measured once, so nested fragments cost linear time."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias, assert_never

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
)

Inner: TypeAlias = Callable[[SelectionSetNode | None, str], int]
"""Measures a selection set on the type of that name."""
Measure: TypeAlias = Callable[[FieldNode, str, Inner], int]
"""Measures a field of the type of that name, with the help of what measures its selections."""
Join: TypeAlias = Callable[[Iterable[int]], int]
Fragments: TypeAlias = Mapping[str, FragmentDefinitionNode]


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """Return the fragments of the document by name."""
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def operations_of(document: DocumentNode) -> tuple[OperationDefinitionNode, ...]:
    """Return the operations of the document."""
    return tuple(node for node in document.definitions if isinstance(node, OperationDefinitionNode))


def root_of(schema: GraphQLSchema, operation: OperationDefinitionNode) -> GraphQLObjectType | None:
    """Return the type that has the root fields of an operation.

    The schema's own method makes a name for each call, which Python keeps in its cache of attributes.
    """
    match operation.operation:
        case OperationType.QUERY:
            return schema.query_type
        case OperationType.MUTATION:
            return schema.mutation_type
        case OperationType.SUBSCRIPTION:
            return schema.subscription_type
    assert_never(operation.operation)


def folded(fragments: Fragments, measure: Measure, join: Join) -> Inner:
    """Return the function that measures a selection set: its fields one by one, joined with what fragments give.

    A cycle of fragments counts as nothing; validation refuses it.
    """
    known: dict[str, int] = {}

    def of_fragment(name: str) -> int:
        if name not in known and name in fragments:
            known[name] = 0
            known[name] = of_set(fragments[name].selection_set, fragments[name].type_condition.name.value)
        return known.get(name, 0)

    def of_selection(node: SelectionNode, kind: str) -> int:
        match node:
            case FieldNode():
                return measure(node, kind, of_set)
            case FragmentSpreadNode():
                return of_fragment(node.name.value)
            case InlineFragmentNode():
                return of_set(node.selection_set, node.type_condition.name.value if node.type_condition else kind)
            case _:
                return 0

    def of_set(selection_set: SelectionSetNode | None, kind: str) -> int:
        return join(of_selection(node, kind) for node in selection_set.selections) if selection_set else 0

    return of_set


def asks_for(info: GraphQLResolveInfo[Any], names: AbstractSet[str]) -> bool:
    """Return whether a field of one of these names is asked for anywhere below the field that is being resolved."""

    def measure(node: FieldNode, _kind: str, inner: Inner) -> int:
        return 1 if node.name.value in names else inner(node.selection_set, "")

    of_set = folded(info.fragments, measure, lambda found: max(found, default=0))
    return any(of_set(node.selection_set, "") for node in info.field_nodes)


def widest(document: DocumentNode, measure: Measure, join: Join) -> int:
    """Measure each operation and return the largest."""
    of_set = folded(fragments_of(document), measure, join)
    return max((of_set(node.selection_set, node.operation.value) for node in operations_of(document)), default=0)
