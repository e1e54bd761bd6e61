"""The entries of the reference, from the schema as it is written: its descriptions, and what its directives say."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, TypeAlias

import msgspec
from graphql import (
    DirectiveDefinitionNode,
    DirectiveNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    EnumValueDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    TypeNode,
    UnionTypeDefinitionNode,
    print_ast,
    value_from_ast_untyped,
)

from integrates.api.resolve.definition import CONNECTION

_EDGE: Final = "Edge"
_PAYLOAD: Final = "Payload"


class Kind(StrEnum):
    """What an entry is about, in the order in which people look for it."""

    QUERY = "query"
    MUTATION = "mutation"
    SUBSCRIPTION = "subscription"
    OBJECT = "object"
    INTERFACE = "interface"
    UNION = "union"
    LIST = "list"
    PAYLOAD = "payload"
    INPUT = "input"
    ENUMERATION = "enumeration"
    SCALAR = "scalar"
    DIRECTIVE = "directive"


class Typed(msgspec.Struct, frozen=True):
    """A type as the schema writes it, such as ``[Root!]!``, and the name in it, ``Root``; both empty where there is none."""

    text: str = ""
    name: str = ""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A member of an entry: a field, an argument, a value of an enumeration, a member of an input object.

    ``default`` is the literal of the schema, empty without one. ``deprecated`` says why, and what to use instead. ``needs`` is
    the permission without which a field is null, ``partly`` are those without which some of it is not shown. ``items`` is the
    longest list that is taken, ``weight`` what the field adds to the cost of a query beside 1; ``past`` likewise "as of".
    """

    name: str
    meaning: str
    type: Typed = Typed()
    default: str = ""
    deprecated: str = ""
    arguments: tuple["Part", ...] = ()
    needs: str = ""
    partly: tuple[str, ...] = ()
    items: int | None = None
    weight: int = 0
    past: int = 0

    @property
    def is_paged(self) -> bool:
        """Whether it is a list in pages."""
        return self.type.name.endswith(CONNECTION)

    @property
    def is_required(self) -> bool:
        """Whether an argument or a member of an input object has to be given."""
        return self.type.text.endswith("!") and not self.default


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What the reference says of one name. That of a query, mutation or subscription is ``own``, as a field with arguments.

    ``parts`` are the fields, values or members of a type, or the arguments of a directive. ``shown_by`` are the fields that
    answer a type, or take it, such as ``Group.roots``; ``related`` the types that are behind an interface or union, or that an
    object has as interface.
    """

    name: str
    kind: Kind
    meaning: str
    own: Part | None = None
    parts: tuple[Part, ...] = ()
    shown_by: tuple[str, ...] = ()
    related: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[Part, ...]:
        """The arguments of a query, mutation or subscription."""
        return self.own.arguments if self.own else ()


_Fielded: TypeAlias = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode
_Described: TypeAlias = (
    _Fielded
    | DirectiveDefinitionNode
    | EnumTypeDefinitionNode
    | EnumValueDefinitionNode
    | FieldDefinitionNode
    | InputObjectTypeDefinitionNode
    | InputValueDefinitionNode
    | ScalarTypeDefinitionNode
    | UnionTypeDefinitionNode
)
_ROOTS: Final[Mapping[str, Kind]] = {"Query": Kind.QUERY, "Mutation": Kind.MUTATION, "Subscription": Kind.SUBSCRIPTION}


def _meaning(node: _Described) -> str:
    """Return a description as one line."""
    return " ".join(node.description.value.split()) if node.description else ""


def _typed(node: TypeNode) -> Typed:
    text = print_ast(node)
    return Typed(text, text.strip("[]!"))


def _said(directives: Sequence[DirectiveNode] | None) -> Mapping[str, Mapping[str, Any]]:
    """Return the arguments of each directive by its name."""
    return {
        one.name.value: {argument.name.value: value_from_ast_untyped(argument.value) for argument in one.arguments or ()}
        for one in directives or ()
    }


def _part(node: FieldDefinitionNode | InputValueDefinitionNode | EnumValueDefinitionNode) -> Part:
    said = _said(node.directives)
    weight = said.get("weight", {})
    default = node.default_value if isinstance(node, InputValueDefinitionNode) else None
    return Part(
        name=node.name.value,
        meaning=_meaning(node),
        type=Typed() if isinstance(node, EnumValueDefinitionNode) else _typed(node.type),
        default=print_ast(default) if default else "",
        deprecated=said["deprecated"].get("reason", "") if "deprecated" in said else "",
        arguments=_parts(node.arguments) if isinstance(node, FieldDefinitionNode) else (),
        needs=said["requires"]["permission"] if "requires" in said else "",
        partly=tuple(said["partly"]["needs"]) if "partly" in said else (),
        items=said["most"]["items"] if "most" in said else None,
        weight=weight.get("of", 0),
        past=weight.get("past", 0),
    )


def _parts(
    nodes: Iterable[FieldDefinitionNode | InputValueDefinitionNode | EnumValueDefinitionNode] | None,
) -> tuple[Part, ...]:
    return tuple(_part(node) for node in nodes or ())


def _kind(node: _Fielded) -> Kind:
    name = node.name.value
    if isinstance(node, InterfaceTypeDefinitionNode):
        return Kind.INTERFACE
    if name.endswith((CONNECTION, _EDGE)):
        return Kind.LIST
    return Kind.PAYLOAD if name.endswith(_PAYLOAD) else Kind.OBJECT


def _fielded(node: _Fielded, shown_by: Mapping[str, tuple[str, ...]]) -> Iterator[Entry]:
    name = node.name.value
    if name in _ROOTS:
        for own in _parts(node.fields):
            yield Entry(name=own.name, kind=_ROOTS[name], meaning=own.meaning, own=own)
        return
    yield Entry(
        name=name,
        kind=_kind(node),
        meaning=_meaning(node),
        parts=_parts(node.fields),
        shown_by=shown_by.get(name, ()),
        related=tuple(one.name.value for one in node.interfaces or ()),
    )


def _entries(document: DocumentNode, shown_by: Mapping[str, tuple[str, ...]]) -> Iterator[Entry]:
    for node in document.definitions:
        match node:
            case ObjectTypeDefinitionNode() | InterfaceTypeDefinitionNode():
                yield from _fielded(node, shown_by)
            case UnionTypeDefinitionNode():
                members = tuple(one.name.value for one in node.types or ())
                yield _plain(node, Kind.UNION, shown_by, related=members)
            case InputObjectTypeDefinitionNode():
                yield _plain(node, Kind.INPUT, shown_by, _parts(node.fields))
            case EnumTypeDefinitionNode():
                yield _plain(node, Kind.ENUMERATION, shown_by, _parts(node.values))
            case ScalarTypeDefinitionNode():
                yield _plain(node, Kind.SCALAR, shown_by)
            case DirectiveDefinitionNode():
                yield _plain(node, Kind.DIRECTIVE, shown_by, _parts(node.arguments))
            case _:
                raise ValueError(f"the reference cannot show a {node.kind}")


def _plain(
    node: _Described,
    kind: Kind,
    shown_by: Mapping[str, tuple[str, ...]],
    parts: tuple[Part, ...] = (),
    related: tuple[str, ...] = (),
) -> Entry:
    name = node.name.value
    return Entry(name=name, kind=kind, meaning=_meaning(node), parts=parts, shown_by=shown_by.get(name, ()), related=related)


def _uses(document: DocumentNode) -> Iterator[tuple[str, str]]:
    """Yield each field and member of an input object, as people ask for it, with the name of each type that it has or takes."""
    for node in document.definitions:
        if isinstance(node, InputObjectTypeDefinitionNode | ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
            owner = "" if node.name.value in _ROOTS else f"{node.name.value}."
            for field in node.fields or ():
                path = f"{owner}{field.name.value}"
                arguments = field.arguments or () if isinstance(field, FieldDefinitionNode) else ()
                yield from ((path, _typed(one.type).name) for one in (field, *arguments))


def _implementations(document: DocumentNode) -> Iterator[tuple[str, str]]:
    for node in document.definitions:
        if isinstance(node, ObjectTypeDefinitionNode):
            yield from ((one.name.value, node.name.value) for one in node.interfaces or ())


def _gathered(pairs: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    """Return the second halves of all pairs by the first, each once and sorted."""
    found = groupby(sorted(set(pairs)), itemgetter(0))
    return {first: tuple(second for _, second in group) for first, group in found}


def reference_of(document: DocumentNode) -> tuple[Entry, ...]:
    """Return an entry for each name of the whole schema: by kind, then by name.

    The roots have none: each of their fields has. Scalars that GraphQL itself has are not explained, either.
    """
    shown_by = _gathered((name, path) for path, name in _uses(document))
    behind = _gathered(_implementations(document))
    order = {kind: number for number, kind in enumerate(Kind)}
    whole = (
        msgspec.structs.replace(one, related=behind.get(one.name, ())) if one.kind is Kind.INTERFACE else one
        for one in _entries(document, shown_by)
    )
    return tuple(sorted(whole, key=lambda entry: (order[entry.kind], entry.name.lower(), entry.name)))
