"""Charts as pages and files have them: what the API tells of one, in words and as a table. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from integrates.server.pages.render import in_words

FIELDS: Final = "name title unit kind from to step svgUrl series { name points }"
"""What is asked of a chart of the API to make a :class:`Chart` of it."""
_WORDS: Final[Mapping[str, str]] = {
    "ACCEPTED": "accepted until a date",
    "ALL": "all levels",
    "CVSSF": "CVSSF",
}
_STEPS: Final[Mapping[str, str]] = {"DAY": "day", "WEEK": "week", "MONTH": "month"}
_OF_THE_LAST_DAY: Final = frozenset({"ageDistribution", "topFindings", "topRoots"})

_LACKS: Final[Mapping[str, str]] = {"meanTimeToRemediate": "No closing in the snapshots of these days"}
"""By chart: what it lacks when it is empty, though there may be snapshots."""

Number: TypeAlias = int | float | None


class Series(msgspec.Struct, frozen=True):
    """One line, area or group of bars: pairs of a label and a number."""

    name: str
    points: tuple[tuple[str, Number], ...]

    @property
    def title(self) -> str:
        """What people call the series."""
        return _WORDS.get(self.name) or in_words(self.name)

    @property
    def begun(self) -> str:
        """The same at the beginning of a sentence."""
        return self.title[:1].upper() + self.title[1:]


class Chart(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A chart of a group or an organization, as the API tells it."""

    name: str
    title: str
    unit: str
    kind: str
    start: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    step: str
    series: tuple[Series, ...]
    svg_url: str

    @property
    def is_curve(self) -> bool:
        """Whether the labels are days: of the others, which tell of the last day, they are not."""
        return self.name not in _OF_THE_LAST_DAY

    @property
    def is_empty(self) -> bool:
        """Whether there is no number in it."""
        return all(number is None for one in self.series for _, number in one.points)

    @property
    def lack(self) -> str:
        """What an empty chart says instead of numbers."""
        return _LACKS.get(self.name, "No snapshot of these days yet")

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the points, which all series share."""
        return tuple(label for label, _ in self.series[0].points) if self.series else ()

    @property
    def label_title(self) -> str:
        """What the labels are, as the first column of a table says it."""
        if self.is_curve:
            return _STEPS[self.step].capitalize() if self.step == "DAY" else f"{_STEPS[self.step].capitalize()} from"
        return "Days open" if self.name == "ageDistribution" else "Name"

    @property
    def column_titles(self) -> list[str]:
        """What the columns of numbers of a table are called, as the macro of tables takes them."""
        return [f"#{one.title}" for one in self.series]

    @property
    def span(self) -> str:
        """Of which days the chart tells."""
        if self.is_curve:
            return f"{self.start} to {self.end} (UTC), by {_STEPS[self.step]}"
        return f"at the end of {self.end} (UTC)"

    @property
    def rows(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The rows of a table: each label with the number of each series, the latest of a curve first."""
        numbers = zip(*([number for _, number in one.points] for one in self.series), strict=True)
        found = tuple((label, tuple(map(written, row))) for label, row in zip(self.labels, numbers, strict=False))
        return tuple(reversed(found)) if self.is_curve else found

    @property
    def description(self) -> str:
        """The figures in words: what each series began and ended with, and its extremes; of bars each number."""
        told = _curves(self.series) if self.is_curve else _bars(self.series)
        return f"{self.title}, in {self.unit}, {self.span}. {f'{self.lack}.' if self.is_empty else told}"


def written(number: Number) -> str:
    """Return a number as people read it; a dash for none."""
    return "–" if number is None else f"{number:,.2f}".removesuffix(".00") if isinstance(number, float) else f"{number:,}"


def _curves(series: Sequence[Series]) -> str:
    told = ((one, [number for _, number in one.points if number is not None]) for one in series)
    return " ".join(
        f"{one.begun}: from {written(known[0])} to {written(known[-1])}, "
        f"at least {written(min(known))}, at most {written(max(known))}."
        for one, known in told
        if known
    )


def _bars(series: Sequence[Series]) -> str:
    return " ".join(
        f"{one.begun}: {'; '.join(f'{label}: {written(number)}' for label, number in one.points)}."
        for one in series
        if one.points
    )


def charts_of(told: Sequence[Mapping[str, Any]] | None) -> tuple[Chart, ...]:
    """Return the charts in an answer of the API that was asked for their :data:`FIELDS`; none without the permission."""
    return msgspec.convert(told or (), tuple[Chart, ...])


def numbers_of(chart: Chart) -> bytes:
    """Return the JSON document of a chart, without its address."""
    told = msgspec.to_builtins(chart)
    return msgspec.json.encode({name: value for name, value in told.items() if name != "svgUrl"})
