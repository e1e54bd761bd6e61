"""Fields without a resolver of their own: an attribute of the object, under the same name in snake_case."""

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import Any, TypeAlias

from ariadne import SchemaBindable
from ariadne.utils import convert_camel_case_to_snake
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema

Resolver: TypeAlias = Callable[..., Any]
Fields: TypeAlias = Mapping[str, Mapping[str, Resolver | str]]
"""By type and field: the resolver of the field, or the dotted path of the attribute that it shows."""


def attribute(path: str) -> Resolver:
    """Return the resolver that shows the attribute at the path, or the entry of a mapping under that name."""
    read = attrgetter(path)

    def resolve(source: Any, _info: Any) -> Any:
        return source.get(path) if type(source) is dict else read(source)

    return resolve


def object_fields(schema: GraphQLSchema) -> Iterator[tuple[str, str, GraphQLField]]:
    """Walk the fields of all objects of the schema that are not GraphQL's own."""
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            yield from ((name, field_name, field) for field_name, field in kind.fields.items())


def missing(schema: GraphQLSchema, fields: Fields) -> tuple[str, ...]:
    """Name what ``fields`` has and the schema has not."""
    known = {(type_name, name) for type_name, name, _ in object_fields(schema)}
    return tuple(f"{owner}.{name}" for owner, own in fields.items() for name in own if (owner, name) not in known)


class Resolvers(SchemaBindable):
    """Gives every field of the schema its resolver; ``ValueError`` for a resolver that belongs to no field."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields

    def bind_to_schema(self, schema: GraphQLSchema) -> None:
        """Set the resolvers."""
        if surplus := missing(schema, self.fields):
            raise ValueError(f"no such field: {', '.join(surplus)}")
        for type_name, name, field in object_fields(schema):
            given = self.fields.get(type_name, {}).get(name, convert_camel_case_to_snake(name))
            field.resolve = attribute(given) if isinstance(given, str) else given
