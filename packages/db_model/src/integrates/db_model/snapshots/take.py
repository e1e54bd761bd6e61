"""The snapshot of a day that is just over: by the counters as they are now, and by what has changed since.

What it reads grows with the open vulnerabilities and with the changes of two days, never with the past of the group.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Final, TypeAlias

from msgspec.structs import replace

from integrates.db_model.entity import read
from integrates.db_model.entity.counter import expect_as_read, minus, plus, summed
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import key_in
from integrates.db_model.entity.revision import trail_queries
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.groups.facet import group_counters_keys
from integrates.db_model.registry import facet_of
from integrates.db_model.severities.types import Severity
from integrates.db_model.snapshots.count import (
    DAY,
    Part,
    Story,
    Sums,
    aged,
    end_of,
    figures_of,
    flows_in,
    new_sums,
    numbers_at,
    open_part,
    part_at,
    severity_at,
)
from integrates.db_model.snapshots.story import findings_of, keys_below, stories_of
from integrates.db_model.snapshots.types import DayFigures
from integrates.db_model.store.port import Key, Store
from integrates.db_model.values.instant import END
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.lists import of_group_in_state
from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityStatus

_ATTEMPTS: Final = 3
_PAGE: Final = 200
_AHEAD: Final = timedelta(days=32)
"""How far behind the day changes are looked for, which is just over."""
Wait: TypeAlias = Callable[[float], Awaitable[object]]
"""Waits so many seconds."""


async def _revised(store: Store, group_name: str, since: datetime) -> tuple[set[Key], set[Key]]:
    """Return the keys of the vulnerabilities and of the findings of a group that were changed after a moment."""
    found: dict[str, set[Key]] = {VULNERABILITY.name: set(), FINDING.name: set()}
    for query in trail_queries("audit_of_group", {"name": group_name}, since, END, since + _AHEAD):
        async for items in read.pages(store, query):
            for key in {key_in(item.key.pk) for item in items}:
                facet = facet_of(key)
                if facet is not None and facet.name in found:
                    found[facet.name].add(key)
    return found[VULNERABILITY.name], found[FINDING.name]


def _difference(story: Story, end: datetime) -> Part:
    """Return what the counters lack, or have too much, of a vulnerability that may have changed since a moment."""
    then = part_at(story, end)
    numbers = plus(minus(then.numbers, numbers_at(story, END)), flows_in(story, end - DAY, end))
    return replace(then, numbers=numbers)


async def _severities(store: Store, found: Sequence[Vulnerability], known: dict[str, Severity | None]) -> None:
    """Read the severities of the findings of vulnerabilities, as far as these are not known."""
    missing = list(dict.fromkeys(one.finding_id for one in found if one.finding_id not in known))
    read_now = await read.get_many(store, FINDING, [finding_key(one) for one in missing])
    known |= {name: finding.severity if finding else None for name, finding in zip(missing, read_now, strict=True)}


async def _add_unchanged(sums: Sums, store: Store, group_name: str, changed: AbstractSet[Key], end: datetime) -> None:
    """Add what the open vulnerabilities of a group beside the changed ones add beside the numbers of the counters."""
    severities: dict[str, Severity | None] = {}
    query = of_group_in_state(group_name, hidden=False, state=VulnerabilityStatus.VULNERABLE, limit=_PAGE)
    async for items in read.pages(store, query):
        found = [decoded(VULNERABILITY, item) for item in items if item.key not in changed]
        await _severities(store, found, severities)
        for one in found:
            sums.add(open_part(one, severities[one.finding_id], end))
        await asyncio.sleep(0)


async def _attempted(store: Store, group_name: str, day: date, wait: Wait) -> DayFigures | None:
    """Return the figures, ``None`` when counters were changed meanwhile, or a list told less than is counted."""
    keys, end = group_counters_keys(group_name), end_of(day)
    before = await store.get(keys)
    if store.index_delay:
        await wait(store.index_delay)
    own, above = await _revised(store, group_name, end - DAY)
    findings = await findings_of(store, above)
    rescored = [one for one, known in findings.items() if severity_at(known, end) != known[-1].severity]
    changed = own | set(await keys_below(store, rescored))
    sums = new_sums()
    sums.add(Part(summed(before)))
    await _add_unchanged(sums, store, group_name, changed, end)
    async for story in stories_of(store, sorted(changed, key=attrgetter("pk")), findings):
        sums.add(_difference(story, end))
    if [expect_as_read(item) for item in await store.get(keys)] != [expect_as_read(item) for item in before]:
        return None
    figures = figures_of(sums.whole)
    return figures if aged(figures) else None


async def figures_at_end(store: Store, group_name: str, day: date, *, wait: Wait = asyncio.sleep) -> DayFigures | None:
    """Return the figures of a group at the end of a day that is just over; ``None`` when too much goes on in it.

    They are the counters as they are now, less what changed vulnerabilities add now, plus what these added then. Where lists
    may lag it waits until they show all that is counted.
    """
    for _ in range(_ATTEMPTS):
        figures = await _attempted(store, group_name, day, wait)
        if figures is not None:
            return figures
    return None
