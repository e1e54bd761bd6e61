"""The generic verbs over a facet: get, list, add, change, history, as of.

``added`` and ``changed`` are pure: they return a :class:`Plan`, all the writes that make one change of one entity, which
:mod:`integrates.db_model.locking` puts into one transaction.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Generic

import msgspec

from integrates.db_model import revision
from integrates.db_model.facet import Audit, E, Facet, decoded, encoded, identity_of
from integrates.db_model.revision import Revision
from integrates.db_model.store.port import (
    ABSENT,
    MAX_PAGE,
    Change,
    Item,
    Key,
    Page,
    Put,
    Query,
    Store,
    Version,
)
from integrates.db_model.types import Stamp
from integrates.db_model.values import effective

_HISTORY_PAGE: Final = 200


class Plan(msgspec.Struct, Generic[E], frozen=True):
    """One change of one entity, not yet written.

    ``entity`` is what will be stored; ``changes`` begin with its own put, followed by its revision and whatever has to
    hold or change with it. No changes: the entity already is as wanted.
    """

    facet: Facet[E]
    entity: E
    changes: tuple[Change, ...] = ()


class EntityPage(msgspec.Struct, Generic[E], frozen=True):
    """Part of a list of live entities: one cursor for each, and whether more items follow.

    ``end`` is the cursor of the last item that was looked at, live or not; it is ``None`` on an empty page.
    """

    entities: tuple[E, ...]
    cursors: tuple[str, ...]
    has_next: bool
    end: str | None


def together(plan: Plan[E], *changes: Change) -> Plan[E]:
    """Extend the plan by changes that belong into the same transaction; a plan without changes stays as it is."""
    return msgspec.structs.replace(plan, changes=(*plan.changes, *changes)) if plan.changes else plan


def _aspects(item: Item, old: E | None, new: E) -> dict[str, Any]:
    names = (name for name in new.__struct_fields__ if name not in revision.KEPT_FIELDS)
    if old is None:
        return {name: item.attributes[name] for name in names if name in item.attributes}
    return {name: item.attributes.get(name) for name in names if getattr(old, name) != getattr(new, name)}


def _plan(facet: Facet[E], old: E | None, new: E, stamp: Stamp) -> Plan[E]:
    item = encoded(facet, new)
    expect = ABSENT if old is None else Version(old.version)
    audit: Audit = facet.audit(new)
    record = revision.item_of(identity_of(item.key), new, _aspects(item, old, new), stamp, audit)
    return Plan(facet, new, (Put(item, expect), Put(record, ABSENT)))


def added(facet: Facet[E], entity: E, stamp: Stamp, *, removed: E | None = None) -> Plan[E]:
    """Plan to store a new entity, or one that returns in place of ``removed`` under the same key.

    ``entity`` has version 0; what is stored has version 1, or the next of the removed one. Its dates come from the stamp, but
    one that returns was created when and by whom its history begins.
    """
    at = effective(stamp.at, removed.updated_at if removed else None)
    new = msgspec.structs.replace(
        entity,
        version=(removed.version if removed else 0) + 1,
        created_at=removed.created_at if removed else at,
        created_by=removed.created_by if removed else stamp.by,
        updated_at=at,
    )
    return _plan(facet, removed, new, stamp)


def changed(facet: Facet[E], current: E, alter: Callable[[E, datetime], E], stamp: Stamp) -> Plan[E]:
    """Plan to store what ``alter`` makes of the entity, conditional on the version read.

    ``alter`` is pure and receives the effective date, which is later than that of the previous revision. When it returns an
    equal entity, the plan has no changes.
    """
    at = effective(stamp.at, current.updated_at)
    altered = alter(current, at)
    if altered == current:
        return Plan(facet, current)
    new = msgspec.structs.replace(altered, version=current.version + 1, updated_at=at)
    return _plan(facet, current, new, stamp)


async def load(store: Store, facet: Facet[E], keys: Sequence[Key]) -> tuple[E | None, ...]:
    """Read live entities by key, aligned with the keys; ``None`` for what is missing or removed."""
    items = await store.get(keys)
    return tuple(live(facet, item) for item in items)


async def get(store: Store, facet: Facet[E], key: Key) -> E | None:
    """Read one live entity by key."""
    return (await load(store, facet, (key,)))[0]


async def get_any(store: Store, facet: Facet[E], key: Key) -> E | None:
    """Read one entity by key, removed or not."""
    item = (await store.get((key,)))[0]
    return None if item is None else decoded(facet, item)


def live(facet: Facet[E], item: Item | None) -> E | None:
    """Read the entity from its item; ``None`` when there is no item or the entity is removed."""
    entity = None if item is None else decoded(facet, item)
    return entity if entity is not None and facet.is_live(entity) else None


async def lists(store: Store, facet: Facet[E], queries: Sequence[Query]) -> tuple[EntityPage[E], ...]:
    """Read one page of each list, without the removed entities; a page may be short while more follows."""
    pages = await store.query(queries)
    return tuple(page_of(facet, page) for page in pages)


def page_of(facet: Facet[E], page: Page) -> EntityPage[E]:
    """Read the live entities of a page of items."""
    rows = [(live(facet, item), cursor) for item, cursor in zip(page.items, page.cursors, strict=True)]
    kept = [(entity, cursor) for entity, cursor in rows if entity is not None]
    return EntityPage(
        tuple(entity for entity, _ in kept),
        tuple(cursor for _, cursor in kept),
        page.has_next,
        page.cursors[-1] if page.cursors else None,
    )


async def everything(store: Store, facet: Facet[E], query: Query) -> tuple[E, ...]:
    """Read a whole list of live entities, in pages of the largest size."""
    entities: tuple[E, ...] = ()
    page = (await lists(store, facet, (msgspec.structs.replace(query, limit=MAX_PAGE),)))[0]
    entities = page.entities
    while page.has_next:
        following = msgspec.structs.replace(query, limit=MAX_PAGE, after=page.end)
        page = (await lists(store, facet, (following,)))[0]
        entities = (*entities, *page.entities)
    return entities


async def history(store: Store, key: Key) -> tuple[Revision, ...]:
    """Read all revisions of an entity by ascending version."""
    query = revision.history_query(key, limit=_HISTORY_PAGE)
    page = (await store.query((query,)))[0]
    items = list(page.items)
    while page.has_next:
        page = (await store.query((msgspec.structs.replace(query, after=page.cursors[-1]),)))[0]
        items.extend(page.items)
    return tuple(revision.of_item(item) for item in items)


async def as_of(store: Store, facet: Facet[E], key: Key, at: datetime) -> E | None:
    """Return the entity as it was at that moment; ``None`` when it did not exist then, or was removed."""
    return revision.state_at(facet, await history(store, key), at)
