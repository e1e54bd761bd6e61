"""The generic verbs over a facet: get, list, add, change, history, as of.

``added`` and ``changed`` are pure: they return a :class:`Plan`, all the writes that make one change of one entity, which
:mod:`integrates.db_model.entity.transaction` puts into one transaction.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic

import msgspec

from integrates.db_model.entity import revision
from integrates.db_model.entity.facet import Audit, E, Facet, encoded, identity_of
from integrates.db_model.entity.types import Stamp
from integrates.db_model.store.port import (
    ABSENT,
    Change,
    Item,
    Put,
    Version,
)
from integrates.db_model.values import effective


class Plan(msgspec.Struct, Generic[E], frozen=True):
    """One change of one entity, not yet written.

    ``entity`` is what will be stored; ``changes`` begin with its own put, followed by its revision and whatever has to
    hold or change with it. No changes: the entity already is as wanted.
    """

    facet: Facet[E]
    entity: E
    changes: tuple[Change, ...] = ()


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
