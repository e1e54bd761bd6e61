"""Making snapshots of groups, and reading them."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from integrates.db_model.entity import read
from integrates.db_model.errors import Conflict, IntegratesError, ModelError, NotFound
from integrates.db_model.groups.commands import names_of_platform
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group
from integrates.db_model.snapshots.count import (
    DAY,
    Part,
    Sums,
    day_of,
    days_between,
    differences,
    figures_of,
    flows,
    new_sums,
    plus_part,
)
from integrates.db_model.snapshots.record import day_in, latest_snapshot, snapshot_of, snapshot_put, snapshots_between
from integrates.db_model.snapshots.story import stories
from integrates.db_model.snapshots.take import Wait, figures_at_end
from integrates.db_model.snapshots.types import DayFigures, Snapshot
from integrates.db_model.store.port import Store

_EVER: Final = timedelta(days=1_100)
"""How many days back snapshots are made of a group that has none yet: as many as a chart shows."""
_TOGETHER: Final = 50
"""How many snapshots are stored in one write."""


async def between(store: Store, group_name: str, first: date, last: date) -> tuple[Snapshot, ...]:
    """Return the snapshots of a group from one day to another, both included, by day."""
    query = snapshots_between(group_name, first, last)
    return tuple([snapshot_of(item) async for page in read.pages(store, query) for item in page])


async def counted_days(store: Store, group_name: str, first: date, last: date) -> dict[date, DayFigures]:
    """Return the figures of a group at the ends of days, counted from revisions: what snapshots of them have to say.

    Reads everything that ever was in the group, once, however many days these are.
    """
    steps, added = defaultdict[date, Sums](new_sums), defaultdict[date, Sums](new_sums)
    async for story in stories(store, group_name):
        for day, part in differences(story, first, last):
            steps[day].add(part)
        for day, numbers in flows(story, first, last):
            added[day].add(Part(numbers))
    sums, found = new_sums(), dict[date, DayFigures]()
    for day in days_between(first, last):
        sums.add(steps.pop(day, new_sums()).whole)
        found[day] = figures_of(plus_part(sums.whole, added.pop(day, new_sums()).whole))
        await asyncio.sleep(0)  # of hundreds of days and findings this takes a second
    return found


class Rebuilt(msgspec.Struct, frozen=True):
    """How many snapshots were made because there were none, and how many were replaced because they were wrong."""

    made: int = 0
    replaced: int = 0


async def _stored(store: Store, new: Sequence[Snapshot]) -> int:
    """Store snapshots; return how many. What somebody else has stored in the meantime stays."""
    done = 0
    for begin in range(0, len(new), _TOGETHER):
        part = new[begin : begin + _TOGETHER]
        try:
            await store.write([snapshot_put(one) for one in part])
        except Conflict as error:
            lost = frozenset(one.position for one in error.failed)
            done += await _stored(store, [one for position, one in enumerate(part) if position not in lost])
        else:
            done += len(part)
    return done


def range_of(group: Group, first: date, now: datetime) -> tuple[date, date]:
    """Return the days from one to the last that is over, without those on which the group did not exist."""
    return max(first, day_of(group.created_at)), day_of(now) - DAY


async def _found(store: Store, group_name: str) -> Group:
    group = await read.get(store, GROUP, group_key(group_name))
    if group is None:
        raise NotFound(GROUP.name, group_name)
    return group


async def rebuild(store: Store, group_name: str, first: date, now: datetime, *, is_replacing: bool = False) -> Rebuilt:
    """Make the snapshots of a group from a day on that are missing, from revisions.

    With ``is_replacing`` those that tell something else than the revisions are replaced. Raise ``NotFound`` when there is no
    such group.
    """
    begin, end = range_of(await _found(store, group_name), first, now)
    if begin > end:
        return Rebuilt()
    known = {one.day: one for one in await between(store, group_name, begin, end)}
    if len(known) == (end - begin).days + 1 and not is_replacing:
        return Rebuilt()
    found = await counted_days(store, group_name, begin, end)
    missing = [Snapshot(group_name=group_name, day=day, figures=own) for day, own in found.items() if day not in known]
    wrong = [
        msgspec.structs.replace(known[day], figures=own)
        for day, own in found.items()
        if is_replacing and day in known and known[day].figures != own
    ]
    return Rebuilt(await _stored(store, missing), await _stored(store, wrong))


async def keep_up(store: Store, group_name: str, now: datetime, *, wait: Wait = asyncio.sleep) -> int:
    """Make the snapshots of a group that are missing since its newest one; return how many.

    The last day alone is told by counters; several days, and all of a group that has no snapshot yet, by revisions, as far back
    as charts go. Raise ``NotFound`` when there is no such group.
    """
    begin, end = range_of(await _found(store, group_name), day_of(now) - _EVER, now)
    (page,) = await store.query((latest_snapshot(group_name, end + DAY),))
    newest = max((day_in(item.key) for item in page.items), default=None)
    if newest is None or newest < end - DAY:
        return (await rebuild(store, group_name, max(begin, newest + DAY) if newest else begin, now)).made
    if newest >= end or begin > end:
        return 0
    figures = await figures_at_end(store, group_name, end, wait=wait) or (await counted_days(store, group_name, end, end))[end]
    return await _stored(store, (Snapshot(group_name=group_name, day=end, figures=figures),))


class Kept(msgspec.Struct, frozen=True):
    """How many snapshots were made, and the errors of groups of which none could be made, by name."""

    made: int = 0
    refused: Mapping[str, IntegratesError] = {}


async def keep_up_everywhere(store: Store, now: datetime, *, is_stopping: Callable[[], bool] = lambda: False) -> Kept:
    """Make the snapshots of all groups that are missing; see :func:`keep_up`.

    A group that cannot be read is refused, and the others go on. When ``is_stopping`` says so, the rest is left for next time.
    Raise the error of the store when that fails: what is made stays, and a repeat does the rest.
    """
    made = 0
    refused: dict[str, IntegratesError] = {}
    async for name in names_of_platform(store):
        if is_stopping():
            break
        try:
            made += await keep_up(store, name, now)
        except NotFound:  # the group was removed, and its figures with it
            continue
        except ModelError as error:
            refused[name] = error
    return Kept(made, refused)
