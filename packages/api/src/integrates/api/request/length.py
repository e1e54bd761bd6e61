"""How long the lists in arguments are: looked at before their items are."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLList,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    get_nullable_type,
)

from integrates.api.request.argument import directive_of, entries_of, field_of, given, items_of, places, values_of
from integrates.api.request.fold import Inner, folded, fragments_of, root_of
from integrates.api.request.limits import too_complex

Maxima: TypeAlias = Mapping[str, int]
"""How many items a list may have, by its place in the schema."""
MEMBERS: Final = 50
"""How many members an object in arguments may have; what its type does not have is refused later, and with the whole object."""
_MOST: Final = "most"


def _lists(schema: GraphQLSchema) -> Iterator[tuple[str, GraphQLArgument | GraphQLInputField]]:
    for name, place in places(schema):
        if not isinstance(place, GraphQLField) and isinstance(get_nullable_type(place.type), GraphQLList):
            yield name, place


def maxima_of(schema: GraphQLSchema) -> Maxima:
    """Return what ``@most`` says of the lists in arguments. Raise ``ValueError`` when a list has none."""
    found = {name: directive_of(place, _MOST) for name, place in _lists(schema)}
    if unbounded := sorted(name for name, one in found.items() if one is None):
        raise ValueError(f"lists without `@{_MOST}`: {', '.join(unbounded)}")
    return {name: int(one["items"]) for name, one in found.items() if one}


def check_lengths(
    schema: GraphQLSchema,
    maxima: Maxima,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> None:
    """Raise ``RequestError`` (QUERY_TOO_COMPLEX) for a list that is too long. The document need not fit the schema."""
    values = values_of(operation, variables)

    def measure(node: FieldNode, kind: str, inner: Inner) -> int:
        field = field_of(schema, kind, node)
        if field is None:
            return inner(node.selection_set, "")
        for place, value in given(kind, field, node, values):
            items, members = items_of(value), entries_of(value)
            if items is not None and place in maxima and len(items) > maxima[place]:
                raise too_complex(f"items in `{place}`", maxima[place], len(items))
            if members is not None and len(members) > MEMBERS:
                raise too_complex(f"members in an object of `{place}`", MEMBERS, len(members))
        return inner(node.selection_set, get_named_type(field.type).name)

    root = root_of(schema, operation)
    folded(fragments_of(document), measure, sum)(operation.selection_set, root.name if root else "")
