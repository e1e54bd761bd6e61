"""How findings are stored, and what changes with them.

A finding's counters are spread over shards by root, which are also its gates: an addition requires that the finding was not
removed and that its severity was not changed since it was read. A new severity reads all shards and expects each as read.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from integrates.db_model.entity import counter
from integrates.db_model.entity.facet import Audit, Beside, Facet, Given, Judge, Parent, Unique, anything_goes, key_of
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.findings.rules import frees_claim, is_live, title_key, whole
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.facet import (
    GROUP_SHARDS,
    MAX_FINDINGS,
    group_counters_key,
    group_guard,
    of_organization,
    within_group,
)
from integrates.db_model.store.port import Add, Change, Key
from integrates.db_model.vulnerabilities.tally import is_cell, moved_scores

FINDING_SHARDS: Final = 4
_MOST_CELLS: Final = 200
"""Most cells in one addition to a shard of a group, below the port's limit of increments."""


@lru_cache(maxsize=4_096)
def finding_key(finding_id: str) -> Key:
    """Return the key of a finding."""
    return key_of("finding", {"id": finding_id})


@lru_cache(maxsize=4_096)
def finding_counters_key(finding_id: str, shard: int) -> Key:
    """Return the key of one of the ``FINDING_SHARDS`` shards of a finding's counters."""
    return key_of("finding_counters", {"id": finding_id, "shard": str(shard)})


def finding_counters_keys(finding_id: str) -> tuple[Key, ...]:
    """Return the keys of all shards of a finding's counters. The figures of the finding are their sums."""
    return tuple(finding_counters_key(finding_id, shard) for shard in range(FINDING_SHARDS))


@lru_cache(maxsize=4_096)
def finding_shard(finding_id: str, root_id: str) -> Key:
    """Return the key of the shard that counts a finding's vulnerabilities of a root."""
    return finding_counters_key(finding_id, counter.shard_of(root_id, FINDING_SHARDS))


@lru_cache(maxsize=1_024)
def _gate(shard: Key, scored: int) -> Change:
    """Return the addition that passes the gates of a finding; the same one for all who do, so that joining them is quick."""
    return counter.passed(shard, {counter.CLOSED: 0, counter.SCORED: scored})


def within_finding(finding_id: str, root_id: str, judge: Judge[Finding] = anything_goes) -> Parent:
    """Return a finding as a parent that must keep its severity and not be removed, which the gates in its counters ensure."""

    def gate(_key: Key, finding: Finding, _stamp: Stamp) -> Change:
        return _gate(finding_shard(finding.id, root_id), finding.scored)

    return Parent(facet=FINDING, key=finding_key(finding_id), path=("finding_id",), judge=judge, hold=gate)


def within_lasting_finding(finding_id: str, judge: Judge[Finding] = anything_goes) -> Parent:
    """Return a finding as a parent that must not be removed, whatever becomes of its severity."""

    def gate(_key: Key, finding: Finding, _stamp: Stamp) -> Change:
        return counter.passed(finding_counters_key(finding.id, 0), {counter.CLOSED: 0})

    return Parent(facet=FINDING, key=finding_key(finding_id), path=("finding_id",), judge=judge, hold=gate)


def title_hash(title: str) -> str:
    """Return what stands for a title, ignoring case, in the list of an organization's findings by title."""
    return sha256(title_key(title).encode()).hexdigest()


def _unique(finding: Finding) -> tuple[Unique, ...]:
    """Return the claim of a finding in its group: its rule or, for one without rule, its title ignoring case."""
    if not is_live(finding) and not finding.state.keeps_claim:
        return ()
    if finding.rule is not None:
        value = (finding.group_name, finding.rule.tool, finding.rule.rule_id)
        return (Unique("finding_rule", value, Reason.TITLE_TAKEN, ("title",)),)
    title = title_key(finding.description.title)
    return (Unique("finding_title", (finding.group_name, title), Reason.TITLE_TAKEN, ("title",)),)


