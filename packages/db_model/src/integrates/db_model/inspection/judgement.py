"""Judging one entity by what is stored beside it. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from integrates.db_model.entity import claim, counter, revision
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import Facet, claims_of, key_text, keys_of
from integrates.db_model.entity.revision import KEPT_FIELDS, Revision
from integrates.db_model.errors import Corrupt, ModelError, Outdated
from integrates.db_model.indicators.contribution import Counted, Lifetime
from integrates.db_model.inspection.types import Difference, Fault
from integrates.db_model.registry import BY_PARENT
from integrates.db_model.store.port import IndexKey, Item, Key
from integrates.db_model.store.template import SEPARATOR
from integrates.db_model.tokens.rules import is_usable
from integrates.db_model.tokens.types import AccessToken


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """An entity as it was read, with the items of its revisions by ascending version.

    ``is_below_removed`` tells that something above it was removed, so that others may hold what it claims.
    """

    facet: Facet[Any]
    item: Item
    records: Sequence[Item]
    is_below_removed: bool = False


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """An entity with its past, what it claims now and what it has claimed only before, and the differences found so far."""

    subject: Subject
    lifetime: Lifetime
    claims: Mapping[Key, str] = {}
    former: Mapping[Key, str] = {}
    differences: tuple[Difference, ...] = ()


def unreadable(key: Key, error: ModelError) -> Difference:
    """Return the difference that an item which cannot be read is."""
    fault = Fault.OUTDATED if isinstance(error, Outdated) else Fault.UNREADABLE
    return Difference(fault=fault, entity=key_text(key), found=str(error))


def _pair(key: IndexKey | None) -> str | None:
    return f"{key.pk} / {key.sk}" if key else None


def _compared(
    fault: Fault, entity: str, expected: Mapping[int, IndexKey], found: Mapping[int, IndexKey], where: str = ""
) -> Iterator[Difference]:
    for number in sorted({*expected, *found}):
        wanted, stored = expected.get(number), found.get(number)
        if wanted != stored:
            at = f"{where}gsi_{number}"
            yield Difference(fault=fault, entity=entity, at=at, expected=_pair(wanted), found=_pair(stored))


def index_differences(facet: Facet[Any], item: Item, entity: Any) -> Iterator[Difference]:
    """Yield where the keys of an entity in the indexes are not those that its facet makes."""
    yield from _compared(Fault.INDEX_KEY, key_text(item.key), keys_of(facet, entity)[1], item.index_keys)


def is_listed(facet: Facet[Any], item: Item, entity: Any) -> bool:
    """Return whether the entity stands in the list of what it belongs to."""
    return keys_of(facet, entity)[1].get(BY_PARENT) == item.index_keys.get(BY_PARENT)


def _versions(entity: str, known: Iterable[int], latest: int) -> Iterator[Difference]:
    numbers = set(known)
    for number in sorted(set(range(1, latest + 1)) - numbers):
        yield Difference(fault=Fault.REVISION_MISSING, entity=entity, at=str(number))
    for number in sorted(number for number in numbers if number > latest):
        yield Difference(fault=Fault.REVISION_EXTRA, entity=entity, at=str(number))


def _records(subject: Subject) -> tuple[list[Revision], list[Difference]]:
    """Return the revisions that can be read, and a difference for each that cannot."""
    read: list[Revision] = []
    bad: list[Difference] = []
    for item in subject.records:
        try:
            read.append(revision.of_item(item))
        except Corrupt as error:
            bad.append(unreadable(item.key, error))
    return read, bad


def _states(subject: Subject, read: Sequence[Revision]) -> tuple[Any, ...]:
    """Return the entity as each revision left it; nothing when they do not tell."""
    try:
        return revision.states(subject.facet, read)
    except ModelError:
        return ()


def _past(subject: Subject, entity: Any, read: Sequence[Revision], states: Sequence[Any]) -> Iterator[Difference]:
    """Yield where revisions that are complete do not lead to the entity, or are not listed where they should be."""
    text = key_text(subject.item.key)
    items = {item.version: item for item in subject.records}
    for one, state in zip(read, states, strict=False):
        listed = revision.listed(subject.facet, subject.item.key, state, one.at)
        where = f"{one.version} "
        yield from _compared(Fault.REVISION_INDEX_KEY, text, listed, items[one.version].index_keys, where)
    if [one.version for one in read] != list(range(1, entity.version + 1)):
        return
    if not states:
        yield Difference(fault=Fault.REVISION_DIFFERS, entity=text, found="nothing that can be read")
        return
    names = (name for name in entity.__struct_fields__ if name not in KEPT_FIELDS or name in {"updated_at", "created_by"})
    for name in names:
        if getattr(states[-1], name) != getattr(entity, name):
            yield Difference(fault=Fault.REVISION_DIFFERS, entity=text, at=name)


def judged(subject: Subject) -> Judged:
    """Judge an entity by itself and by its revisions. Its claims are told, to be read."""
    facet, text = subject.facet, key_text(subject.item.key)
    try:
        entity = decoded(facet, subject.item)
    except ModelError as error:
        return Judged(subject=subject, lifetime=Lifetime(None), differences=(unreadable(subject.item.key, error),))
    readable, bad = _records(subject)
    read = [one for one in readable if one.version <= entity.version]
    states = _states(subject, read)
    rules = (
        Difference(fault=Fault.RULE, entity=text, at=".".join(broken.path), found=broken.reason.value)
        for broken in facet.check(entity)
    )
    claims = claims_of(facet, entity)
    before = {key: kind for state in states for key, kind in claims_of(facet, state).items() if key not in claims}
    return Judged(
        subject=subject,
        lifetime=Lifetime(entity, read if states else (), states),
        claims=claims,
        former=before,
        differences=(
            *rules,
            *index_differences(facet, subject.item, entity),
            *_versions(text, (item.version for item in subject.records), entity.version),
            *bad,
            *_past(subject, entity, read, states),
        ),
    )


def _is_vacant(judged_one: Judged, now: datetime) -> bool:
    """Return whether others may hold what an entity claims: below what was removed, and what an expired token claimed."""
    entity = judged_one.lifetime.now
    return judged_one.subject.is_below_removed or (isinstance(entity, AccessToken) and not is_usable(entity, now))


def claim_differences(one: Judged, items: Mapping[Key, Item | None], now: datetime) -> Iterator[Difference]:
    """Yield where claims are not what the entity claims, given their items."""
    if one.lifetime.now is None:
        return
    text, owner = key_text(one.subject.item.key), one.subject.facet.identity(one.lifetime.now)
    vacant = _is_vacant(one, now)
    for key, kind in {**one.claims, **one.former}.items():
        try:
            held = claim.held_of(items[key])
        except Corrupt as error:
            yield unreadable(key, error)
            continue
        holder = None if held is None or held.freed else held.owner
        if key in one.former:
            if holder == owner:
                yield Difference(fault=Fault.CLAIM_EXTRA, entity=text, at=kind, found=key.pk)
        elif holder is None:
            yield Difference(fault=Fault.CLAIM_MISSING, entity=text, at=kind, expected=key.pk)
        elif holder != owner and not vacant:
            yield Difference(fault=Fault.CLAIM_OF_ANOTHER, entity=text, at=kind, expected=owner, found=holder)


def counter_differences(counted: Counted, contributed: Mapping[str, int], items: Sequence[Item | None]) -> Iterator[Difference]:
    """Yield where a counter is not what entities contribute, or a gate of a shard not what its entity says."""
    text = key_text(counted.counter[0]) if len(counted.counter) == 1 else counted.counter[0].pk.rpartition(SEPARATOR)[0]
    stored = counter.summed(items)
    for name in sorted(counter.minus(contributed, stored)):
        expected, found = contributed.get(name, 0), stored.get(name, 0)
        yield Difference(fault=Fault.COUNTER, entity=text, at=name, expected=expected, found=found)
    for key, item in zip(counted.counter, items, strict=True):
        attributes = {} if item is None else item.attributes
        odd = [name for name, number in attributes.items() if not isinstance(number, int) or isinstance(number, bool)]
        yield from (Difference(fault=Fault.UNREADABLE, entity=key_text(key), at=name) for name in odd)
        for name in sorted(counter.GATES):
            expected, value = counted.gates.get(name, 0), attributes.get(name, 0)
            if value != expected:
                yield Difference(fault=Fault.GATE, entity=key_text(key), at=name, expected=expected, found=str(value))
