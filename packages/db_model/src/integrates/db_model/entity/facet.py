"""A facet ties an entity type to its keys in the design."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, Generic, TypeVar
from zlib import crc32

import msgspec

from integrates.db_model.entity.types import Entity
from integrates.db_model.errors import Corrupt
from integrates.db_model.store import template
from integrates.db_model.store.design import FacetDesign, design
from integrates.db_model.store.port import IndexKey, Item, Key
from integrates.db_model.values import instant_text

E = TypeVar("E", bound=Entity)
SHARDS: Final = 16


class Audit(msgspec.Struct, frozen=True):
    """The group and the organization under which a revision is listed for audit, where there are any."""

    group: str | None = None
    organization: str | None = None


class Facet(msgspec.Struct, Generic[E], frozen=True, kw_only=True):
    """How entities of one type are stored.

    ``identity`` gives the values of the key template's variables, ``parts`` those of all templates. ``listed`` names the
    indexes that list the entity now. ``is_live`` tells an entity from a removed one.
    """

    name: str
    type: type[E]
    parts: Callable[[E], Mapping[str, str]]
    listed: Callable[[E], tuple[int, ...]]
    is_live: Callable[[E], bool]
    audit: Callable[[E], Audit]


def shard(identity: str) -> str:
    """Spread the items of a list without a natural partition over ``SHARDS`` partitions."""
    return str(crc32(identity.encode()) % SHARDS)


@cache
def of_design(name: str) -> FacetDesign:
    """Return the design of the facet."""
    return design().facets[name]


def key_of(name: str, parts: Mapping[str, str]) -> Key:
    """Build the key of an item of the named facet."""
    facet = of_design(name)
    return Key(template.builder(facet.key.pk)(parts), template.builder(facet.key.sk)(parts), facet.table)


def index_keys(facet: FacetDesign, numbers: tuple[int, ...], parts: Mapping[str, str]) -> dict[int, IndexKey]:
    """Build the keys of an item in the given indexes."""
    return {
        number: IndexKey(template.builder(facet.indexes[number].pk)(parts), template.builder(facet.indexes[number].sk)(parts))
        for number in numbers
    }


def identity_of(stored: Key) -> str:
    """Return the text that names an entity in revisions: its partition key, with the sort key where they differ."""
    return stored.pk if stored.pk == stored.sk else f"{stored.pk}|{stored.sk}"


def entity_key(facet: Facet[E], entity: E) -> Key:
    """Build the key under which the entity is stored."""
    return key_of(facet.name, facet.parts(entity))


def plain(value: Any) -> Any:
    """Turn what msgspec made of an entity into what a store holds: dates as text, nothing that is ``None``."""
    kind = type(value)
    if kind is dict:
        return {name: plain(part) for name, part in value.items() if part is not None}
    if kind is datetime:
        return instant_text(value)
    return [plain(part) for part in value] if kind in {list, tuple} else value


def attributes_of(entity: Entity) -> dict[str, Any]:
    """Return all fields of the entity but its version as builtins."""
    fields = plain(msgspec.to_builtins(entity, builtin_types=(datetime,)))
    return {name: value for name, value in fields.items() if name != "version"}


def encoded(facet: Facet[E], entity: E) -> Item:
    """Return the item that stores the entity."""
    parts = facet.parts(entity)
    layout = of_design(facet.name)
    return Item(
        Key(template.builder(layout.key.pk)(parts), template.builder(layout.key.sk)(parts), layout.table),
        entity.version,
        attributes_of(entity),
        index_keys(layout, facet.listed(entity), parts),
    )


def decoded(facet: Facet[E], item: Item) -> E:
    """Read the entity from its item. Raises ``Corrupt`` when the item is not one that the model writes."""
    try:
        return msgspec.convert({**item.attributes, "version": item.version}, facet.type)
    except msgspec.ValidationError as error:
        raise Corrupt(facet.name, item.key.pk, str(error)) from error
