"""Packing plans into writes: joining changes of one key, and cutting many plans into writes that a store takes. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, TypeAlias

import msgspec
from msgspec.structs import replace

from integrates.db_model.entity.facet import Beside, key_text
from integrates.db_model.entity.plan import Plan
from integrates.db_model.errors import ModelError, Raced
from integrates.db_model.store.port import MAX_WRITE_BYTES, Add, Bounds, Change, Check, Key, Put, Version
from integrates.db_model.store.rules import MAX_BOUNDS, MAX_INCREMENTS, item_size

AnyPlan: TypeAlias = Plan[Any]
USUAL_BYTES: Final = MAX_WRITE_BYTES * 3 // 4
"""How many bytes are put in one write where it could be cut anywhere."""


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
                yield Share(number, each.change, _lost(each))
    for each in beside:
        yield Share(len(plans), each.change, _lost(each))


def _lost(beside: Beside) -> ModelError:
    """Return what the failing of a change means: its refusal, and without one a lost race."""
    return beside.refusal or Raced(key_text(beside.change.key))


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
    if earlier is None or earlier is later:  # what several plans share, such as the record of a first release
        return later
    match earlier, later:
        case Add(), Add() if earlier.expect == later.expect and _agree(earlier.bounds, later.bounds):
            is_bounded = later.bounds.keys() <= earlier.bounds.keys()
            return earlier if is_bounded else replace(earlier, bounds={**earlier.bounds, **later.bounds})
        case Check(), Check() if earlier.expect == later.expect:
            return earlier
        case Put(), Check() if _is_met(later, earlier):
            return earlier
        case Check(), Put() if _is_met(earlier, later):
            return later
        case _:
            raise ValueError(f"two changes of {later.key} cannot share a write")


def _agree(one: Mapping[str, Bounds], other: Mapping[str, Bounds]) -> bool:
    return not other or one == other or all(one[name] == other[name] for name in one.keys() & other.keys())


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


def _load(standing: dict[Key, Change], names: dict[Key, set[str]], change: Change) -> int:
    """Join a change with those of a write so far, and the names of an addition with those of others. Return the bytes it puts.

    Raise ``ValueError`` when that cannot be done, or when an addition would get more names or bounds than a store takes.
    """
    key = change.key
    earlier = standing.get(key)
    standing[key] = now = _standing(earlier, change)
    if isinstance(change, Add) and isinstance(now, Add):
        own = names.setdefault(key, set())
        own.update(change.increments)
        if len(own) > MAX_INCREMENTS or len(now.bounds) > MAX_BOUNDS:
            raise ValueError(f"an addition to {key} would be too wide")
    return item_size(now.item) if isinstance(now, Put) and now is not earlier else 0


def fitting(groups: Iterable[Sequence[AnyPlan]], *, changes: int, size: int = USUAL_BYTES) -> int:
    """Return how many of the first groups of plans fit one write of at most so many changes and about so many bytes.

    Lazy: reads at most one group too many. A group also does not fit when one of its changes cannot be joined with an earlier
    one, or an addition would get too many names or bounds. At least 1 unless there are no groups; an empty group always fits.
    """
    standing: dict[Key, Change] = {}
    names: dict[Key, set[str]] = {}
    used = count = 0
    for group in groups:
        try:
            used += sum(_load(standing, names, change) for change in _wanted(group))
        except ValueError:
            return max(count, 1)
        if count and (len(standing) > changes or used > size):
            return count
        count += 1
    return count


def _is_too_wide(change: Add) -> bool:
    return len(change.increments) > MAX_INCREMENTS or len(change.bounds) > MAX_BOUNDS


def _single(plans: Sequence[AnyPlan], changes: int, size: int) -> Write | None:
    """Return the one write of all plans; ``None`` when they do not fit one, of which :func:`fitting` tells how many do."""
    if len(plans) > changes // 2:  # each has an entity and a revision
        return None
    try:
        made = joined(plans)
    except ValueError:
        return None
    used = sum(item_size(change.item) for change in made.changes if isinstance(change, Put))
    if len(made.changes) > changes or used > size or any(_is_too_wide(each) for each in made.changes if isinstance(each, Add)):
        return None
    return made


def chunks(plans: Sequence[AnyPlan], *, changes: int, size: int = USUAL_BYTES) -> tuple[Write, ...]:
    """Return the writes of the plans in chunks of whole entities, in order. Plans without a change are left out."""
    rest = tuple(made for made in plans if made.own)
    done: list[Write] = []
    while rest:
        made = _single(rest, changes, size) or joined(rest[: fitting(((each,) for each in rest), changes=changes, size=size)])
        done.append(made)
        rest = rest[len(made.plans) :]
    return tuple(done)
