"""Weighing a query before it is validated: what introspection shows, what the fields cost, and how long the lists are."""

from collections.abc import Mapping
from typing import Any

import msgspec
from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode

from integrates.api.request.cost import cost_of
from integrates.api.request.introspection import Sizes, introspected_of, sizes_of
from integrates.api.request.length import Maxima, check_lengths, maxima_of
from integrates.api.request.limits import Limits, too_complex
from integrates.api.request.weight import Weights, weights_of


class Scale(msgspec.Struct, frozen=True):
    """A schema with what it says of itself: weights, maxima of lists in arguments, sizes of the lists of introspection."""

    schema: GraphQLSchema
    weights: Weights
    maxima: Maxima
    sizes: Sizes


def scale_of(schema: GraphQLSchema) -> Scale:
    """Return the scale of a schema. Raise ``ValueError`` for a list in arguments without maximum."""
    return Scale(schema, weights_of(schema), maxima_of(schema), sizes_of(schema))


def weighed(
    scale: Scale, limits: Limits, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> int:
    """Return the cost of an operation. Raise ``RequestError`` (QUERY_TOO_COMPLEX) beyond the limits.

    The document need not fit the schema.
    """
    introspected = introspected_of(document, scale.sizes)
    if introspected > limits.introspected:
        raise too_complex("values of introspection", limits.introspected, introspected)
    cost = cost_of(scale.schema, scale.weights, document, operation, variables)
    if cost > limits.cost:
        raise too_complex("cost units", limits.cost, cost)
    check_lengths(scale.schema, scale.maxima, document, operation, variables)
    return cost
