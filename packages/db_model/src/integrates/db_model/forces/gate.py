"""What the gate makes of a vulnerability, and of all of them (domain section 9). Pure.

``TABLE`` is the truth table of the domain, row by row. Whatever a vulnerability is, exactly one row is about it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from heapq import nsmallest
from itertools import product
from typing import Final, TypeAlias

from msgspec import Struct

from integrates.db_model.forces.types import (
    ForcesKind,
    GateCategory,
    GateCounts,
    GatePolicy,
    GateRequest,
    Strictness,
)
from integrates.db_model.policies.types import EffectivePolicies
from integrates.db_model.vulnerabilities.rules import is_hidden, is_suppressed
from integrates.db_model.vulnerabilities.treatment import is_in_force
from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityType

MAX_BLOCKING: Final = 500
"""How many of the vulnerabilities that block are told."""
_DAY: Final = timedelta(days=1)
_LOWEST: Final = Decimal("0.0")

KINDS: Final[Mapping[ForcesKind, frozenset[VulnerabilityType]]] = {
    ForcesKind.ALL: frozenset(VulnerabilityType),
    ForcesKind.STATIC: frozenset({VulnerabilityType.LINES, VulnerabilityType.PACKAGES}),
    ForcesKind.DYNAMIC: frozenset({VulnerabilityType.INPUTS, VulnerabilityType.PORTS}),
}
"""The types of vulnerabilities of each kind."""

Facts: TypeAlias = tuple[bool, ...]
"""What the gate asks of a vulnerability, in the order of :class:`Row`."""


class Row(Struct, frozen=True, kw_only=True):
    """A row of the truth table; ``None`` stands for "any", and as ``category`` for what is not counted at all.

    ``suppressed`` is what a scanner's user suppressed in the source, where the policy lets that pass. ``severe``: the score is
    the threshold or higher; ``aged``: it is as old as the grace period or older; ``in_debt``: ``days_until_it_breaks`` is set,
    and it is as old as that or older.
    """

    name: str
    hidden: bool | None = None
    accepted: bool | None = None
    suppressed: bool | None = None
    severe: bool | None = None
    aged: bool | None = None
    in_debt: bool | None = None
    category: GateCategory | None

    def is_about(self, facts: Facts) -> bool:
        """Return whether a vulnerability of which these facts are known belongs to this row."""
        own = (self.hidden, self.accepted, self.suppressed, self.severe, self.aged, self.in_debt)
        return all(wanted is None or wanted is fact for wanted, fact in zip(own, facts, strict=True))


TABLE: Final = (
    Row(name="1", hidden=True, category=None),
    Row(name="2", hidden=False, accepted=True, category=GateCategory.ACCEPTED),
    Row(name="2a", hidden=False, accepted=False, suppressed=True, category=GateCategory.SUPPRESSED),
    Row(
        name="3",
        hidden=False,
        accepted=False,
        suppressed=False,
        severe=False,
        category=GateCategory.BELOW_THRESHOLD,
    ),
    Row(
        name="4",
        hidden=False,
        accepted=False,
        suppressed=False,
        severe=True,
        aged=False,
        category=GateCategory.IN_GRACE,
    ),
    Row(
        name="5",
        hidden=False,
        accepted=False,
        suppressed=False,
        severe=True,
        aged=True,
        in_debt=True,
        category=GateCategory.TECHNICAL_DEBT,
    ),
    Row(
        name="6",
        hidden=False,
        accepted=False,
        suppressed=False,
        severe=True,
        aged=True,
        in_debt=False,
        category=GateCategory.BLOCKING,
    ),
)
"""The truth table of the domain."""


def _category_of(facts: Facts) -> GateCategory | None:
    """Return the category of the one row that is about these facts. A table with a gap or an overlap is a ``ValueError``."""
    (row,) = (row for row in TABLE if row.is_about(facts))
    return row.category


_CATEGORIES: Final[Mapping[Facts, GateCategory | None]] = {
    facts: _category_of(facts) for facts in product((False, True), repeat=6)
}


def policy_used(policies: EffectivePolicies, asked: GateRequest) -> GatePolicy:
    """Return the values that decide. What the caller asks for counts only where it is lower, hence stricter."""
    threshold, grace = policies.min_breaking_severity, policies.vulnerability_grace_period
    return GatePolicy(
        severity_threshold=threshold if asked.severity_threshold is None else min(threshold, asked.severity_threshold),
        grace_period=grace if asked.grace_period is None else min(grace, asked.grace_period),
        days_until_it_breaks=policies.days_until_it_breaks,
        source_suppressions_pass=policies.source_suppressions_pass,
    )


class Boundaries(Struct, frozen=True):
    """What a vulnerability is held against at one moment.

    ``score`` is the lowest that is severe. What was opened at ``aged`` or before is as old as the grace period, and what was
    opened at ``indebted`` or before is technical debt. ``passes`` tells whether what was suppressed in the source does.
    """

    at: datetime
    score: Decimal
    aged: datetime
    indebted: datetime
    passes: bool


_NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)
_ALWAYS: Final = datetime(9999, 12, 31, tzinfo=UTC)


def boundaries(policy: GatePolicy, at: datetime) -> Boundaries:
    """Return what decides at a moment.

    Ages are whole days, so one is at least n days old when it was opened n times 24 hours ago, or before. Without a grace
    period everything is old enough, also what a clock that is ahead has opened later than this moment.
    """
    grace, debt = policy.grace_period, policy.days_until_it_breaks
    return Boundaries(
        at,
        policy.severity_threshold,
        at - grace * _DAY if grace else _ALWAYS,
        _NEVER if debt is None else at - debt * _DAY,
        policy.source_suppressions_pass,
    )


def gate_category(vulnerability: Vulnerability, score: Decimal | None, held: Boundaries) -> GateCategory | None:
    """Return what the gate makes of a VULNERABLE one; ``None`` when it is hidden, hence not counted.

    ``score`` is the effective one; what has none counts like the lowest.
    """
    opened_at, tool = vulnerability.cycle.opened_at or held.at, vulnerability.tool
    facts = (
        is_hidden(vulnerability),
        is_in_force(vulnerability.treatment, held.at),
        held.passes and tool is not None and is_suppressed(tool),
        (_LOWEST if score is None else score) >= held.score,
        opened_at <= held.aged,
        opened_at <= held.indebted,
    )
    return _CATEGORIES[facts]


class Judged(Struct, frozen=True, gc=False):
    """A vulnerability of which the gate has decided: its id, score and category."""

    id: str
    score: Decimal
    category: GateCategory


class Tally(Struct, frozen=True):
    """What the gate has counted so far: numbers by category, and the first ``MAX_BLOCKING`` of those that block.

    The latter are pairs of the negative score and the id, in that order: the highest score first.
    """

    counts: Mapping[GateCategory, int] = {}
    blocking: tuple[tuple[Decimal, str], ...] = ()


def tallied(tally: Tally, judged: Sequence[Judged]) -> Tally:
    """Return a tally with more vulnerabilities counted."""
    counts = Counter(one.category for one in judged)
    found = ((-one.score, one.id) for one in judged if one.category is GateCategory.BLOCKING)
    return Tally(
        {kind: tally.counts.get(kind, 0) + counts[kind] for kind in GateCategory},
        tuple(nsmallest(MAX_BLOCKING, (*tally.blocking, *found))),
    )


def verdicts(found: Iterable[tuple[Vulnerability, Decimal | None]], held: Boundaries) -> list[Judged]:
    """Return what the gate makes of vulnerabilities with their effective scores, without those that are not counted."""
    return [
        Judged(one.id, _LOWEST if score is None else score, kind)
        for one, score in found
        if (kind := gate_category(one, score, held)) is not None
    ]


def counts_of(tally: Tally, closed: int) -> GateCounts:
    """Return the counts of an execution: those of a tally, and how many vulnerabilities are SAFE."""
    return GateCounts(closed=closed, **{kind.value.lower(): number for kind, number in tally.counts.items()})


def exit_code(strictness: Strictness, counts: GateCounts) -> int:
    """Return 1 when at least one vulnerability breaks the build, else 0. Nothing does when the gate is LAX."""
    return int(strictness is Strictness.STRICT and counts.blocking > 0)
