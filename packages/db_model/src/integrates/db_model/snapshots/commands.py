"""Making snapshots of groups, and reading them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from itertools import accumulate
from typing import Final

import msgspec

from integrates.db_model.entity import read
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.revision import of_item, states
from integrates.db_model.errors import Conflict, NotFound
from integrates.db_model.findings.facet import FINDING
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group
from integrates.db_model.snapshots.count import (
    DAY,
    NO_PART,
    Part,
    Story,
    day_of,
    days_between,
    differences,
    figures_of,
    flows,
    plus_part,
)
from integrates.db_model.snapshots.record import day_in, snapshot_of, snapshot_put, snapshots_between
from integrates.db_model.snapshots.types import DayFigures, Snapshot
from integrates.db_model.store.port import Item, Query, Store
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.lists import of_finding

_STORIES: Final = 200
"""Of how many vulnerabilities the revisions are read at once."""
_TOGETHER: Final = 50
"""How many snapshots are stored in one write."""


async def between(store: Store, group_name: str, first: date, last: date) -> tuple[Snapshot, ...]:
    """Return the snapshots of a group from one day to another, both included, by day."""
    query = snapshots_between(group_name, first, last)
    return tuple([snapshot_of(item) async for page in read.pages(store, query) for item in page])


async def _pasts(store: Store, items: Sequence[Item]) -> Mapping[str, Sequence[Item]]:
    found = await read.records_of_each(store.query, [item.key for item in items], limit=_STORIES)
    return {key.pk: records for key, records in found.items()}


async def _stories_of(store: Store, finding: Sequence[Finding], query: Query) -> AsyncIterator[Story]:
    async for items in read.pages(store, query):
        pasts = await _pasts(store, items)
        for item in items:
            revisions = tuple(map(of_item, pasts[item.key.pk]))
            yield Story(revisions, states(VULNERABILITY, revisions), finding)


async def stories(store: Store, group_name: str) -> AsyncIterator[Story]:
    """Yield everything that became of each vulnerability of a group, removed ones too."""
    query = listing(FINDING.name, "findings_of_group", {"group_name": group_name}, limit=_STORIES)
    async for items in read.pages(store, query):
        pasts = await _pasts(store, items)
        for item in items:
            finding = states(FINDING, map(of_item, pasts[item.key.pk]))
            async for story in _stories_of(store, finding, of_finding(decoded(FINDING, item).id, limit=_STORIES)):
                yield story


async def counted_days(store: Store, group_name: str, first: date, last: date) -> dict[date, DayFigures]:
    """Return the figures of a group at the ends of days, counted from revisions: what snapshots of them have to say.

    Reads everything that ever was in the group, once, however many days these are.
    """
    steps: dict[date, Part] = {}
    added: dict[date, Part] = {}
    async for story in stories(store, group_name):
        for day, part in differences(story, first, last):
            steps[day] = plus_part(steps.get(day, NO_PART), part)
        for day, numbers in flows(story, first, last):
            added[day] = plus_part(added.get(day, NO_PART), Part(numbers))
    days = tuple(days_between(first, last))
    sums = accumulate((steps.get(day, NO_PART) for day in days), plus_part)
    return {day: figures_of(plus_part(part, added.get(day, NO_PART))) for day, part in zip(days, sums, strict=True)}


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


async def rebuild(store: Store, group_name: str, first: date, now: datetime, *, is_replacing: bool = False) -> Rebuilt:
    """Make the snapshots of a group from a day on that are missing, from revisions.

    With ``is_replacing`` those that tell something else than the revisions are replaced. Raise ``NotFound`` when there is no
    such group.
    """
    group = await read.get(store, GROUP, group_key(group_name))
    if group is None:
        raise NotFound(GROUP.name, group_name)
    begin, end = range_of(group, first, now)
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


async def days_of_group(store: Store, group_name: str) -> frozenset[date]:
    """Return the days of which a group has a snapshot."""
    query = snapshots_between(group_name, date.min, date.max)
    return frozenset([day_in(item.key) async for page in read.pages(store, query) for item in page])
