"""Histories: the revisions of an object that the caller may see, by ascending version."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

import msgspec
from graphql import DocumentNode, ObjectTypeDefinitionNode
from graphql.pyutils import camel_to_snake

from integrates.api.context import Info
from integrates.api.past.state import moment_of
from integrates.api.past.veil import seen_by
from integrates.api.request.turn import turn
from integrates.api.resolve.attribute import Resolver, has_attribute
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.connection import Batch, Connection, Walk, connected, each
from integrates.api.resolve.definition import ASPECT_HISTORY, ENTITY, HISTORY
from integrates.db_model.entity import revision
from integrates.db_model.entity.facet import Audit, Facet, entity_key, key_text, structs_of
from integrates.db_model.entity.revision import Revision
from integrates.db_model.entity.types import Entity
from integrates.db_model.registry import FACETS
from integrates.db_model.store.port import MAX_PAGE, Query

_SECRET: Final = frozenset({"jti_hash", "lease_until"})

_INTERNAL: Final = frozenset({"identity", "number", "scored"})
"""Aspects that serve only the model, and are never shown."""


def public(value: Any) -> Any:
    """Return the value of an aspect without what is never shown."""
    match value:
        case Mapping():
            return {name: public(part) for name, part in value.items() if name not in _SECRET}
        case list() | tuple():
            return [public(part) for part in value]
        case _:
            return value


def revision_shown(found: Revision) -> Revision:
    """Return the revision without what is never shown."""
    aspects = {name: value for name, value in found.aspects.items() if name not in _INTERNAL}
    return msgspec.structs.replace(found, aspects=public(aspects))


async def _permissions(info: Info, audit: Audit) -> AbstractSet[str]:
    """Return the caller's permissions in the group or organization whose audit trail has the changes; none without either."""
    if audit.group is not None:
        return (await info.context.scopes.groups.load(audit.group)).permissions
    if audit.organization is not None:
        return (await info.context.scopes.organizations.load(audit.organization)).permissions
    return frozenset()


def history(facet: Facet[Any], aspect: str | None = None) -> Resolver:
    """Return the resolver of a history: of the whole object or of one aspect, until the moment that the object shows."""

    async def resolve(source: Entity, info: Info, **args: Any) -> Connection:
        key, until = entity_key(facet, source), moment_of(source)
        sees = await seen_by(info.context, source, await _permissions(info, facet.audit(source)))

        async def read(query: Query) -> Batch[Revision]:
            found = await info.context.loaders.pages.load(query)
            async with turn(info.context.turns):
                nodes = tuple(revision_shown(revision.of_item(item)) for item in found.items)
            return Batch(nodes, found.cursors, found.has_next, found.cursors[-1] if found.cursors else None)

        def is_shown(one: Revision) -> bool:
            return sees(one) and (aspect is None or aspect in one.aspects) and (until is None or one.at <= until)

        walk = Walk(stretches=(revision.history_query(key, limit=MAX_PAGE),), read=read, keep=each(is_shown))
        return await connected(info, key_text(key), args, walk)

    return resolve


def _resolvers(node: ObjectTypeDefinitionNode, kind: type) -> Mapping[str, Resolver]:
    """Return the resolvers of a type's histories. Raise ``ValueError`` unless it shows entities with such aspects."""
    facet = next((one for one in FACETS.values() if kind in structs_of(one)), None)
    if facet is None:
        raise ValueError(f"{node.name.value}: `@{ENTITY}`, but there is no facet of {kind.__qualname__}")
    names = [field.name.value for field in node.fields or ()]
    aspects = {name: camel_to_snake(name.removesuffix(ASPECT_HISTORY)) for name in names if name.endswith(ASPECT_HISTORY)}
    if unknown := [aspect for aspect in aspects.values() if not has_attribute(kind, aspect)]:
        raise ValueError(f"{node.name.value}: {kind.__qualname__} has no aspect {', '.join(unknown)}")
    return {HISTORY: history(facet), **{name: history(facet, aspect) for name, aspect in aspects.items()}}


def histories(document: DocumentNode, shows: Mapping[str, type]) -> Binding:
    """Return the binding of the histories of all types with ``@entity``; ``shows`` names the classes of types."""
    nodes = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, ObjectTypeDefinitionNode) and any(one.name.value == ENTITY for one in node.directives or ())
    }
    return Binding(fields={name: _resolvers(node, shows[name]) for name, node in nodes.items() if name in shows})
