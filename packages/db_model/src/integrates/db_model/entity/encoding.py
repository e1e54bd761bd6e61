"""Entities as the bytes that a store keeps, and back."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, Final

import msgspec

from integrates.db_model.entity.facet import E, Facet, id_of
from integrates.db_model.entity.types import Entity
from integrates.db_model.errors import Corrupt, Outdated, Reason, Rejected, Rejections
from integrates.db_model.store.body import Body
from integrates.db_model.store.port import Item
from integrates.db_model.values.instant import instant_text

Attributes = dict[str, Any]
"""The fields of an entity that are set, as builtins that JSON takes. The version is left out: it is the item's."""

_PATH: Final = re.compile(r"`\$\.([\w.]+)")
_MISSING: Final = re.compile(r"missing required field `(\w+)`")
_encode: Final = msgspec.json.Encoder().encode


def to_builtins(value: Any) -> Any:
    """Return a value of an entity as builtins that JSON takes: dates as text (E6), members that are ``None`` left out."""
    write = _WRITERS[value.__class__]
    return write(value) if write else value


class _Writers(dict[Any, Callable[[Any], Any] | None]):
    """By type, what makes builtins of its values; ``None`` where JSON takes them as they are.

    It is asked for each member of each entity, and a dictionary answers in half the time of a function with a cache.
    """

    def __missing__(self, kind: Any) -> Callable[[Any], Any] | None:
        self[kind] = _writer(kind)
        return self[kind]


_WRITERS: Final = _Writers()


def _writer(kind: Any) -> Callable[[Any], Any] | None:
    if issubclass(kind, msgspec.Struct):
        names = kind.__struct_fields__
        # With a name more than needed, because of a single one it would get the value instead of a tuple.
        members = attrgetter(*names, names[0])
        return lambda value: {
            name: write(member) if (write := _WRITERS[member.__class__]) else member
            for name, member in zip(names, members(value), strict=False)
            if member is not None
        }
    if issubclass(kind, datetime):
        return instant_text
    if issubclass(kind, list | tuple):
        return lambda value: [to_builtins(each) for each in value]
    if issubclass(kind, dict):
        return lambda value: {name: to_builtins(each) for name, each in value.items() if each is not None}
    return None


def attributes_of(entity: Entity) -> Attributes:
    """Return the attributes of an entity. Raise ``Rejections`` (``wrong_type``) for a member that is nested too deeply."""
    try:
        found: Attributes = to_builtins(entity)
    except RecursionError as error:
        deep = [name for name in entity.__struct_fields__ if _is_too_deep(getattr(entity, name))]
        raise Rejections([Rejected(Reason.WRONG_TYPE, (name,)) for name in deep]) from error
    del found["version"]
    return {**_tag(type(entity)), **found}


@cache
def _tag(kind: type[Entity]) -> Mapping[str, str]:
    """Return what tells the struct of an entity from those of other kinds; nothing where there is one kind only."""
    config = kind.__struct_config__
    return {} if config.tag_field is None else {config.tag_field: str(config.tag)}


def _is_too_deep(value: Any) -> bool:
    try:
        to_builtins(value)
    except RecursionError:
        return True
    return False


def encoded(attributes: Mapping[str, Any]) -> bytes:
    """Return attributes as the JSON that a store keeps. Raise ``Rejections`` (``wrong_type``) for types that no store holds."""
    try:
        return _encode(attributes)
    except (TypeError, OverflowError, ValueError, RecursionError) as error:
        odd = [name for name, value in attributes.items() if _is_odd(value)]
        raise Rejections([Rejected(Reason.WRONG_TYPE, (name,)) for name in odd]) from error


def _is_odd(value: Any) -> bool:
    try:
        _encode(value)
    except (TypeError, OverflowError, ValueError, RecursionError):
        return True
    return False


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _versioned(entity: E, version: int) -> E:
    # The decoder has just made it, and nobody else has seen it: a copy with another version would cost twice.
    msgspec.structs.force_setattr(entity, "version", version)
    return entity


def check_readable(facet: Facet[E], entity: E, body: bytes) -> None:
    """Raise ``Rejections`` (``wrong_type``) unless decoding the bytes gives exactly the entity that they were made of.

    This ensures that whatever is stored can be read again.
    """
    try:
        read = _versioned(_decoder(facet.type).decode(body), entity.version)
    except msgspec.ValidationError as error:
        at, missing = _PATH.search(str(error)), _MISSING.search(str(error))
        path = (*(at[1].split(".") if at else ()), *((missing[1],) if missing else ()))
        raise Rejections([Rejected(Reason.WRONG_TYPE, path)]) from error
    if read != entity:
        names = [name for name in entity.__struct_fields__ if getattr(read, name) != getattr(entity, name)]
        raise Rejections([Rejected(Reason.WRONG_TYPE, (name,)) for name in names])


def lifted(facet: Facet[Any], attributes: Mapping[str, Any], schema: int) -> dict[str, Any]:
    """Return attributes, or some aspects, lifted from an older schema number to that of this program."""
    found = dict(attributes)
    for number in range(schema, facet.schema):
        found = facet.lifts[number](found)
    return found


def converted(facet: Facet[E], attributes: Mapping[str, Any], identity: str) -> E:
    """Return the entity that attributes of any schema number describe.

    Raise ``Outdated`` when a newer program wrote them and this one cannot read them, ``Corrupt`` when they are malformed.
    """
    schema = attributes.get("schema", 1)
    try:
        found = lifted(facet, attributes, schema) if schema < facet.schema else attributes
        entity: E = msgspec.convert({**found, "schema": max(schema, facet.schema)}, facet.type)
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        if isinstance(schema, int) and schema > facet.schema:
            raise Outdated(facet.name, identity, schema) from error
        raise Corrupt(facet.name, identity, str(error)) from error
    return entity


def _read(facet: Facet[E], attributes: Mapping[str, Any]) -> E | None:
    """Return the entity decoded straight from its bytes; ``None`` when that fails, or when there are no bytes."""
    try:
        entity: E | None = _decoder(facet.type).decode(attributes.raw) if isinstance(attributes, Body) else None
    except msgspec.MsgspecError:
        return None
    return entity


def decoded(facet: Facet[E], item: Item) -> E:
    """Return the entity in an item, lifted when an older program wrote it.

    Raise ``Corrupt`` when the model does not write such an item, ``Outdated`` when a newer program wrote it and this one cannot
    read it.
    """
    entity = _read(facet, item.attributes)
    if entity is None or entity.schema < facet.schema:
        entity = converted(facet, item.attributes, id_of(item.key))
    return _versioned(entity, item.version)
