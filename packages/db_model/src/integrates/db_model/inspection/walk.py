"""Walking all entities from the lists of the platform down, and judging each of them where it belongs.

The store port has no scan. An entity that is missing from the list of what it belongs to is found by the audit trail of its
group or organization, which names every entity that was ever stored there. What neither list nor trail names is not found: an
entity that lost its first revision and its place in a list, a person or a token without place in a list, a claim or a counter
of what never existed.

Little is kept in memory: one page, the pasts of its entities, and the sums of one organization, group and finding.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, memberships_of
from integrates.db_model.entity import read, revision
from integrates.db_model.entity.counter import plus
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import Facet, key_text, keys_of
from integrates.db_model.entity.listing import listing
from integrates.db_model.errors import ModelError
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.groups.types import Group
from integrates.db_model.indicators.contribution import CONTRIBUTIONS, COUNTERS, Counted, Counter
from integrates.db_model.inspection.figures import snapshot_differences
from integrates.db_model.inspection.judgement import (
    Judged,
    Subject,
    claim_differences,
    counter_differences,
    index_differences,
    is_listed,
    judged,
    unreadable,
)
from integrates.db_model.inspection.types import Difference, Fault, Report
from integrates.db_model.organizations.types import Organization
from integrates.db_model.registry import BY_PARENT, facet_of, lists_at_top, lists_below
from integrates.db_model.stakeholders.types import Stakeholder
from integrates.db_model.store.port import Item, Key, Query, Store
from integrates.db_model.values.instant import months

PAGE: Final = 100
_AHEAD: Final = timedelta(days=1)
"""How far the clock of whoever wrote may have been ahead."""
_HISTORIC: Final = "integrates_vms_historic"
_SETTLED_BY: Final = {"group_root": "group", "event": "group"}
"""By facet: where a counter is complete only after all of another entity below which it stands, the facet of that."""


class _Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What an inspection keeps while it walks.

    ``ledger`` has the contributions to counters that are not settled yet, ``strays`` the entities that are not in the list of
    what they belong to, by facet and that list, ``pending`` the counters that another entity settles, by its facet, and
    ``told`` the differences that were told already.
    """

    store: Store
    now: datetime
    ledger: dict[Counter, dict[str, int]]
    strays: dict[tuple[str, str], dict[Key, None]]
    pending: dict[str, list[Counted]]
    told: set[Difference]


async def inspected(store: Store, now: datetime) -> AsyncIterator[Report]:
    """Compare everything in a store with its entities, part by part. Exact while nobody writes.

    ``now`` decides which tokens have expired, and where audit trails end.
    """
    desk = _Desk(store=store, now=now, ledger={}, strays={}, pending={}, told=set())
    for facet, query in lists_at_top():
        async for report in _of_list(desk, facet, query, None):
            yield report
    yield await _settled(desk, [Counted(counter) for counter in desk.ledger])


