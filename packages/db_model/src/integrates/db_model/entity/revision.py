"""Revisions: the immutable record of each change, from which histories and past states are read."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from integrates.db_model.entity.encoding import Attributes, converted, lifted
from integrates.db_model.entity.facet import E, Facet, design_of, id_in, index_key, key_of, key_text
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Corrupt
from integrates.db_model.store.body import Body
from integrates.db_model.store.port import IndexKey, Item, Key, Query
from integrates.db_model.store.template import SEPARATOR
from integrates.db_model.values.instant import instant_text, months

KEPT_FIELDS: Final = frozenset({"created_at", "created_by", "updated_at", "version", "schema"})
"""The fields that the engine sets, which are not aspects."""
_FACET: Final = "revision"
_BY_GROUP: Final = 1
"""The index that lists revisions by group."""
_NAME: Final = 2
"""Where the name of the group stands in the partition key of that index."""
_MICRO: Final = timedelta(microseconds=1)
_encode: Final = msgspec.json.Encoder().encode


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """What one change made of an entity.

    ``aspects`` maps each changed aspect to its complete new value as builtins (``None`` when it was cleared); version 1 lists
    all that are set. ``entity_key`` is the text of the entity's key (accesses: both keys joined by ``|``). ``seen`` maps the
    texts of the keys of the parents that the change depended on to their versions as read (E15).
    """

    entity_key: str
    version: int
    at: datetime
    by: str
    operation: str
    change_id: str
    schema: int = 1
    seen: Mapping[str, int] = {}
    aspects: Mapping[str, Any]


class Head(msgspec.Struct, frozen=True):
    """What a revision says of the change that made it, without what was changed."""

    entity_key: str
    at: datetime
    by: str
    operation: str
    change_id: str


_read_head: Final = msgspec.json.Decoder(Head).decode


def _version_text(version: int) -> str:
    return f"{version:010d}"


def revision_key(entity: Key, version: int) -> Key:
    """Return the key of the revision that made that version of an entity."""
    return key_of(_FACET, {"entity": key_text(entity), "version": _version_text(version)})


def listed(facet: Facet[E], key: Key, entity: E, at: datetime) -> dict[int, IndexKey]:
    """Return the keys in the indexes of the revision of that date which made ``entity``, stored under ``key``."""
    audit, indexes, text = facet.audit(entity), design_of(_FACET).indexes, instant_text(at)
    values = {"entity": key_text(key), "version": _version_text(entity.version), "at": text, "month": text[:7]}
    wanted = ((1, "name", audit.group), (2, "id", audit.organization))
    return {number: index_key(indexes[number], {**values, name: value}) for number, name, value in wanted if value}


def item_of(facet: Facet[E], key: Key, entity: E, aspects: Attributes, stamp: Stamp, seen: Mapping[str, int]) -> Item:
    """Return the item of the revision that made ``entity``, with the entity's version and the date of ``updated_at``."""
    at = entity.updated_at or stamp.at
    attributes = {
        "entity_key": key_text(key),
        "at": instant_text(at),
        "by": stamp.by,
        "operation": stamp.operation,
        "change_id": stamp.change_id,
        "schema": facet.schema,
        **({"seen": seen} if seen else {}),
        "aspects": aspects,
    }
    own = revision_key(key, entity.version)
    return Item(own, entity.version, Body(_encode(attributes)), listed(facet, key, entity, at))


def of_item(item: Item) -> Revision:
    """Return the revision in an item. Raise ``Corrupt`` when the item is not a revision."""
    try:
        return msgspec.convert({**item.attributes, "version": item.version}, Revision)
    except msgspec.ValidationError as error:
        raise Corrupt(_FACET, item.key.pk, str(error)) from error


def head_of(item: Item) -> Head:
    """Return the head of the revision in an item. Raise ``Corrupt`` when the item is not a revision."""
    found = item.attributes
    try:
        return _read_head(found.raw) if isinstance(found, Body) else msgspec.convert(dict(found), Head)
    except msgspec.ValidationError as error:
        raise Corrupt(_FACET, item.key.pk, str(error)) from error


def audited(item: Item) -> str | None:
    """Return the name of the group in whose audit trail the revision in an item is listed; ``None`` for another item."""
    listed_at = item.index_keys.get(_BY_GROUP) if item.key.table == design_of(_FACET).table else None
    return listed_at.pk.split(SEPARATOR)[_NAME] if listed_at else None


def history_query(entity: Key, *, limit: int, after: str | None = None, descending: bool = False) -> Query:
    """Return the query of an entity's revisions, by ascending version unless told otherwise."""
    values = {"entity": key_text(entity)}
    return listing(_FACET, "revisions_of_entity", values, limit=limit, after=after, descending=descending)


def trail_queries(
    pattern: str, owner: Mapping[str, str], first: datetime, last: datetime, until: datetime
) -> tuple[Query, ...]:
    """Return the queries of an audit trail from one moment to another, both included, a month each; none after ``until``.

    Keys go on after their date, so that those of the last microsecond come before the bare date of the next one.
    """
    ends = (f"AT#{instant_text(first)}", f"AT#{instant_text(last + _MICRO)}")
    named = months(first, min(last, until)) if first <= last else ()
    found = (listing(_FACET, pattern, {**owner, "month": month}) for month in named)
    return tuple(msgspec.structs.replace(query, sk_prefix=None, sk_between=ends) for query in found)


def states(facet: Facet[E], revisions: Iterable[Revision]) -> tuple[E, ...]:
    """Return the entity as each of its revisions left it, even removed; ``revisions`` are in ascending order of version."""
    found: list[E] = []
    aspects: dict[str, Any] = {}
    for revision in revisions:
        changed = lifted(facet, revision.aspects, revision.schema) if revision.schema < facet.schema else revision.aspects
        aspects = {name: value for name, value in {**aspects, **changed}.items() if value is not None}
        kept = {
            "created_at": found[0].created_at if found else revision.at,
            "created_by": found[0].created_by if found else revision.by,
            "updated_at": revision.at,
            "version": revision.version,
            "schema": max(revision.schema, facet.schema),
        }
        found.append(converted(facet, {**aspects, **kept}, id_in(revision.entity_key)))
    return tuple(found)


def state_at(facet: Facet[E], revisions: Iterable[Revision], at: datetime) -> E | None:
    """Return the entity as it was at that moment; ``None`` when it did not exist then, or was removed.

    Each aspect is that of the newest revision which is not later. ``revisions`` are in ascending order of version.
    """
    past = states(facet, [revision for revision in revisions if revision.at <= at])
    return past[-1] if past and facet.is_live(past[-1]) else None
