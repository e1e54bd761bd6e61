"""What a commit has changed in a group: from the revisions that it stored. Pure."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from integrates.api.grouping import grouped
from integrates.api.live.kind import KIND_OF, EntityKind
from integrates.db_model.entity.facet import id_in, key_in
from integrates.db_model.entity.revision import Head
from integrates.db_model.registry import facet_of
from integrates.db_model.store.port import Item, Key
from integrates.db_model.store.template import SEPARATOR


class Changed(msgspec.Struct, frozen=True):
    """One object that was changed: what it is, its id as people know it, its key, and the version that it has got."""

    kind: EntityKind
    id: str
    version: int
    key: Key


class Change(msgspec.Struct, frozen=True):
    """What was changed in one group by one commit of one call: by whom, when, by which operation."""

    change_id: str
    at: datetime
    by: str
    operation: str
    items: tuple[Changed, ...]


def _id(kind: EntityKind, text: str) -> str:
    """Return the id by which the API knows an object: of a verdict, whose key begins with its group, what stands behind it."""
    found = id_in(text)
    return found.rpartition(SEPARATOR)[2] if kind is EntityKind.FORCES_EXECUTION else found


def _changed(item: Item) -> Changed | None:
    """Return what a revision is about; ``None`` for a kind that nobody follows in groups."""
    text = item.key.pk
    key = key_in(text)
    facet = facet_of(key)
    kind = KIND_OF.get(facet.name) if facet else None
    return Changed(kind, _id(kind, text), item.version, key) if kind else None


def changes_of(revisions: Iterable[tuple[Head, Item]]) -> tuple[Change, ...]:
    """Return what the revisions of one group say, those of one call together, in the order of their dates."""
    heads = sorted(revisions, key=lambda pair: pair[0].at)
    return tuple(
        Change(
            change_id,
            pairs[-1][0].at,
            pairs[0][0].by,
            pairs[0][0].operation,
            tuple(filter(None, (_changed(item) for _, item in pairs))),
        )
        for change_id, pairs in grouped(heads, lambda pair: pair[0].change_id).items()
    )
