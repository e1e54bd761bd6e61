"""The fields of subscriptions: what begins a stream, and what an event of it shows."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

import msgspec

from integrates.api.authorization.sight import Sight
from integrates.api.authorization.visibility import READ_HISTORY
from integrates.api.context import Call, Info
from integrates.api.live.change import Change, Changed
from integrates.api.live.feed import Interest, News, Tick, awaited
from integrates.api.live.kind import EntityKind
from integrates.api.live.visible import seen_items
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.lookup import key_for
from integrates.db_model.entity import read
from integrates.db_model.entity.progress import progress_key
from integrates.db_model.groups.facet import group_key
from integrates.db_model.groups.types import Group
from integrates.db_model.imports.facet import IMPORT, IMPORT_PROGRESS, import_key
from integrates.db_model.imports.rules import is_running
from integrates.db_model.imports.types import Import

SHOWN: Final = 100
"""How many items of a change an event names; of more it tells the number."""


class Unsent(Exception):
    """There is nothing in an event for this subscriber: it is not sent."""


class GroupChange(msgspec.Struct, frozen=True, kw_only=True):
    """What an event tells of a change in a group. The first event of a stream tells of none, and when the stream began."""

    at: datetime
    change_id: str | None = None
    by: str | None = None
    operation: str | None = None
    items: tuple[Changed, ...] = ()
    count: int = 0


async def _told_of_group(call: Call, group_name: str) -> AsyncIterator[Tick]:
    """Yield what is to be told of a group, without end; of a name that no group can have only the beginning."""
    key = key_for(group_key, group_name)
    if key is None:
        yield News.BEGIN
        return
    with call.follow(Interest(group=group_name, doubts=frozenset({key.pk}))) as feed:
        yield News.BEGIN
        while True:
            yield await awaited(feed)


def group_changes(_root: object, info: Info, *, group_name: str, **_: object) -> AsyncIterator[Tick]:
    """Return the stream of what is to be told of a group."""
    return _told_of_group(info.context.call, group_name)


async def group_changed(seen: Sight[Group], info: Info, *, kinds: Sequence[EntityKind] | None = None) -> GroupChange:
    """Return what an event shows of a change: the objects of these kinds that the subscriber may see now.

    Raise :class:`Unsent` when these are none.
    """
    tick, permissions = info.root_value, seen.scope.permissions
    if tick is News.BEGIN:
        return GroupChange(at=info.context.call.now())
    if not isinstance(tick, Change):
        raise Unsent
    wanted = [one for one in tick.items if kinds is None or one.kind in kinds]
    items = await seen_items(info.context, permissions, wanted)
    if not items:
        raise Unsent
    return GroupChange(
        at=tick.at,
        change_id=tick.change_id,
        by=tick.by if READ_HISTORY in permissions else None,
        operation=tick.operation,
        items=items[:SHOWN],
        count=len(items),
    )


async def _told_of_import(call: Call, import_id: str) -> AsyncIterator[Tick]:
    """Yield what is to be told of an import, until it has ended.

    Whether it has is read before each event, so that what is written meanwhile leads to one more.
    """
    key = key_for(import_key, import_id)
    if key is None:
        yield News.BEGIN
        return
    with call.follow(Interest(keys=(key, progress_key(IMPORT_PROGRESS, import_id)))) as feed:
        tick: Tick = News.BEGIN
        while True:
            record = await read.get(call.store, IMPORT, key)
            yield tick
            if tick is not News.DOUBT and (record is None or not is_running(record)):
                return
            tick = await awaited(feed)


def import_changes(_root: object, info: Info, *, id: str) -> AsyncIterator[Tick]:  # noqa: A002 -- the schema's name
    """Return the stream of what is to be told of an import."""
    return _told_of_import(info.context.call, id)


def import_progress(seen: Sight[Import], info: Info) -> Import:
    """Return the import as it is now. Raise :class:`Unsent` when nothing has happened to it."""
    if info.root_value is News.DOUBT:
        raise Unsent
    return seen.found


BINDING: Final = Binding(
    shows={"GroupChange": GroupChange, "ChangedItem": Changed},
    fields={"Subscription": {"groupChanged": group_changed, "importProgress": import_progress}},
    streams={"groupChanged": group_changes, "importProgress": import_changes},
    enums={"EntityKind": EntityKind},
)
