"""What a query gives to the arguments of its fields, in its text or in variables, before anything is brought into its type.

Places are named as in the schema coordinates of GraphQL: `Group.roots(state:)`, `VulnerabilityFilter.states`, `Group.roots`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from graphql import (
    DirectiveNode,
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    value_from_ast_untyped,
)

Values: TypeAlias = Mapping[str, Any]
"""The values of variables by name: what a request gives, else the node of the default."""
Place: TypeAlias = tuple[str, GraphQLField | GraphQLArgument | GraphQLInputField]

_INTERNAL: Final = "__"


def values_of(operation: OperationDefinitionNode, given: Mapping[str, Any]) -> Values:
    """Return the values of the variables of an operation; those without one are left out."""
    defaults = {node.variable.name.value: node.default_value for node in operation.variable_definitions or ()}
    return {**{name: default for name, default in defaults.items() if default}, **given}


def resolved(value: Any, values: Values) -> Any:
    """Return the value of a variable in place of the variable; ``None`` for one without, and for null."""
    found = values.get(value.name.value) if isinstance(value, VariableNode) else value
    return None if isinstance(found, NullValueNode) else found


def items_of(value: Any) -> Sequence[Any] | None:
    """Return the items of a list; ``None`` for what is none."""
    return value.values if isinstance(value, ListValueNode) else value if isinstance(value, list) else None


def entries_of(value: Any) -> Sequence[tuple[str, Any]] | None:
    """Return the members of an object; ``None`` for what is none."""
    match value:
        case ObjectValueNode():
            return [(field.name.value, field.value) for field in value.fields]
        case dict():
            return list(value.items())
        case _:
            return None


def _below(place: str, value: Any, kind: GraphQLInputType, values: Values) -> Iterator[tuple[str, Any]]:
    found = resolved(value, values)
    yield place, found
    inner, items = get_nullable_type(kind), items_of(found)
    if isinstance(inner, GraphQLList) and items is not None:
        for item in items:
            yield from _below(place, item, inner.of_type, values)
        return
    named = get_named_type(inner)
    if isinstance(named, GraphQLInputObjectType):
        for name, part in entries_of(found) or ():
            if name in named.fields:
                yield from _below(f"{named.name}.{name}", part, named.fields[name].type, values)


def field_of(schema: GraphQLSchema, kind: str, node: FieldNode) -> GraphQLField | None:
    """Return the field of a type that a query names; ``None`` when the schema does not have it."""
    owner = schema.type_map.get(kind)
    return schema.get_field(owner, node.name.value) if owner and is_composite_type(owner) else None


def given(owner: str, field: GraphQLField, node: FieldNode, values: Values) -> Iterator[tuple[str, Any]]:
    """Yield each place that a field gives a value to, and the value: of JSON or a node of the query, ``None`` for null.

    A list comes before its items, which have its place too. What the schema does not have is passed over.
    """
    for argument in node.arguments or ():
        name = argument.name.value
        if name in field.args:
            yield from _below(f"{owner}.{node.name.value}({name}:)", argument.value, field.args[name].type, values)


def places(schema: GraphQLSchema) -> Iterator[Place]:
    """Yield all fields of the schema, their arguments, and the members of input objects; without those of introspection."""
    for owner, kind in schema.type_map.items():
        if owner.startswith(_INTERNAL):
            continue
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                yield f"{owner}.{name}", field
                yield from ((f"{owner}.{name}({argument}:)", one) for argument, one in field.args.items())
        elif isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{owner}.{name}", member) for name, member in kind.fields.items())


def directive_of(place: GraphQLField | GraphQLArgument | GraphQLInputField, name: str) -> Mapping[str, Any] | None:
    """Return the arguments that a directive was given at a place of the schema; ``None`` where it does not stand."""
    nodes: Iterable[DirectiveNode] = (place.ast_node.directives if place.ast_node else None) or ()
    found = next((node for node in nodes if node.name.value == name), None)
    return {each.name.value: value_from_ast_untyped(each.value) for each in found.arguments or ()} if found else None
