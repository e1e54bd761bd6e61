"""Every field that can be reached and every argument that takes a text or an id, walked from the schema itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    GraphQLArgument,
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
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

OPEN = "$probe"
"""Stands where a walker puts the id or text of somebody else."""
FILE = "$file"
"""Stands where a file is sent."""
TEXTS = {"ID", "String"}
PAGE = 2
Composite = GraphQLObjectType | GraphQLInterfaceType


@dataclass(frozen=True)
class Path:
    """A query or mutation; ``kind`` is the type of the argument that is left open, ``None`` when none is.

    ``where`` names the field, or the argument that is left open, by the types on the way.
    """

    where: str
    text: str
    kind: str | None = None

    @property
    def is_cursor(self) -> bool:
        """Return whether a cursor is asked for."""
        return self.where.endswith(".after")

    @property
    def is_entrance(self) -> bool:
        """Return whether it is a field of Query, and nothing is left open in it."""
        return self.kind is None and " > " not in self.where

    @property
    def is_change(self) -> bool:
        """Return whether it is a mutation."""
        return self.text.startswith("mutation")


@dataclass(frozen=True)
class Given:
    """What a walker gives to arguments that are not left open: by ``Type.field.argument``, else by the name of the argument."""

    by_place: Mapping[str, str]
    by_name: Mapping[str, str]

    def value(self, place: str) -> str:
        """Return the literal for an argument. Raise ``KeyError`` when nobody has said what to give."""
        return self.by_place.get(place) or self.by_name[place.rpartition(".")[2]]


def _openings(kind: GraphQLInputType, place: str, given: Given) -> Iterator[tuple[str, str, str]]:
    """Yield each way to leave a text or id open in an argument: where, the literal, and the type of what is left open."""
    if isinstance(kind, GraphQLNonNull):
        yield from _openings(kind.of_type, place, given)
    elif isinstance(kind, GraphQLList):
        yield from ((where, f"[{literal}]", leaf) for where, literal, leaf in _openings(kind.of_type, place, given))
    elif isinstance(kind, GraphQLInputObjectType):
        for name, field in kind.fields.items():
            for where, literal, leaf in _openings(field.type, f"{place}.{name}", given):
                others = _required(kind.fields, given, kind.name, but=name)
                yield where, "{" + ", ".join([f"{name}: {literal}", *others]) + "}", leaf
    elif kind.name in TEXTS:
        yield place, OPEN, kind.name


def _required(
    arguments: Mapping[str, GraphQLArgument] | Mapping[str, GraphQLInputField], given: Given, place: str, but: str = ""
) -> list[str]:
    """Return the arguments that have to be given, and small pages; where none is left open, also others that are given."""
    literals = []
    for name, argument in arguments.items():
        needed = is_required_argument(argument) if isinstance(argument, GraphQLArgument) else is_required_input_field(argument)
        if name == but:
            continue
        if name == "first":
            literals.append(f"first: {PAGE}")
        elif needed or (not but and f"{place}.{name}" in given.by_place):
            literals.append(f"{name}: {given.value(f'{place}.{name}')}")
    return literals


def _called(name: str, literals: Sequence[str]) -> str:
    return f"{name}({', '.join(literals)})" if literals else name


def _leaves(schema: GraphQLSchema, kind: GraphQLNamedType) -> str:
    """Select every field of a type that is a value and needs no argument, those of the types behind an interface too."""
    fields = getattr(kind, "fields", {})
    own = [name for name, field in fields.items() if is_leaf_type(get_named_type(field.type)) and not field.args]
    behind = schema.get_possible_types(kind) if isinstance(kind, GraphQLInterfaceType) else ()
    return " ".join(["__typename", *own, *(f"... on {each.name} {{ {_leaves(schema, each)} }}" for each in behind)])


def _selected(schema: GraphQLSchema, call: str, field: GraphQLField) -> str:
    kind = get_named_type(field.type)
    if is_leaf_type(kind):
        return call
    nodes = getattr(kind, "fields", {}).get("nodes")
    inner = f" nodes {{ {_leaves(schema, get_named_type(nodes.type))} }}" if nodes else ""
    page = " pageInfo { hasNextPage endCursor }" if nodes else ""
    return f"{call} {{ {_leaves(schema, kind)}{inner}{page} }}"


def _ways(kind: Composite, given: Given) -> Iterator[tuple[str, str, str, GraphQLField, str | None]]:
    """Yield each field of a type as it is, and once for each text or id in its arguments."""
    for name, field in kind.fields.items():
        place = f"{kind.name}.{name}"
        yield place, _called(name, _required(field.args, given, place)), name, field, None
        for argument, about in field.args.items():
            for where, literal, leaf in _openings(about.type, f"{place}.{argument}", given):
                others = _required(field.args, given, place, but=argument)
                yield where, _called(name, [f"{argument}: {literal}", *others]), name, field, leaf


def _document(operation: str, wraps: Sequence[str], selected: str, leaf: str | None) -> str:
    file = f", {FILE}: Upload!" if FILE in selected else ""
    head = operation if leaf is None else f"{operation} ({OPEN}: {leaf}!{file})"
    return f"{head} {{ {' { '.join([*wraps, selected])}{' }' * len(wraps)} }}"


def queries(schema: GraphQLSchema, given: Given) -> Iterator[Path]:
    """Yield a path to each field that is reached from each field of Query, the shortest one, and from it to its arguments."""
    assert schema.query_type is not None
    for root_where, root_call, root, field, root_leaf in _ways(schema.query_type, given):
        yield Path(root_where, _document("query", (), _selected(schema, root_call, field), root_leaf), root_leaf)
        kind = get_named_type(field.type)
        if root_leaf is None and not is_leaf_type(kind):
            yield from _below(schema, given, root, (root_call,), kind)


def _below(schema: GraphQLSchema, given: Given, root: str, wraps: tuple[str, ...], kind: GraphQLNamedType) -> Iterator[Path]:
    seen, left = {kind.name}, [(wraps, kind)]

    def follow(way: tuple[str, ...], target: GraphQLNamedType) -> None:
        if target.name not in seen:
            seen.add(target.name)
            left.append((way, target))

    while left:
        way, here = left.pop(0)
        for each in schema.get_possible_types(here) if isinstance(here, GraphQLInterfaceType) else ():
            follow((*way, f"... on {each.name}"), each)
        if not isinstance(here, Composite):
            continue
        for where, call, _, field, leaf in _ways(here, given):
            target = get_named_type(field.type)
            if is_leaf_type(target) and leaf is None:
                continue  # among the leaves of its type
            yield Path(f"{root} > {where}", _document("query", way, _selected(schema, call, field), leaf), leaf)
            if leaf is None:
                follow((*way, call), target)


def mutations(schema: GraphQLSchema, given: Given) -> Iterator[Path]:
    """Yield a path to each text or id that an argument of a mutation takes."""
    assert schema.mutation_type is not None
    for where, call, _, field, leaf in _ways(schema.mutation_type, given):
        if leaf is not None:
            fields = getattr(get_named_type(field.type), "fields", {})
            shown = (_selected(schema, name, each) for name, each in fields.items())
            selected = f"{call} {{ {' '.join(shown)} }}"
            yield Path(where, _document("mutation", (), selected, leaf), leaf)
