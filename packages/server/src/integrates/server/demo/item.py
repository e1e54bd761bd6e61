"""Reads the demo items of the exported design as entities."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from integrates.db_model.entity.facet import E, Facet, entity_key
from integrates.db_model.store.design import Design
from integrates.db_model.store.port import Key


class DemoRefused(Exception):
    """A demo item cannot be stored as an entity. ``item`` is its key, ``reason`` says what is wrong with it."""

    def __init__(self, facet: str, item: str, reason: str) -> None:
        super().__init__(facet, item, reason)
        self.facet = facet
        self.item = item
        self.reason = reason

    def __str__(self) -> str:
        return f"demo item {self.item} of facet {self.facet}: {self.reason}"


def value_of(value: Mapping[str, Any]) -> Any:
    """Return the value of an attribute in DynamoDB's JSON, such as ``{"S": "text"}``. Raise ``ValueError`` for other types."""
    match dict(value):
        case {"S": str(text)}:
            return text
        case {"N": str(number)}:
            return int(number)
        case {"BOOL": bool(flag)}:
            return flag
        case {"NULL": True}:
            return None
        case {"M": dict(members)}:
            return {name: value_of(member) for name, member in members.items()}
        case {"L": list(members)}:
            return [value_of(member) for member in members]
        case _:
            raise ValueError(f"not a type that the demo uses: {sorted(value)}")


def moved(value: Any, by: timedelta) -> Any:
    """Return the builtins of an entity with every date moved."""
    match value:
        case datetime():
            return value + by
        case dict():
            return {name: moved(member, by) for name, member in value.items()}
        case list() | tuple():
            return [moved(member, by) for member in value]
        case _:
            return value


def read_entities(facet: Facet[E], design: Design, by: timedelta) -> tuple[E, ...]:
    """Return the demo entities of a facet, not yet stored (version 0), with their dates moved. Raise :class:`DemoRefused`."""
    return tuple(_entity(facet, item, by) for item in design.facets[facet.name].demo)


def _entity(facet: Facet[E], item: Mapping[str, Any], by: timedelta) -> E:
    name = str(item.get("pk", {}).get("S"))
    try:
        attributes = {attribute: value_of(value) for attribute, value in item.items()}
        key = Key(attributes.pop("pk"), attributes.pop("sk"))
        version = attributes.pop("version")
        first = msgspec.convert(attributes, facet.type)
        entity = msgspec.convert(moved(msgspec.to_builtins(first, builtin_types=(datetime,)), by), facet.type)
        fits = version == 1 and entity_key(facet, entity) == key
    except (ValueError, KeyError, OverflowError) as error:
        raise DemoRefused(facet.name, name, str(error)) from error
    if not fits:
        raise DemoRefused(facet.name, name, "the keys or the version do not fit the attributes")
    return entity