def _is_rescored(old: Finding | None, new: Finding) -> bool:
    return old is not None and old.severity != new.severity


def _is_removed(old: Finding | None, new: Finding) -> bool:
    return old is not None and is_live(old) and not is_live(new)


def _derived(old: Finding | None, new: Finding) -> Finding:
    """Count the changes of the severity, because additions to the finding's counters require the number that was read.

    One that is removed keeps its claim when the justification says so.
    """
    before = old.scored if old else 0
    counted = replace(new, scored=before + _is_rescored(old, new))
    why = new.state.justification
    if why is None or not _is_removed(old, new):
        return counted
    return replace(counted, state=replace(new.state, keeps_claim=not frees_claim(why)))


def _within(old: Finding | None, new: Finding) -> tuple[Parent, ...]:
    if old is not None and not _is_rescored(old, new):
        return ()
    return (within_group(new.group_name, of_organization(new.organization_id)),)


def _reads(old: Finding | None, new: Finding) -> tuple[Key, ...]:
    return finding_counters_keys(new.id) if _is_rescored(old, new) or _is_removed(old, new) else ()


def _raised(finding: Finding, given: Given, gates: Mapping[str, int]) -> Iterator[Add]:
    """Yield the additions that raise gates in all shards of a finding; each shard is expected as read."""
    for key in finding_counters_keys(finding.id):
        yield Add(key, gates, {}, counter.expect_as_read(given.items[key]))


def _moved(old: Finding, new: Finding, given: Given, stamp: Stamp) -> Iterator[Add]:
    """Yield the additions that move the inheriting vulnerabilities between the group's cells, spread over shards."""
    cells = counter.summed(given.items[key] for key in finding_counters_keys(new.id))
    moved = list(moved_scores(cells, old.severity, new.severity).items())
    first = counter.shard_of(stamp.change_id, GROUP_SHARDS)
    for part, begin in enumerate(range(0, len(moved), _MOST_CELLS)):
        key = group_counters_key(new.group_name, (first + part) % GROUP_SHARDS)
        yield counter.passed(key, {counter.CLOSED: 0}, dict(moved[begin : begin + _MOST_CELLS]))


def _check_empty(finding: Finding, given: Given) -> None:
    """Refuse to remove a finding before its vulnerabilities. Its shards are held as read, so none is added meanwhile (M3)."""
    counts = counter.summed(given.items[key] for key in finding_counters_keys(finding.id))
    if any(number for name, number in counts.items() if is_cell(name)):
        raise Rejected(Reason.NOT_EMPTY)


def _counted(old: Finding | None, new: Finding, given: Given, stamp: Stamp) -> tuple[Beside, ...]:
    if _is_removed(old, new):
        _check_empty(new, given)
    if old is None or _is_removed(old, new):
        by = 1 if old is None else -1
        guard = Beside(
            group_guard(new.group_name, "findings", by=by, high=MAX_FINDINGS),
            Rejected(Reason.TOO_MANY, (), f"{MAX_FINDINGS:,} findings of a group"),
        )
        closed = () if old is None else _raised(new, given, {counter.CLOSED: 1})
        return (guard, *map(Beside, closed))
    if not _is_rescored(old, new):
        return ()
    changes = (*_raised(new, given, {counter.SCORED: 1}), *_moved(old, new, given, stamp))
    return tuple(map(Beside, changes))


FINDING: Final = Facet(
    name="finding",
    type=Finding,
    audit=lambda finding: Audit(group=finding.group_name),
    is_live=is_live,
    variables={"title_hash": lambda finding: title_hash(finding.description.title) if is_live(finding) else None},
    fixed=("id", "group_name", "organization_id", "rule"),
    derived=_derived,
    unique=_unique,
    within=_within,
    reads=_reads,
    counted=_counted,
    check=whole,
)
