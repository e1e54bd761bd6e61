"""How the types of the schema are resolved. What does not fit the schema is refused when the schema is assembled."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
from ariadne import EnumType, SchemaBindable
from graphql import GraphQLEnumType, GraphQLObjectType, GraphQLSchema, get_named_type
from graphql.pyutils import camel_to_snake

from integrates.api.resolve.attribute import Fields, Resolver, attribute, entry, has_attribute

Values: TypeAlias = type[StrEnum] | Mapping[str, StrEnum]
V = TypeVar("V")
_WHERE: Final = "in the binding of the folder whose schema.graphql has the type"


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """How the types of one ``schema.graphql`` are read.

    ``shows`` names the class of the objects that an object type shows; only ``Query``, ``Mutation``, ``Subscription`` and what
    the fields of ``Mutation`` return have none, the latter being mappings. ``fields`` has what is more than the attribute of
    the same name in snake_case. ``streams`` has for each field of ``Subscription`` what yields the values of which its events
    are made, which resolvers find as ``info.root_value``. ``enums`` are the enums of the model, each whole or :func:`without`
    some values.
    """

    shows: Mapping[str, type] = {}
    fields: Fields = {}
    streams: Mapping[str, Resolver] = {}
    enums: Mapping[str, Values] = {}


def without(kind: type[StrEnum], *hidden: StrEnum) -> Mapping[str, StrEnum]:
    """Return the values of an enum by name, except those that are never shown."""
    return {name: value for name, value in kind.__members__.items() if value not in hidden}


def _merged(tables: Iterable[Mapping[str, V]]) -> dict[str, V]:
    """Put tables together. Raise ``ValueError`` for a name that two of them have."""
    rows = [row for table in tables for row in table.items()]
    names = [name for name, _ in rows]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"bound twice: {', '.join(sorted(twice))}")
    return dict(rows)


def joined(bindings: Iterable[Binding]) -> Binding:
    """Return all bindings as one. Raise ``ValueError`` for what is bound twice."""
    found = tuple(bindings)
    owners = dict.fromkeys(owner for one in found for owner in one.fields)
    return Binding(
        shows=_merged(one.shows for one in found),
        fields={owner: _merged(one.fields.get(owner, {}) for one in found) for owner in owners},
        streams=_merged(one.streams for one in found),
        enums=_merged(one.enums for one in found),
    )


def _objects(schema: GraphQLSchema) -> dict[str, GraphQLObjectType]:
    """Return the object types that are not GraphQL's own."""
    kinds = schema.type_map.items()
    return {name: kind for name, kind in kinds if isinstance(kind, GraphQLObjectType) and not name.startswith("__")}


def _roots(schema: GraphQLSchema) -> frozenset[str]:
    return frozenset(kind.name for kind in (schema.query_type, schema.mutation_type, schema.subscription_type) if kind)


def _payloads(schema: GraphQLSchema) -> frozenset[str]:
    fields = schema.mutation_type.fields.values() if schema.mutation_type else ()
    return frozenset(get_named_type(field.type).name for field in fields)


def _missing(schema: GraphQLSchema, binding: Binding) -> Iterator[str]:
    """Yield what would fail when somebody asks for it."""
    roots, payloads = _roots(schema), _payloads(schema)
    for owner, kind in _objects(schema).items():
        shown, own = binding.shows.get(owner), binding.fields.get(owner, {})
        if shown is None and owner not in roots | payloads:
            yield f"{owner}: no class. Say what it shows in `shows` {_WHERE}."
        for name in kind.fields:
            given = own.get(name, camel_to_snake(name))
            if owner in roots and name not in own:
                yield f"{owner}.{name}: no resolver. Add one to `fields` {_WHERE}."
            elif shown and isinstance(given, str) and not has_attribute(shown, given):
                yield (
                    f"{owner}.{name}: no resolver, and {shown.__qualname__} of {shown.__module__} has no attribute `{given}` "
                    f"in all cases. Add a resolver, or the path of an attribute, to `fields` {_WHERE}."
                )


def _surplus(schema: GraphQLSchema, binding: Binding) -> Iterator[str]:
    """Yield what is bound and no part of the schema."""
    objects = _objects(schema)
    yield from (f"{owner}: no such object type, but a class is bound to it." for owner in binding.shows if owner not in objects)
    for owner, own in binding.fields.items():
        known = objects[owner].fields if owner in objects else {}
        yield from (f"{owner}.{name}: no such field, but a resolver is bound to it." for name in own if name not in known)


def _enums(schema: GraphQLSchema) -> dict[str, GraphQLEnumType]:
    kinds = schema.type_map.items()
    return {name: kind for name, kind in kinds if isinstance(kind, GraphQLEnumType) and not name.startswith("__")}


def _names(values: Values) -> frozenset[str]:
    return frozenset(values if isinstance(values, Mapping) else values.__members__)


def _unequal(schema: GraphQLSchema, binding: Binding) -> Iterator[str]:
    """Yield how the enums of the schema differ from those of the model."""
    written = {name: frozenset(kind.values) for name, kind in _enums(schema).items()}
    bound = {name: _names(values) for name, values in binding.enums.items()}
    for name in sorted(written.keys() | bound.keys()):
        if name not in bound:
            yield f"{name}: no enum of the model. Name it in `enums` {_WHERE}."
        elif odd := written.get(name, frozenset()) ^ bound[name]:
            yield f"{name}: the enums of schema and model differ in {', '.join(sorted(odd))}."


def _streams(schema: GraphQLSchema, binding: Binding) -> Iterator[str]:
    """Yield the fields that can be followed without a stream, and the streams that no field has."""
    known = schema.subscription_type.fields if schema.subscription_type else {}
    for name in sorted(known.keys() ^ binding.streams.keys()):
        yield f"Subscription.{name}: no stream in `streams` {_WHERE}." if name in known else f"{name}: a stream of no field."


def wrong(schema: GraphQLSchema, binding: Binding) -> tuple[str, ...]:
    """Return what is wrong with a binding, a sentence or two for each thing."""
    return (*_missing(schema, binding), *_surplus(schema, binding), *_unequal(schema, binding), *_streams(schema, binding))


class Resolvers(SchemaBindable):
    """Sets the resolver of each field and the values of each enum. Raise ``ValueError`` for all that is missing or surplus."""

    def __init__(self, binding: Binding) -> None:
        self.binding = binding

    def bind_to_schema(self, schema: GraphQLSchema) -> None:
        """Check the binding against the schema and set it."""
        if found := wrong(schema, self.binding):
            raise ValueError("\n".join(("schema and resolvers do not fit:", *found)))
        payloads = _payloads(schema)
        for owner, kind in _objects(schema).items():
            own, read = self.binding.fields.get(owner, {}), entry if owner in payloads else attribute
            for name, field in kind.fields.items():
                field.resolve = _resolver(own.get(name, camel_to_snake(name)), read)
        for name, field in schema.subscription_type.fields.items() if schema.subscription_type else ():
            field.subscribe = self.binding.streams[name]
        for name, values in self.binding.enums.items():
            EnumType(name, dict(values if isinstance(values, Mapping) else values.__members__)).bind_to_schema(schema)


def _resolver(given: Resolver | str, read: Any) -> Resolver:
    return read(given) if isinstance(given, str) else given
