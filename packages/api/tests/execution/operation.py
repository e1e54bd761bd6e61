"""Arbitrary operations on a schema: fields with arguments, aliases, fragments of all kinds, directives and variables.

They are not valid in all respects, for whoever executes must not depend on that: fields may be selected twice, also where types
differ.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)
from hypothesis import strategies as st

Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]
Fielded: TypeAlias = GraphQLObjectType | GraphQLInterfaceType
INTROSPECTION: Final = (
    "__schema { queryType { name kind } types { name } }",
    '__type(name: "Vulnerability") { kind fields { name } }',
)
_DEPTH: Final = 5
_MOST: Final = 5
_MOMENT: Final = "2026-01-02T03:04:05Z"
_SCALARS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "Int": st.integers(-5, 600),
    "Float": st.floats(0, 10, allow_nan=False),
    "Boolean": st.booleans(),
    "DateTime": st.just(_MOMENT),
    "Date": st.just(_MOMENT[:10]),
    "JSON": st.just({"a": [1, None]}),
}


class Operation(msgspec.Struct, frozen=True):
    """The text of a document and the values of its variables."""

    text: str
    variables: dict[str, Any]


class Writing(msgspec.Struct):
    """What an operation has so far: it is written from within, so its variables and fragments are known last."""

    schema: GraphQLSchema
    draw: Draw
    variables: dict[str, Any] = msgspec.field(default_factory=dict)
    declared: list[str] = msgspec.field(default_factory=list)
    fragments: list[str] = msgspec.field(default_factory=list)
    aliases: int = 0


def _seldom(draw: Draw) -> bool:
    """Draw yes in one case of four; Hypothesis tries the first value, which makes less, first."""
    found: int = draw(st.integers(0, 3))
    return found == 3


def _value(draw: Draw, kind: GraphQLInputType) -> Any:
    """Draw a value as a variable has it."""
    if isinstance(kind, GraphQLNonNull):
        return _of_kind(draw, kind.of_type)
    return _of_kind(draw, kind) if draw(st.integers(0, 9)) else None


def _of_kind(draw: Draw, kind: Any) -> Any:
    match kind:
        case GraphQLList():
            return [_value(draw, kind.of_type) for _ in range(draw(st.integers(0, 2)))]
        case GraphQLEnumType():
            return draw(st.sampled_from(sorted(kind.values)))
        case GraphQLInputObjectType():
            return {name: _value(draw, field.type) for name, field in kind.fields.items() if _is_given(draw, field)}
        case _:
            return draw(_SCALARS.get(kind.name, st.sampled_from(["one", "two", ""])))


def _is_given(draw: Draw, argument: GraphQLArgument | GraphQLInputField) -> bool:
    return isinstance(argument.type, GraphQLNonNull) or bool(draw(st.booleans()))


def _arguments(writing: Writing, field: GraphQLField) -> str:
    given = [_argument(writing, name, one) for name, one in field.args.items() if _is_given(writing.draw, one)]
    return f"({', '.join(given)})" if given else ""


def _argument(writing: Writing, name: str, argument: GraphQLArgument) -> str:
    return f"{name}: {_variable(writing, argument.type)}"


def _variable(writing: Writing, kind: GraphQLInputType) -> str:
    name = f"v{len(writing.declared)}"
    writing.declared.append(f"${name}: {kind}")
    if isinstance(kind, GraphQLNonNull) or writing.draw(st.integers(0, 9)):
        writing.variables[name] = _value(writing.draw, kind)
    return f"${name}"


def _directive(writing: Writing) -> str:
    name = writing.draw(st.sampled_from([*[""] * 10, "include", "skip"]))
    if not name:
        return ""
    known = "true" if writing.draw(st.booleans()) else "false"
    condition = _condition(writing) if writing.draw(st.booleans()) else known
    return f" @{name}(if: {condition})"


def _condition(writing: Writing) -> str:
    name = f"v{len(writing.declared)}"
    writing.declared.append(f"${name}: Boolean!")
    writing.variables[name] = writing.draw(st.booleans())
    return f"${name}"


def _alias(writing: Writing, *, needed: bool) -> str:
    if not needed and not _seldom(writing.draw):
        return ""
    writing.aliases += 1
    return f"a{writing.aliases}: "


def _field(writing: Writing, kind: Fielded, name: str, depth: int) -> str:
    field = kind.fields[name]
    inner = get_named_type(field.type)
    selected = _selected(writing, inner, depth - 1) if isinstance(inner, Fielded) else ""
    arguments = _arguments(writing, field)
    return f"{_alias(writing, needed=bool(arguments))}{name}{arguments}{_directive(writing)}{selected}"


def _fields(writing: Writing, kind: Fielded, depth: int) -> list[str]:
    simple = [name for name, field in kind.fields.items() if not isinstance(get_named_type(field.type), Fielded)]
    names = [*simple, *(name for name in kind.fields if depth > 1 and name not in simple)]
    chosen = writing.draw(st.lists(st.sampled_from(names), min_size=1, max_size=_MOST)) if names else []
    return [_field(writing, kind, name, depth) for name in chosen]


def _conditions(schema: GraphQLSchema, kind: Fielded) -> Sequence[Fielded]:
    if isinstance(kind, GraphQLInterfaceType):
        return (kind, *schema.get_possible_types(kind))
    return (kind, *kind.interfaces)


def _fragment(writing: Writing, kind: Fielded, depth: int) -> str:
    condition = writing.draw(st.sampled_from(_conditions(writing.schema, kind)))
    selected = _selected(writing, condition, depth)
    choice = writing.draw(st.integers(0, 2))
    if choice == 0 and condition is kind:
        return f"...{_directive(writing)}{selected}"
    if choice == 1:
        return f"... on {condition}{_directive(writing)}{selected}"
    name = f"F{len(writing.fragments)}"
    writing.fragments.append(f"fragment {name} on {condition}{selected}")
    return f"...{name}{_directive(writing)}"


def _selected(writing: Writing, kind: GraphQLNamedType, depth: int) -> str:
    assert isinstance(kind, Fielded)
    found = _fields(writing, kind, depth)
    if depth > 1 and _seldom(writing.draw):
        found.insert(writing.draw(st.integers(0, len(found))), _fragment(writing, kind, depth))
    if not found or _seldom(writing.draw):
        found.insert(0, "__typename")
    return f" {{ {' '.join(found)} }}"


@st.composite
def operations(draw: Draw, schema: GraphQLSchema, kind: GraphQLNamedType) -> Operation:
    """Return operations with these root fields: those of Mutation are mutations."""
    writing = Writing(schema, draw)
    selected = _selected(writing, kind, _DEPTH)
    if kind is schema.query_type and _seldom(draw):
        selected = f"{selected[:-1]}{draw(st.sampled_from(INTROSPECTION))} }}"
    declared = f"({', '.join(writing.declared)})" if writing.declared else ""
    text = f"{'mutation' if kind is schema.mutation_type else 'query'} O{declared}{selected}"
    return Operation("\n".join((text, *writing.fragments)), writing.variables)
