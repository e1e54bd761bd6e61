"""What some fields cost beside 1 for each: the objects that are read and looked at for them, shown or not.

The schema says so with ``@weight``.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from graphql import FieldNode, FragmentDefinitionNode, GraphQLField, GraphQLSchema, SelectionSetNode, get_named_type

from integrates.api.request.argument import Values, directive_of, field_of, given, places, resolved
from integrates.api.request.fold import Inner, folded

_WEIGHT: Final = "weight"
_MOMENT: Final = "asOf"


class Weights(msgspec.Struct, frozen=True):
    """Weights by place in the schema; ``past`` are those of fields below a moment of the past."""

    now: Mapping[str, int]
    past: Mapping[str, int]


def weights_of(schema: GraphQLSchema) -> Weights:
    """Return what ``@weight`` says."""
    found = {name: one for name, place in places(schema) if (one := directive_of(place, _WEIGHT))}
    now, past = ({name: int(one[when]) for name, one in found.items() if when in one} for when in ("of", "past"))
    return Weights(now, past)


def _heaviest(schema: GraphQLSchema, weights: Mapping[str, int], fragments: Mapping[str, FragmentDefinitionNode]) -> Inner:
    """Return the function that measures the largest weight of the fields of a selection set, as deep as it goes."""

    def measure(node: FieldNode, kind: str, inner: Inner) -> int:
        field = field_of(schema, kind, node)
        below = inner(node.selection_set, get_named_type(field.type).name if field else "")
        return max(weights.get(f"{kind}.{node.name.value}", 0), below)

    return folded(fragments, measure, lambda found: max(found, default=0))


def weighing(
    schema: GraphQLSchema, weights: Weights, fragments: Mapping[str, FragmentDefinitionNode], values: Values
) -> Callable[[str, GraphQLField, FieldNode], int]:
    """Return the function that weighs a field of a type: by itself, by what it is given, and by the past that is asked for."""
    past = _heaviest(schema, weights.past, fragments)

    def weigh(owner: str, field: GraphQLField, node: FieldNode) -> int:
        filled = (place for place, value in given(owner, field, node, values) if value is not None)
        own = max((weights.now.get(place, 0) for place in (f"{owner}.{node.name.value}", *filled)), default=0)
        return own + (past(SelectionSetNode(selections=(node,)), owner) if _is_past(node, values) else 0)

    return weigh


def _is_past(node: FieldNode, values: Values) -> bool:
    moments: list[Any] = [one.value for one in node.arguments or () if one.name.value == _MOMENT]
    return any(resolved(value, values) is not None for value in moments)
