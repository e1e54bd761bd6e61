"""Revisions: the immutable record of each change, from which histories and past states are read."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from integrates.db_model.entity.facet import Audit, E, Facet, identity_of, index_keys, key_of, of_design
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.types import Entity, Stamp
from integrates.db_model.errors import Corrupt
from integrates.db_model.store.port import Item, Key, Query
from integrates.db_model.values import instant_text

KEPT_FIELDS: Final = frozenset({"created_at", "created_by", "updated_at", "version"})
"""The fields that the entity layer keeps itself; they are no aspects."""
_FACET: Final = "revision"


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """What one change made of an entity.

    ``aspects`` maps each changed aspect to its complete new value as builtins (``None`` when it was cleared); version 1 lists
    all that are set. ``entity_key`` is the entity's partition key (accesses: both keys joined by ``|``).
    """

    entity_key: str
    version: int
    at: datetime
    by: str
    operation: str
    change_id: str
    aspects: Mapping[str, Any]


def _version_text(version: int) -> str:
    return f"{version:010d}"


def _parts(revision: Mapping[str, Any], version: int, audit: Audit) -> dict[str, str]:
    lists = {"name": audit.group, "id": audit.organization}
    return {
        "entity": revision["entity_key"],
        "version": _version_text(version),
        "at": revision["at"],
        "month": revision["at"][:7],
        **{name: value for name, value in lists.items() if value},
    }


def item_of(entity_key: str, entity: Entity, aspects: Mapping[str, Any], stamp: Stamp, audit: Audit) -> Item:
    """Return the item of the revision that made ``entity``: it has the entity's version and the date of ``updated_at``."""
    attributes: dict[str, Any] = {
        "entity_key": entity_key,
        "at": instant_text(entity.updated_at or stamp.at),
        "by": stamp.by,
        "operation": stamp.operation,
        "change_id": stamp.change_id,
        "aspects": aspects,
    }
    parts = _parts(attributes, entity.version, audit)
    listed = (*((1,) if audit.group else ()), *((2,) if audit.organization else ()))
    return Item(key_of(_FACET, parts), entity.version, attributes, index_keys(of_design(_FACET), listed, parts))


def of_item(item: Item) -> Revision:
    """Read a revision. Raises ``Corrupt`` when the item is none."""
    try:
        return msgspec.convert({**item.attributes, "version": item.version}, Revision)
    except msgspec.ValidationError as error:
        raise Corrupt(_FACET, item.key.pk, str(error)) from error


def history_query(entity: Key, *, limit: int, after: str | None = None, descending: bool = False) -> Query:
    """Return the query of an entity's revisions by ascending version."""
    parts = {"entity": identity_of(entity)}
    return listing(_FACET, "revisions_of_entity", parts, limit=limit, after=after, descending=descending)


def state_at(facet: Facet[E], revisions: Iterable[Revision], at: datetime) -> E | None:
    """Return the entity as it was at that moment: for each aspect the newest of the revisions, given by ascending version.

    ``None`` when it did not exist then, or was removed.
    """
    past = tuple(revision for revision in revisions if revision.at <= at)
    if not past:
        return None
    aspects = {name: value for revision in past for name, value in revision.aspects.items()}
    kept = {
        "created_at": past[0].at,
        "created_by": past[0].by,
        "updated_at": past[-1].at,
        "version": past[-1].version,
    }
    entity = msgspec.convert({**{name: value for name, value in aspects.items() if value is not None}, **kept}, facet.type)
    return entity if facet.is_live(entity) else None
