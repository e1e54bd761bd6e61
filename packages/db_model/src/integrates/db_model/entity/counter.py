"""Counters: exact numbers beside the entities, changed by additions in the transaction that they reflect (domain section 7).

A *cell* counts the vulnerabilities that agree in state, score, treatment, acceptance, verification and zero risk. Its name
joins the six by ``·``; what is not set is ``NONE``. A finding's cells say ``INHERITED`` for vulnerabilities without a severity
of their own, a group's cells hold the effective score, and a root's cells leave the score out.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final
from zlib import crc32

import msgspec

from integrates.db_model.entity.facet import key_of
from integrates.db_model.severities.rules import level
from integrates.db_model.severities.types import Severity
from integrates.db_model.store.port import ANYTHING, Add, Bounds, Item, Key
from integrates.db_model.vulnerabilities.rules import is_open
from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityStatus

DOT: Final = "·"
NONE: Final = "NONE"
INHERITED: Final = "INHERITED"
OPENED_EPOCH_SUM: Final = "opened_epoch_sum"
REMEDIATED_COUNT: Final = "remediated_count"
REMEDIATED_SECONDS: Final = "remediated_seconds"
GROUP_SHARDS: Final = 8
MAX_ROOTS: Final = 500
MAX_FINDINGS: Final = 5_000
MAX_MEMBERS: Final = 1_000


class Tally(msgspec.Struct, frozen=True):
    """Additions to the counters of one finding, one root and one group."""

    finding: Mapping[str, int]
    root: Mapping[str, int]
    group: Mapping[str, int]


def finding_counters_key(finding_id: str) -> Key:
    """Build the key of a finding's counters."""
    return key_of("finding_counters", {"id": finding_id})


def root_counters_key(root_id: str) -> Key:
    """Build the key of a root's counters."""
    return key_of("root_counters", {"id": root_id})


def organization_counters_key(organization_id: str) -> Key:
    """Build the key of an organization's counters."""
    return key_of("organization_counters", {"id": organization_id})


def group_counters_key(name: str, shard: int) -> Key:
    """Build the key of one of the ``GROUP_SHARDS`` parts of a group's counters."""
    return key_of("group_counters", {"name": name, "shard": str(shard)})


def group_counters_keys(name: str) -> tuple[Key, ...]:
    """Build the keys of all parts of a group's counters; the figures are their sums."""
    return tuple(group_counters_key(name, shard) for shard in range(GROUP_SHARDS))


def summed(items: Iterable[Item | None]) -> dict[str, int]:
    """Add up the counters of several items; missing ones count as nothing."""
    total: dict[str, int] = {}
    for item in items:
        for name, number in () if item is None else item.attributes.items():
            if isinstance(number, int):
                total[name] = total.get(name, 0) + number
    return total


def added(one: Mapping[str, int], other: Mapping[str, int], *, sign: int = 1) -> dict[str, int]:
    """Add (or subtract) two sets of numbers, leaving out zeros."""
    names = dict.fromkeys((*one, *other))
    sums = {name: one.get(name, 0) + sign * other.get(name, 0) for name in names}
    return {name: number for name, number in sums.items() if number}


def score_text(score: Decimal | None) -> str:
    """Write a score as a dimension of a cell."""
    return NONE if score is None else str(score)


def _dimensions(vulnerability: Vulnerability) -> tuple[str, str, str, str, str]:
    treatment, verification, zero_risk = vulnerability.treatment, vulnerability.verification, vulnerability.zero_risk
    return (
        vulnerability.state.status.value,
        treatment.status.value,
        treatment.acceptance_status.value if treatment.acceptance_status else NONE,
        verification.status.value if verification else NONE,
        zero_risk.status.value if zero_risk else NONE,
    )


def _opened(vulnerability: Vulnerability) -> dict[str, int]:
    opened_at = vulnerability.cycle.opened_at
    if opened_at is None or not is_open(vulnerability):
        return {}
    return {OPENED_EPOCH_SUM: int(opened_at.timestamp())}


