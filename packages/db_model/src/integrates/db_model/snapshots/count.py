"""What the vulnerabilities of a group add to its snapshots, counted from their revisions (domain section 22). Pure.

A snapshot is the sum of what each vulnerability adds to it, its :class:`Part`. The numbers of a part are named as those of the
counters of a group are, with the ages of open ones, and how often they were opened and closed in the day, on top.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Final, TypeVar

import msgspec

from integrates.db_model.entity.counter import plus
from integrates.db_model.entity.facet import key_text
from integrates.db_model.entity.revision import Revision
from integrates.db_model.findings.facet import finding_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.indicators.cell import Cell, cells, is_closed, is_hidden, is_open
from integrates.db_model.indicators.contribution import remediations
from integrates.db_model.severities.rules import cvssf, level
from integrates.db_model.severities.types import Level, Severity
from integrates.db_model.snapshots.types import AGES, TOP, DayFigures, Exposure, SnapshotLevel, SnapshotTreatment
from integrates.db_model.vulnerabilities import rules, tally
from integrates.db_model.vulnerabilities.tally import DOT, REMEDIATED_COUNT, REMEDIATED_SECONDS
from integrates.db_model.vulnerabilities.types import TreatmentStatus, Vulnerability

DAY: Final = timedelta(days=1)
_MICRO: Final = timedelta(microseconds=1)
_AGE: Final = "age"
_OPENED: Final = "opened"
_CLOSED: Final = "closed"
_NO_LEVEL: Final = "NONE"
_NOTHING: Final = Decimal(0)
N = TypeVar("N", int, Decimal)


class Story(msgspec.Struct, frozen=True):
    """A vulnerability by its revisions in ascending order, as each of them left it, and its finding as each of its own did."""

    revisions: Sequence[Revision]
    states: Sequence[Vulnerability]
    findings: Sequence[Finding]


class Part(msgspec.Struct, frozen=True):
    """What vulnerabilities add to one snapshot: numbers, and the open CVSSF by finding and by root."""

    numbers: Mapping[str, int] = {}
    findings: Mapping[str, Decimal] = {}
    roots: Mapping[str, Decimal] = {}


NO_PART: Final = Part()


class Sums(msgspec.Struct, frozen=True):
    """What many parts add together, summed up in place: each takes as long as it is large, however much there is already."""

    numbers: Counter[str]
    findings: defaultdict[str, Decimal]
    roots: defaultdict[str, Decimal]

    def add(self, part: Part) -> None:
        """Add one more part."""
        for name, number in part.numbers.items():
            self.numbers[name] += number
        for sums, exposures in ((self.findings, part.findings), (self.roots, part.roots)):
            for name, exposure in exposures.items():
                sums[name] += exposure

    @property
    def whole(self) -> Part:
        """What all parts so far add together, without zeros."""
        return Part(_without_zeros(self.numbers), _without_zeros(self.findings), _without_zeros(self.roots))


def new_sums() -> Sums:
    """Return the sums of no parts yet."""
    return Sums(Counter(), defaultdict(Decimal), defaultdict(Decimal))


def _without_zeros(sums: Mapping[str, N]) -> dict[str, N]:
    return {name: value for name, value in sums.items() if value}


def end_of(day: date) -> datetime:
    """Return the moment that a snapshot of the day shows: 00:00 UTC of the next day."""
    return datetime.combine(day + DAY, time(), UTC)


def day_of(at: datetime) -> date:
    """Return the day whose snapshot is the first to show a change of that moment: at 00:00:00 UTC exactly, the day before."""
    return (at - _MICRO).date()


def days_between(first: date, last: date) -> Iterator[date]:
    """Name the days from one to another, both included."""
    return (first + DAY * number for number in range((last - first).days + 1))


def age_of(days: int) -> int:
    """Return the number of the age of what has been open for so many whole days, as ``SnapshotLevel.ages`` counts them."""
    return bisect_left(AGES, days)


def _until(states: Sequence[Vulnerability], at: datetime) -> int:
    return bisect_right(states, at, key=attrgetter("updated_at"))


def severity_at(findings: Sequence[Finding], at: datetime) -> Severity | None:
    """Return the severity of a finding as it was, given the finding as each of its revisions left it."""
    number = bisect_right(findings, at, key=attrgetter("updated_at"))
    return findings[number - 1].severity if number else None


def numbers_at(story: Story, at: datetime) -> Mapping[str, int]:
    """Return what a vulnerability had added to the counters of its group by a moment."""
    number = _until(story.states, at)
    if not number:
        return {}
    found, severity = story.states[number - 1], severity_at(story.findings, at)
    counted = tally.counted(found, severity).group
    severities = {one.version: one.severity for one in story.findings}
    finding = key_text(finding_key(found.finding_id))
    closed = remediations(story.revisions[:number], story.states[:number], finding, severities)
    return plus(counted, closed)


def part_at(story: Story, at: datetime) -> Part:
    """Return what a vulnerability adds to all of a snapshot but the flows of the day, as of a moment."""
    number = _until(story.states, at)
    if not number:
        return NO_PART
    return plus_part(Part(numbers_at(story, at)), open_part(story.states[number - 1], severity_at(story.findings, at), at))


def open_part(found: Vulnerability, severity: Severity | None, at: datetime) -> Part:
    """Return what a vulnerability adds beside the numbers of the counters, given the severity of its finding."""
    if not rules.is_open(found):
        return NO_PART
    effective = rules.effective_severity(found, severity)
    name = level(effective.score).value if effective else _NO_LEVEL
    age = age_of((at - (found.cycle.opened_at or at)) // DAY)
    exposure = cvssf(effective.score) if effective else _NOTHING
    return Part({DOT.join((_AGE, name, str(age))): 1}, {found.finding_id: exposure}, {found.root_id: exposure})


def flows_in(story: Story, first: datetime, last: datetime) -> dict[str, int]:
    """Return how often a vulnerability became VULNERABLE, and how often SAFE, after one moment and until another."""
    begin, end = _until(story.states, first), _until(story.states, last)
    before = (None, *story.states[:end])[begin:]
    pairs = list(zip(before, story.states[begin:end], strict=False))
    opened = sum(rules.begins_cycle(old, new) for old, new in pairs)
    closed = sum(bool(tally.remediated(old, new, None)) for old, new in pairs)
    return {name: number for name, number in ((_OPENED, opened), (_CLOSED, closed)) if number}


def plus_part(one: Part, other: Part) -> Part:
    """Return what two parts add together."""
    sums = new_sums()
    for each in (one, other):
        sums.add(each)
    return sums.whole


def minus_part(one: Part, other: Part) -> Part:
    """Return what the first part adds more than the other."""
    numbers = {name: -number for name, number in other.numbers.items()}
    return plus_part(one, Part(numbers, _negated(other.findings), _negated(other.roots)))


def _negated(found: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {name: -value for name, value in found.items()}


def _turning_days(story: Story, first: date, last: date) -> list[date]:
    """Return the days of a range on which a part may differ from that of the day before, the first day included."""
    changes = {day_of(one.updated_at) for one in (*story.states, *story.findings) if one.updated_at}
    opened = {one.cycle.opened_at for one in story.states if one.cycle.opened_at}
    grown = {day_of(at + DAY * (age + 1)) for at in opened for age in AGES}
    return sorted({first, *(day for day in changes | grown if first < day <= last)})


def differences(story: Story, first: date, last: date) -> Iterator[tuple[date, Part]]:
    """Yield by how much what a vulnerability adds differs from the day before, for the days of a range where it does.

    That of the first day is all that it adds. The flows of a day, which the next day has not, are in :func:`flows`.
    """
    before = NO_PART
    for day in _turning_days(story, first, last):
        now = part_at(story, end_of(day))
        if now != before:
            yield day, minus_part(now, before)
        before = now


def flows(story: Story, first: date, last: date) -> Iterator[tuple[date, dict[str, int]]]:
    """Yield how often a vulnerability was opened and closed on each day of a range on which it was."""
    changed = {day_of(one.updated_at) for one in story.states if one.updated_at}
    for day in sorted(day for day in changed if first <= day <= last):
        found = flows_in(story, end_of(day - DAY), end_of(day))
        if found:
            yield day, found


def _tops(found: Mapping[str, Decimal]) -> tuple[Exposure, ...]:
    ordered = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Exposure(id=name, cvssf=value) for name, value in ordered[:TOP] if value)


def _count(found: Iterable[Cell]) -> int:
    return sum(cell.count for cell in found)


def _row(name: Level | None, found: Sequence[Cell], numbers: Mapping[str, int]) -> SnapshotLevel:
    own = [cell for cell in found if (None if cell.score is None else level(cell.score)) is name]
    text = name.value if name else _NO_LEVEL
    return SnapshotLevel(
        level=name,
        open=_count(own),
        cvssf=sum((cvssf(cell.score) * cell.count for cell in own if cell.score is not None), _NOTHING),
        ages=tuple(numbers.get(DOT.join((_AGE, text, str(age))), 0) for age in range(len(AGES) + 1)),
        remediated_count=numbers.get(DOT.join((REMEDIATED_COUNT, text)), 0),
        remediated_seconds=numbers.get(DOT.join((REMEDIATED_SECONDS, text)), 0),
    )


def figures_of(part: Part) -> DayFigures:
    """Return the figures of a snapshot to which all vulnerabilities together add that part."""
    found = cells({name: number for name, number in part.numbers.items() if not name.startswith(_AGE)})
    opened = [cell for cell in found if is_open(cell)]
    rows = [_row(name, opened, part.numbers) for name in (*reversed(Level), None)]
    return DayFigures(
        open=_count(opened),
        hidden=_count(filter(is_hidden, found)),
        safe=_count(filter(is_closed, found)),
        cvssf=sum((row.cvssf for row in rows), _NOTHING),
        levels=tuple(row for row in rows if row.level or row.open),
        treatments=tuple(
            SnapshotTreatment(status=status, open=_count(cell for cell in opened if cell.treatment is status))
            for status in TreatmentStatus
        ),
        opened=part.numbers.get(_OPENED, 0),
        closed=part.numbers.get(_CLOSED, 0),
        top_findings=_tops(part.findings),
        top_roots=_tops(part.roots),
    )


def aged(figures: DayFigures) -> bool:
    """Return whether the ages of each level add up to its open ones, as they do unless they were read from a lagging list."""
    return all(sum(row.ages) == row.open for row in figures.levels)
