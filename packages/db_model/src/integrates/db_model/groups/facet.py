"""How groups are stored, and what changes with them.

A group's counters are spread over shards, which are also its gates: a change that depends on the group adds to one of them, and
is refused once the group was removed. So two writers below one group do not contend for the group's own item.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from integrates.db_model.entity import counter
from integrates.db_model.entity.facet import Audit, Beside, Facet, Given, Judge, Parent, Unique, anything_goes, key_of
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.groups.rules import is_live, whole
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.facet import ORGANIZATION, organization_counters_key, organization_key
from integrates.db_model.store.port import Add, Change, Key

GROUP_SHARDS: Final = 8
MAX_ROOTS: Final = 500
MAX_FINDINGS: Final = 20_000
MAX_MEMBERS: Final = 1_000
_OPEN: Final = {counter.CLOSED: 0}


@lru_cache(maxsize=4_096)
def group_key(name: str) -> Key:
    """Return the key of a group."""
    return key_of("group", {"name": name})


@lru_cache(maxsize=4_096)
def group_counters_key(name: str, shard: int) -> Key:
    """Return the key of one of the ``GROUP_SHARDS`` shards of a group's counters."""
    return key_of("group_counters", {"name": name, "shard": str(shard)})


def group_counters_keys(name: str) -> tuple[Key, ...]:
    """Return the keys of all shards of a group's counters. The figures of the group are their sums."""
    return tuple(group_counters_key(name, shard) for shard in range(GROUP_SHARDS))


def group_shard(name: str, stamp: Stamp) -> Key:
    """Return the key of the shard to which the changes of one call add."""
    return group_counters_key(name, counter.shard_of(stamp.change_id, GROUP_SHARDS))


def group_guard(name: str, number: str, *, by: int, high: int) -> Add:
    """Return the addition to a number of a group that has a limit. Such numbers are in the first shard."""
    return counter.guarded(group_counters_key(name, 0), number, by=by, high=high)


@lru_cache(maxsize=1_024)
def _passing(shard: Key) -> Change:
    """Return the addition that passes the gate of a group; the same one for all who do, so that joining them is quick."""
    return counter.passed(shard, _OPEN)


def _gate(_key: Key, group: Group, stamp: Stamp) -> Change:
    return _passing(group_shard(group.name, stamp))


def within_group(name: str, judge: Judge[Group] = anything_goes) -> Parent:
    """Return a group as a parent that must not be removed, which the gate in its counters ensures."""
    return Parent(facet=GROUP, key=group_key(name), path=("group_name",), judge=judge, hold=_gate)


def of_organization(organization_id: str) -> Judge[Group]:
    """Return the judge that refuses a change below a group which does not belong to the organization."""

    def judge(group: Group) -> Iterator[Rejected]:
        if group.organization_id != organization_id:
            yield Rejected(Reason.WRONG_PARENT, ("organization_id",))

    return judge


def _within(old: Group | None, new: Group) -> tuple[Parent, ...]:
    if old is not None:
        return ()
    return (Parent(facet=ORGANIZATION, key=organization_key(new.organization_id), path=("organization_id",)),)


def _counted(old: Group | None, new: Group, _given: Given, _stamp: Stamp) -> tuple[Beside, ...]:
    """Count the organization's groups, and close a removed group's gates."""
    by = int(is_live(new)) - int(old is not None and is_live(old))
    if not by:
        return ()
    groups = counter.guarded(organization_counters_key(new.organization_id), "groups", by=by)
    closed = () if old is None else (counter.guarded(key, counter.CLOSED, by=-by) for key in group_counters_keys(new.name))
    return (Beside(groups), *map(Beside, closed))


GROUP: Final = Facet(
    name="group",
    type=Group,
    audit=lambda group: Audit(group=group.name, organization=group.organization_id),
    is_live=is_live,
    identity=lambda group: group.name,
    fixed=("info.name", "info.organization_id"),
    unique=lambda group: (Unique("group_name", (group.name,), Reason.NAME_TAKEN, ("name",)),),
    within=_within,
    counted=_counted,
    check=whole,
)