def _chunks(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    return (keys[begin : begin + PAGE] for begin in range(0, len(keys), PAGE))


async def _of_list(desk: _Desk, facet: Facet[Any], query: Query, above: Judged | None) -> AsyncIterator[Report]:
    """Inspect a list with everything below its entities, then the strays that should be in it."""
    async for items in read.pages(desk.store, replace(query, limit=PAGE)):
        async for report in _of_keys(desk, facet, [item.key for item in items], query.pk, above):
            yield report
    for keys in _chunks([*desk.strays.pop((facet.name, query.pk), ())]):
        async for report in _of_keys(desk, facet, keys, query.pk, above):
            yield report


async def _of_keys(desk: _Desk, facet: Facet[Any], keys: Sequence[Key], pk: str, above: Judged | None) -> AsyncIterator[Report]:
    """Inspect some entities of a list, then what is below each. What belongs elsewhere is inspected there."""
    found = await _read(desk, facet, keys, above)
    here = [one for one in found if one.lifetime.now is None or _home(facet, one.lifetime.now) == pk]
    astray = (one for one in found if one not in here)
    beside = await _beside(desk, here)
    yield Report(
        entities=len(here),
        differences=_fresh(
            desk,
            (
                *(each for one in here for each in one.differences),
                *(each for one in astray for each in index_differences(facet, one.subject.item, one.lifetime.now)),
                *beside,
            ),
        ),
    )
    for one in here:
        if one.lifetime.now is not None:
            async for report in _entered(desk, one, above):
                yield report


async def _entered(desk: _Desk, one: Judged, above: Judged | None) -> AsyncIterator[Report]:
    """Count what an entity contributes, inspect what is below it, and settle the counters that are complete then."""
    facet, entity = one.subject.facet, one.lifetime.now
    for counter, numbers in CONTRIBUTIONS[facet.name](one.lifetime, above.lifetime if above else None):
        desk.ledger[counter] = plus(desk.ledger.get(counter, {}), numbers)
    lists = lists_below(facet, one.subject.item.key)
    if lists:
        yield await _traced(desk, one)
    for child, query in lists:
        async for report in _of_list(desk, child, query, one):
            yield report
    if facet is GROUP:
        yield Report(differences=_fresh(desk, await snapshot_differences(desk.store, entity.name)))
    own = COUNTERS[facet.name](entity)
    if facet.name in _SETTLED_BY:
        desk.pending.setdefault(_SETTLED_BY[facet.name], []).extend((own,) if own else ())
    elif own:
        yield await _settled(desk, (*desk.pending.pop(facet.name, ()), own))


def _home(facet: Facet[Any], entity: Any) -> str | None:
    """Return the partition of the list of what an entity belongs to."""
    listed = keys_of(facet, entity)[1].get(BY_PARENT)
    return listed.pk if listed else None


def _fresh(desk: _Desk, found: Iterable[Difference]) -> tuple[Difference, ...]:
    fresh = tuple(dict.fromkeys(one for one in found if one not in desk.told))
    desk.told.update(fresh)
    return fresh


async def _read(desk: _Desk, facet: Facet[Any], keys: Sequence[Key], above: Judged | None) -> list[Judged]:
    """Read entities with their pasts, and judge each by itself. One that was erased meanwhile is left out."""
    records = await read.records_of_each(desk.store.query, keys, limit=PAGE)
    pairs = zip(keys, await desk.store.get(keys), strict=True)
    removed = above is not None and (above.subject.is_below_removed or not above.subject.facet.is_live(above.lifetime.now))
    return [
        judged(Subject(facet=facet, item=item, records=records[key], is_below_removed=removed)) for key, item in pairs if item
    ]


def _parents(one: Judged) -> dict[Key, Facet[Any]]:
    """Return what an entity needs above it; nothing where its ids are none, which breaks its rule."""
    try:
        return {parent.key: parent.facet for parent in one.subject.facet.within(None, one.lifetime.now)}
    except ValueError:
        return {}


async def _beside(desk: _Desk, found: Sequence[Judged]) -> list[Difference]:
    """Compare entities with their claims, and look for what should be above them, in one call of the store."""
    readable = [one for one in found if one.lifetime.now is not None]
    above = [_parents(one) for one in readable]
    wanted = ((*one.claims, *one.former, *parents) for one, parents in zip(readable, above, strict=True))
    keys = list(dict.fromkeys(key for each in wanted for key in each))
    items = dict(zip(keys, await desk.store.get(keys), strict=True))
    differences: list[Difference] = []
    for one, parents in zip(readable, above, strict=True):
        differences += claim_differences(one, items, desk.now)
        for key, facet in parents.items():
            differences += _parent_differences(facet, key, items[key], key_text(one.subject.item.key))
    return differences


def _parent_differences(facet: Facet[Any], key: Key, item: Item | None, child: str) -> Iterator[Difference]:
    """Yield that a parent is missing, or stands in no list: then its own inspection may never come to it."""
    if item is None:
        yield Difference(fault=Fault.PARENT_MISSING, entity=child, at=facet.name, expected=key_text(key))
        return
    try:
        entity = decoded(facet, item)
    except ModelError:  # which is told where it stands in a list
        return
    if not is_listed(facet, item, entity):
        yield from index_differences(facet, item, entity)


def _trails(one: Judged, now: datetime) -> Iterator[Query]:
    """Yield the queries that name what belongs to an entity, whether it stands in its list or not.

    Of organizations and groups these are the months of their audit trails, of a person the accesses, which are kept by person.
    """
    entity = one.lifetime.now
    match entity:
        case Organization():
            pattern, owner = "audit_of_organization", {"id": entity.id}
        case Group():
            pattern, owner = "audit_of_group", {"name": entity.name}
        case Stakeholder():
            for facet in (ORGANIZATION_ACCESS, GROUP_ACCESS):
                yield memberships_of(facet, entity.email)
            return
        case _:
            return
    for month in months(entity.created_at, max(now + _AHEAD, entity.created_at)):
        yield listing("revision", pattern, {**owner, "month": month})


def _named(items: Iterable[Item]) -> Iterator[Key]:
    """Yield the keys of the entities whose first revisions are among the items, and of the organizations of accesses."""
    for item in items:
        if item.key.table == _HISTORIC:
            text, _, other = item.key.pk.partition("|")
            own = Key(text, other or text)
            if item.key == revision.revision_key(own, 1):
                yield own
        else:
            yield item.key
            yield Key(item.key.sk, item.key.sk)


async def _traced(desk: _Desk, one: Judged) -> Report:
    """Note what belongs to an entity and stands in another list or in none; tell what was stored once and is gone."""
    gone: list[Difference] = []
    for query in _trails(one, desk.now):
        async for page in read.pages(desk.store, query):
            keys = list(dict.fromkeys(key for key in _named(page) if facet_of(key)))
            for key, item in zip(keys, await desk.store.get(keys), strict=True):
                if item is None:
                    gone.append(Difference(fault=Fault.ENTITY_MISSING, entity=key_text(key)))
                else:
                    gone += _noted(desk, key, item)
    return Report(differences=_fresh(desk, gone))


def _noted(desk: _Desk, key: Key, item: Item) -> Iterator[Difference]:
    """Note an entity that is a stray. Yield a difference for one that cannot be read and is in no list."""
    facet, listed = facet_of(key), item.index_keys.get(BY_PARENT)
    if facet is None:
        return
    try:
        home = _home(facet, decoded(facet, item))
    except ModelError as error:
        if listed is None:
            yield unreadable(key, error)
        return
    if home is not None and (listed is None or listed.pk != home):
        desk.strays.setdefault((facet.name, home), {})[key] = None


async def _settled(desk: _Desk, counters: Sequence[Counted]) -> Report:
    """Compare counters with what was contributed to them, in one call of the store."""
    items = iter(await desk.store.get([key for one in counters for key in one.counter]))
    differences = [
        each
        for one in counters
        for each in counter_differences(one, desk.ledger.pop(one.counter, {}), [next(items) for _ in one.counter])
    ]
    return Report(counters=len(counters), differences=_fresh(desk, differences))
