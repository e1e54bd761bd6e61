"""Comparing the snapshots of a group with what its revisions tell."""

from collections.abc import Iterator, Mapping
from datetime import date

import msgspec

from integrates.db_model.entity import read
from integrates.db_model.errors import ModelError
from integrates.db_model.inspection.judgement import unreadable
from integrates.db_model.inspection.types import Difference, Fault
from integrates.db_model.snapshots.commands import counted_days
from integrates.db_model.snapshots.record import day_in, snapshot_of, snapshots_between
from integrates.db_model.snapshots.types import DayFigures, Snapshot
from integrates.db_model.store.port import Item, Store


def _shown(figures: DayFigures, name: str) -> str:
    return msgspec.json.encode(getattr(figures, name)).decode()


def _differing(item: Item, found: Snapshot, expected: DayFigures) -> Iterator[Difference]:
    for name in DayFigures.__struct_fields__:
        if getattr(found.figures, name) != getattr(expected, name):
            yield Difference(
                fault=Fault.SNAPSHOT,
                entity=f"{item.key.pk}#{item.key.sk}",
                at=name,
                expected=_shown(expected, name),
                found=_shown(found.figures, name),
            )


async def snapshot_differences(store: Store, group_name: str) -> tuple[Difference, ...]:
    """Return how the snapshots of a group differ from a count of its revisions; of a group without any nothing is read.

    Revisions that cannot be read are told where they stand, so that nothing is said of snapshots then.
    """
    query = snapshots_between(group_name, date.min, date.max)
    items = {day_in(item.key): item async for page in read.pages(store, query) for item in page}
    if not items:
        return ()
    try:
        expected: Mapping[date, DayFigures] = await counted_days(store, group_name, min(items), max(items))
    except ModelError:
        return ()
    return tuple(each for day, item in items.items() for each in _judged(item, expected[day]))


def _judged(item: Item, expected: DayFigures) -> Iterator[Difference]:
    try:
        found = snapshot_of(item)
    except ModelError as error:
        yield unreadable(item.key, error)
        return
    yield from _differing(item, found, expected)
