"""Snapshots as items of the store, by group and day (facet ``snapshot``)."""

from datetime import date, timedelta
from typing import Final

import msgspec

from integrates.db_model.entity.facet import key_of
from integrates.db_model.entity.listing import listing
from integrates.db_model.errors import Corrupt
from integrates.db_model.snapshots.types import DayFigures, Snapshot
from integrates.db_model.store.body import Body
from integrates.db_model.store.port import ABSENT, MAX_PAGE, Item, Key, Put, Query, Version
from integrates.db_model.store.template import SEPARATOR

_FACET: Final = "snapshot"
_decode: Final = msgspec.json.Decoder(DayFigures).decode


def snapshot_key(group_name: str, day: date) -> Key:
    """Return the key of the snapshot of a group and a day."""
    return key_of(_FACET, {"name": group_name, "day": day.isoformat()})


def snapshot_put(new: Snapshot) -> Put:
    """Return the write that stores the next version of a snapshot, conditional on the one that it has."""
    body = Body(msgspec.json.encode(new.figures))
    item = Item(snapshot_key(new.group_name, new.day), new.version + 1, body)
    return Put(item, Version(new.version) if new.version else ABSENT)


def snapshot_of(item: Item) -> Snapshot:
    """Return the snapshot in an item. Raise ``Corrupt`` when the item is none."""
    stored = item.attributes
    try:
        figures = _decode(stored.raw) if isinstance(stored, Body) else msgspec.convert(stored, DayFigures)
    except msgspec.DecodeError as error:
        raise Corrupt(_FACET, item.key.pk, str(error)) from error
    return Snapshot(group_name=group_in(item.key), day=day_in(item.key), figures=figures, version=item.version)


def group_in(stored: Key) -> str:
    """Return the name of the group in the key of a snapshot."""
    return stored.pk.rpartition(SEPARATOR)[2]


def day_in(stored: Key) -> date:
    """Return the day in the key of a snapshot."""
    return date.fromisoformat(stored.sk.rpartition(SEPARATOR)[2])


def snapshots_between(group_name: str, first: date, last: date, *, limit: int = MAX_PAGE) -> Query:
    """Return the query of the snapshots of a group from one day to another, both included, by day."""
    ends = (snapshot_key(group_name, first).sk, snapshot_key(group_name, last).sk)
    query = listing(_FACET, "snapshots_of_group", {"name": group_name}, limit=limit)
    return msgspec.structs.replace(query, sk_prefix=None, sk_between=ends)


def latest_snapshot(group_name: str, before: date) -> Query:
    """Return the query of the newest snapshot of a group before a day."""
    query = snapshots_between(group_name, date.min, before - timedelta(days=1), limit=1)
    return msgspec.structs.replace(query, descending=True)
