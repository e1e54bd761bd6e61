"""The series of charts from the snapshots of groups. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Final, TypeAlias

import msgspec

from integrates.api.chart.kind import ChartName
from integrates.api.chart.span import Period, Span, periods_of
from integrates.db_model.severities.types import Level
from integrates.db_model.snapshots.count import DAY
from integrates.db_model.snapshots.types import AGES, TOP, DayFigures, Exposure, Snapshot, SnapshotLevel
from integrates.db_model.vulnerabilities.types import TreatmentStatus

_DAY_SECONDS: Final = 86_400
_NO_LEVEL: Final = "NOT_RATED"
_ALL: Final = "ALL"
_TREATMENTS: Final = (
    TreatmentStatus.UNTREATED,
    TreatmentStatus.IN_PROGRESS,
    TreatmentStatus.ACCEPTED,
    TreatmentStatus.ACCEPTED_UNDEFINED,
)

Number: TypeAlias = int | float | None
Point: TypeAlias = tuple[str, Number]
"""A day or another label, and the number there; ``None`` where nothing is known or there is nothing to average."""
Name: TypeAlias = Callable[[str], str | None]
"""Returns what people call a finding or a root, given its id; ``None`` for one that is gone."""


class Series(msgspec.Struct, frozen=True):
    """One line, area or group of bars."""

    name: str
    points: tuple[Point, ...]


class Group(msgspec.Struct, frozen=True):
    """The snapshots of one group by day: those of a span, and the newest one before it where there is one."""

    days: tuple[Snapshot, ...]

    def until(self, day: date) -> Snapshot | None:
        """Return the newest snapshot up to a day."""
        number = bisect_right(self.days, day, key=attrgetter("day"))
        return self.days[number - 1] if number else None

    def within(self, period: Period) -> tuple[Snapshot, ...]:
        """Return the snapshots of a period."""
        begin = bisect_left(self.days, period.first, key=attrgetter("day"))
        return self.days[begin : bisect_right(self.days, period.last, lo=begin, key=attrgetter("day"))]


def _by_level(figures: Iterable[DayFigures]) -> dict[Level | None, list[SnapshotLevel]]:
    found: dict[Level | None, list[SnapshotLevel]] = {level: [] for level in reversed(Level)}
    for one in figures:
        for row in one.levels:
            found.setdefault(row.level, []).append(row)
    return found


def _name(level: Level | None) -> str:
    return level.value if level else _NO_LEVEL


def _number(value: int | Decimal) -> int | float:
    return value if isinstance(value, int) else float(value)


Measure: TypeAlias = Callable[[Sequence[DayFigures]], Mapping[str, Number]]
"""Returns the number of each series, given the figures of all groups at one moment."""


def _open_by_level(figures: Sequence[DayFigures]) -> Mapping[str, Number]:
    return {_name(level): sum(row.open for row in rows) for level, rows in _by_level(figures).items()}


def _cvssf_by_level(figures: Sequence[DayFigures]) -> Mapping[str, Number]:
    rated = ((level, rows) for level, rows in _by_level(figures).items() if level)
    return {_name(level): _number(sum((row.cvssf for row in rows), Decimal(0))) for level, rows in rated}


def _by_treatment(figures: Sequence[DayFigures]) -> Mapping[str, Number]:
    rows = [row for one in figures for row in one.treatments]
    return {status.value: sum(row.open for row in rows if row.status is status) for status in _TREATMENTS}


class _Step(msgspec.Struct, frozen=True):
    """One step of a curve: its first day, the numbers of the series, and nothing where nothing is known of it."""

    label: str
    numbers: Mapping[str, Number]


def _joined(steps: Sequence[_Step]) -> tuple[Series, ...]:
    """Return the series that steps have; a series that a known step does not have is 0 there."""
    names = tuple(dict.fromkeys(name for step in steps for name in step.numbers))
    return tuple(
        Series(name, tuple((step.label, step.numbers.get(name, 0) if step.numbers else None) for step in steps))
        for name in names
    )


def _stock(groups: Sequence[Group], span: Span, measure: Measure) -> tuple[Series, ...]:
    """Return the series of what there is at the end of each step: its last day with a snapshot.

    A group without one in a step of which others have one counts as in the step before.
    """

    def step(period: Period) -> _Step:
        label = period.first.isoformat()
        if not any(group.within(period) for group in groups):
            return _Step(label, {})
        latest = (group.until(period.last) for group in groups)
        return _Step(label, measure([one.figures for one in latest if one]))

    return _joined([step(period) for period in periods_of(span)])


def _flow(groups: Sequence[Group], span: Span) -> tuple[Series, ...]:
    """Return how often vulnerabilities became VULNERABLE and SAFE in each step."""

    def step(period: Period) -> _Step:
        found = [one.figures for group in groups for one in group.within(period)]
        numbers = {"OPENED": sum(one.opened for one in found), "CLOSED": sum(one.closed for one in found)}
        return _Step(period.first.isoformat(), numbers if found else {})

    return _joined([step(period) for period in periods_of(span)])


def _remediated(figures: DayFigures) -> dict[Level, tuple[int, int]]:
    return {row.level: (row.remediated_count, row.remediated_seconds) for row in figures.levels if row.level}


def _since(group: Group, period: Period) -> dict[Level, tuple[int, int]]:
    """Return by level how many closings a step has, and how long these took in seconds.

    The step of the first snapshot of all counts from that one on, because it may tell of years before.
    """
    within = group.within(period)
    if not within:
        return {}
    before = group.until(period.first - DAY) or within[0]
    former, latter = _remediated(before.figures), _remediated(within[-1].figures)
    return {level: (number - former[level][0], seconds - former[level][1]) for level, (number, seconds) in latter.items()}


def _mean(found: Iterable[tuple[int, int]]) -> float | None:
    pairs = tuple(found)
    number = sum(count for count, _ in pairs)
    return round(sum(seconds for _, seconds in pairs) / number / _DAY_SECONDS, 2) if number else None


def _mean_times(groups: Sequence[Group], span: Span) -> tuple[Series, ...]:
    def step(period: Period) -> _Step:
        added = [_since(group, period) for group in groups]
        found = {level: [one[level] for one in added if one] for level in reversed(Level)}
        whole = _mean(pair for pairs in found.values() for pair in pairs)
        return _Step(period.first.isoformat(), {_ALL: whole, **{level.value: _mean(pairs) for level, pairs in found.items()}})

    return _joined([step(period) for period in periods_of(span)])


def age_labels() -> Iterator[str]:
    """Yield what the ages of open vulnerabilities are called, in days."""
    begins = (0, *(last + 1 for last in AGES))
    yield from (f"{begin}-{last}" for begin, last in zip(begins, AGES, strict=False))
    yield f"over {AGES[-1]}"


def _ages(latest: Sequence[DayFigures]) -> tuple[Series, ...]:
    labels = tuple(age_labels())
    found = {
        level: [sum(row.ages[number] for row in rows) for number in range(len(labels))]
        for level, rows in _by_level(latest).items()
    }
    return tuple(Series(_name(level), tuple(zip(labels, numbers, strict=True))) for level, numbers in found.items())


def _tops(found: Iterable[Exposure], called: Name) -> tuple[Series, ...]:
    named = ((called(one.id), one.cvssf) for one in found)
    return (Series("CVSSF", tuple((label, float(value)) for label, value in named if label is not None)),)


def latest_of(groups: Sequence[Group], span: Span) -> tuple[DayFigures, ...]:
    """Return the newest figures of each group in a span, or before it."""
    return tuple(one.figures for group in groups if (one := group.until(span.last)))


def _largest(found: Iterable[Exposure]) -> tuple[Exposure, ...]:
    return tuple(sorted(found, key=lambda one: (-one.cvssf, one.id))[:TOP])


def top_findings(groups: Sequence[Group], span: Span) -> tuple[Exposure, ...]:
    """Return the findings of all groups with the largest open exposure on the last day, the largest first."""
    return _largest(one for figures in latest_of(groups, span) for one in figures.top_findings)


def top_roots(groups: Sequence[Group], span: Span) -> tuple[Exposure, ...]:
    """Return the roots of all groups with the largest open exposure on the last day, the largest first."""
    return _largest(one for figures in latest_of(groups, span) for one in figures.top_roots)


_DRAW: Final[Mapping[ChartName, Callable[[Sequence[Group], Span, Name], tuple[Series, ...]]]] = {
    ChartName.OPEN_BY_LEVEL: lambda groups, span, _: _stock(groups, span, _open_by_level),
    ChartName.CVSSF_OVER_TIME: lambda groups, span, _: _stock(groups, span, _cvssf_by_level),
    ChartName.MEAN_TIME_TO_REMEDIATE: lambda groups, span, _: _mean_times(groups, span),
    ChartName.TREATMENT_MIX: lambda groups, span, _: _stock(groups, span, _by_treatment),
    ChartName.OPENED_CLOSED: lambda groups, span, _: _flow(groups, span),
    ChartName.AGE_DISTRIBUTION: lambda groups, span, _: _ages(latest_of(groups, span)),
    ChartName.TOP_FINDINGS: lambda groups, span, called: _tops(top_findings(groups, span), called),
    ChartName.TOP_ROOTS: lambda groups, span, called: _tops(top_roots(groups, span), called),
}


def plotted(name: ChartName, groups: Sequence[Group], span: Span, called: Name) -> tuple[Series, ...]:
    """Return the series of a chart over the snapshots of groups."""
    return _DRAW[name](groups, span, called)
