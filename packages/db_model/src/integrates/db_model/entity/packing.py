"""Packing plans into writes: joining changes of one key, and cutting many plans into writes that a store takes. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Any, Final, TypeAlias

import msgspec
from msgspec.structs import replace

from integrates.db_model.entity.facet import Beside
from integrates.db_model.entity.plan import Plan
from integrates.db_model.errors import ModelError
from integrates.db_model.store.port import MAX_WRITE_BYTES, Add, Bounds, Change, Check, Key, Put, Version
from integrates.db_model.store.rules import MAX_BOUNDS, MAX_INCREMENTS, item_size

AnyPlan: TypeAlias = Plan[Any]
_NONE: Final[AbstractSet[str]] = frozenset()


class Share(msgspec.Struct, frozen=True, gc=False):
    """The share of one plan in a change of a write.

    ``number`` is that of the plan, ``change`` what the plan wants of the key, and ``refusal`` what the failing of the change
    means for the plan; ``None`` where the change is the plan's own entity or revision.
    """

    number: int
    change: Change
    refusal: ModelError | None


class Write(msgspec.Struct, frozen=True, dict=True):
    """The changes of one write, each key once, and the plans and further changes that it was joined from."""

    changes: tuple[Change, ...] = ()
    plans: Sequence[AnyPlan] = ()
    beside: Sequence[Beside] = ()

    @cached_property
    def shares(self) -> tuple[tuple[Share, ...], ...]:
        """For each change, the shares of the plans in it; asked for only when a write fails."""
        found: dict[Key, list[Share]] = {change.key: [] for change in self.changes}
        for share in _shares(self.plans, self.beside):
            found[share.change.key].append(share)
        return tuple(map(tuple, found.values()))


def _shares(plans: Sequence[AnyPlan], beside: Sequence[Beside]) -> Iterator[Share]:
    for number, made in enumerate(plans):
        if made.own and made.record:
            yield Share(number, made.own, None)
            yield Share(number, made.record, None)
            for each in made.beside:
                yield Share(number, each.change, each.refusal)
    for each in beside:
        yield Share(len(plans), each.change, each.refusal)


def _wanted(plans: Iterable[AnyPlan], beside: Iterable[Beside] = ()) -> Iterator[Change]:
    """Yield what the plans want of keys, in their order; of a key that several change, each change by itself."""
    for made in plans:
        if made.own and made.record:
            yield made.own
            yield made.record
            for each in made.beside:
                yield each.change
    for each in beside:
        yield each.change


def _is_met(check: Check, put: Put) -> bool:
    """Return whether a check expects the version that a put of the same key expects, or the one that the put stores."""
    return check.expect in (put.expect, Version(put.item.version))


def _standing(earlier: Change | None, later: Change) -> Change:
    """Return the one change of a key that does what both would do; increments of additions are summed later.

    Raise ``ValueError`` when the two cannot share a write.
    """
    match earlier, later:
        case None, _:
            return later
        case Add(), Add() if earlier.expect == later.expect and _agree(earlier.bounds, later.bounds):
            bounds = {**earlier.bounds, **later.bounds}
            return earlier if len(bounds) == len(earlier.bounds) else replace(earlier, bounds=bounds)
        case Check(), Check() if earlier.expect == later.expect:
            return earlier
        case Put(), Put() if earlier is later:  # what several plans share, such as the record of a first release
            return earlier
        case Put(), Check() if _is_met(later, earlier):
            return earlier
        case Check(), Put() if _is_met(earlier, later):
            return later
        case _:
            raise ValueError(f"two changes of {later.key} cannot share a write")


def _agree(one: Mapping[str, Bounds], other: Mapping[str, Bounds]) -> bool:
    return one == other or all(one[name] == other[name] for name in one.keys() & other.keys())


def _summed(additions: Sequence[Add]) -> Add:
    """Return the sum of additions to one counter."""
    if len(additions) == 1:
        return additions[0]
    increments: dict[str, int] = {}
    bounds: dict[str, Bounds] = {}
    for addition in additions:
        bounds.update(addition.bounds)
        for name, number in addition.increments.items():
            increments[name] = increments.get(name, 0) + number
    kept = {name: number for name, number in increments.items() if number or name in bounds}
    return Add(additions[0].key, kept or increments, bounds, additions[0].expect)


def joined(plans: Sequence[AnyPlan], beside: Sequence[Beside] = ()) -> Write:
    """Return the write of plans and of the changes ``beside`` them: additions to a counter are summed, equal checks kept once.

    Raise ``ValueError`` when two plans change one key in ways that cannot share a write.
    """
    standing: dict[Key, Change] = {}
    additions: dict[Key, list[Add]] = {}
    for change in _wanted(plans, beside):
        key = change.key
        standing[key] = _standing(standing.get(key), change)
        if isinstance(change, Add):
            additions.setdefault(key, []).append(change)
    changes = (_summed(additions[key]) if isinstance(change, Add) else change for key, change in standing.items())
    return Write(tuple(changes), plans, beside)


class _Joint(msgspec.Struct, frozen=True):
    """What a group makes of a write: the joined change of each of its keys, and by key the new names of its additions."""

    changes: Mapping[Key, Change]
    names: Mapping[Key, AbstractSet[str]]


def _joint(standing: Mapping[Key, Change], names: Mapping[Key, AbstractSet[str]], group: Iterable[AnyPlan]) -> _Joint:
    """Join the changes of a group with those of a write so far. Raise ``ValueError`` when that cannot be done."""
    changes: dict[Key, Change] = {}
    wider: dict[Key, AbstractSet[str]] = {}
    for change in _wanted(group):
        key = change.key
        changes[key] = _standing(changes.get(key) or standing.get(key), change)
        if isinstance(change, Add) and (more := change.increments.keys() - names.get(key, _NONE)):
            wider[key] = wider.get(key, _NONE) | more
    return _Joint(changes, wider)


def _is_too_wide(names: Mapping[Key, AbstractSet[str]], joint: _Joint) -> bool:
    """Return whether an addition would have more names or bounds than a store takes."""
    bounds = (len(change.bounds) for change in joint.changes.values() if isinstance(change, Add))
    return any(len(names.get(key, ())) + len(wider) > MAX_INCREMENTS for key, wider in joint.names.items()) or any(
        each > MAX_BOUNDS for each in bounds
    )


def fitting(groups: Iterable[Sequence[AnyPlan]], *, changes: int, size: int = MAX_WRITE_BYTES * 3 // 4) -> int:
    """Return how many of the first groups of plans fit one write of at most so many changes and about so many bytes.

    Lazy: reads at most one group too many. A group also does not fit when one of its changes cannot be joined with an earlier
    one, or an addition would get too many names or bounds. At least 1 unless there are no groups; an empty group always fits.
    """
    standing: dict[Key, Change] = {}
    names: dict[Key, AbstractSet[str]] = {}
    used = count = 0
    for group in groups:
        try:
            joint = _joint(standing, names, group)
        except ValueError:
            return max(count, 1)
        puts = (change for key, change in joint.changes.items() if change is not standing.get(key) and isinstance(change, Put))
        used += sum(item_size(change.item) for change in puts)
        total = len(standing) + sum(key not in standing for key in joint.changes)
        if count and (total > changes or used > size or _is_too_wide(names, joint)):
            return count
        standing.update(joint.changes)
        for key, wider in joint.names.items():
            names[key] = names.get(key, _NONE) | wider
        count += 1
    return count


def chunks(plans: Sequence[AnyPlan], *, changes: int) -> tuple[tuple[AnyPlan, ...], ...]:
    """Return the plans in chunks of whole entities that each fit one write, in order. Plans without a change are left out."""
    rest = tuple(made for made in plans if made.own)
    done: list[tuple[AnyPlan, ...]] = []
    while rest:
        count = fitting(((made,) for made in rest), changes=changes)
        done.append(rest[:count])
        rest = rest[count:]
    return tuple(done)
