"""What introspection costs: each field once for each object that it is read from, as many as the schema has."""

from collections.abc import Iterable, Mapping, Sized
from math import ceil
from typing import Any, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLWrappingType,
    is_abstract_type,
)

from integrates.api.request.fold import Inner, folded, fragments_of, widest
from integrates.api.request.limits import INTROSPECTION

Sizes: TypeAlias = Mapping[str, float]
"""How many objects a field of introspection shows on average; one where there is none."""


def _mean(lists: Iterable[Sized], number: int) -> float:
    return sum(map(len, lists)) / max(number, 1)


def sizes_of(schema: GraphQLSchema) -> Sizes:
    """Return how long the lists are that introspection shows of a schema, those of a type on average over all types."""
    kinds: list[Any] = list(schema.type_map.values())
    fielded = [kind for kind in kinds if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)]
    fields = [field for kind in fielded for field in kind.fields.values()]
    return {
        "types": len(kinds),
        "directives": len(schema.directives),
        "fields": _mean((kind.fields for kind in fielded), len(kinds)),
        "args": _mean((field.args for field in fields), len(fields)),
        "inputFields": _mean((kind.fields for kind in kinds if isinstance(kind, GraphQLInputObjectType)), len(kinds)),
        "enumValues": _mean((kind.values for kind in kinds if isinstance(kind, GraphQLEnumType)), len(kinds)),
        "interfaces": _mean((kind.interfaces for kind in fielded), len(kinds)),
        "possibleTypes": _mean((schema.get_possible_types(kind) for kind in kinds if is_abstract_type(kind)), len(kinds)),
        "ofType": sum(isinstance(field.type, GraphQLWrappingType) for field in fields) / max(len(fields), 1),
    }


def introspected_of(document: DocumentNode, sizes: Sizes) -> int:
    """Count the values that introspection shows in the widest operation, fragments followed each time they are spread."""

    def measure_below(node: FieldNode, _kind: str, inner: Inner) -> int:
        return 1 + ceil(sizes.get(node.name.value, 1) * inner(node.selection_set, ""))

    below = folded(fragments_of(document), measure_below, sum)

    def measure(node: FieldNode, _kind: str, inner: Inner) -> int:
        return (below if node.name.value in INTROSPECTION else inner)(node.selection_set, "")

    return widest(document, measure, sum)