def counted(vulnerability: Vulnerability | None, finding_severity: Severity | None) -> Tally:
    """Return what one vulnerability adds to the cells and to the sum of opening dates; removed ones add nothing."""
    if vulnerability is None or vulnerability.state.status is VulnerabilityStatus.DELETED:
        return Tally({}, {}, {})
    state, *rest = _dimensions(vulnerability)
    own = vulnerability.severity
    effective = own or finding_severity
    opened = _opened(vulnerability)

    def cell(score: str) -> str:
        return DOT.join((state, score, *rest))

    return Tally(
        {cell(score_text(own.score) if own else INHERITED): 1, **opened},
        {DOT.join((state, *rest)): 1, **opened},
        {cell(score_text(effective.score if effective else None)): 1, **opened},
    )


def remediated(old: Vulnerability | None, new: Vulnerability, finding_severity: Severity | None) -> dict[str, int]:
    """Return what a closing adds to the numbers of the remediated, by level at that moment; anything else adds nothing."""
    opened_at, closed_at = new.cycle.opened_at, new.cycle.closed_at
    was_open = old is not None and old.state.status is VulnerabilityStatus.VULNERABLE
    if not was_open or new.state.status is not VulnerabilityStatus.SAFE or opened_at is None or closed_at is None:
        return {}
    severity = new.severity or finding_severity
    name = level(severity.score if severity else Decimal(0)).value
    seconds = int((closed_at - opened_at).total_seconds())
    return {f"{REMEDIATED_COUNT}{DOT}{name}": 1, f"{REMEDIATED_SECONDS}{DOT}{name}": seconds}


def difference(old: Vulnerability | None, new: Vulnerability, finding_severity: Severity | None) -> Tally:
    """Return what the change of one vulnerability adds to the counters of its finding, root and group."""
    before, after = counted(old, finding_severity), counted(new, finding_severity)
    closed = remediated(old, new, finding_severity)
    return Tally(
        {**added(after.finding, before.finding, sign=-1), **closed},
        {**added(after.root, before.root, sign=-1), **closed},
        {**added(after.group, before.group, sign=-1), **closed},
    )


def shard_of(change_id: str) -> int:
    """Choose the part of a group's counters that one call adds to."""
    return crc32(change_id.encode()) % GROUP_SHARDS


def additions(tally: Tally, *, finding_id: str, root_id: str, group_name: str, change_id: str) -> tuple[Add, ...]:
    """Return the additions to the three counters, without those that add nothing."""
    wanted = (
        (finding_counters_key(finding_id), tally.finding),
        (root_counters_key(root_id), tally.root),
        (group_counters_key(group_name, shard_of(change_id)), tally.group),
    )
    return tuple(Add(key, increments, {}, ANYTHING) for key, increments in wanted if increments)


def guarded(key: Key, name: str, *, by: int = 1, low: int = 0, high: int | None = None) -> Add:
    """Return the addition to a counter that guards a rule; refused when it would leave its bounds."""
    return Add(key, {name: by}, {name: Bounds(low, high)}, ANYTHING)


def group_guard(group_name: str, name: str, high: int) -> Add:
    """Count one more root, finding or member of a group, up to a limit; guards live in the first part."""
    return guarded(group_counters_key(group_name, 0), name, high=high)


def moved_scores(finding_cells: Mapping[str, int], old: Severity | None, new: Severity | None) -> dict[str, int]:
    """Return what a new severity of a finding adds to its group's cells: the inheriting ones change their score."""
    before, after = (score_text(severity.score if severity else None) for severity in (old, new))
    moved: dict[str, int] = {}
    for name, number in finding_cells.items():
        state, _, rest = name.partition(DOT)
        score, _, tail = rest.partition(DOT)
        if score == INHERITED:
            change = {DOT.join((state, before, tail)): -number, DOT.join((state, after, tail)): number}
            moved = added(moved, change) if before != after else moved
    return moved
