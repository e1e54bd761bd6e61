"""The days that a chart shows, and the steps into which they are cut. Pure."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Final

import msgspec

from integrates.api.chart.kind import ChartStep
from integrates.api.errors import Code, RequestError
from integrates.db_model.snapshots.count import DAY, day_of, days_between

FIRST: Final = date(2000, 1, 1)
"""The first day that a chart may show."""
MAX_SPAN: Final = timedelta(days=1_100)
"""How far apart the ends of a span may be."""
_YEAR: Final = timedelta(days=366)
_USUAL: Final = timedelta(days=89)


class Span(msgspec.Struct, frozen=True):
    """Days from one to another, both included, and what each point of a curve over them stands for."""

    first: date
    last: date
    step: ChartStep = ChartStep.DAY


class Period(msgspec.Struct, frozen=True):
    """The days of a span that one point of a curve stands for, both included."""

    first: date
    last: date


def span_of(first: date | None, last: date | None, step: ChartStep, now: datetime) -> Span:
    """Return the span that is asked for: the last 90 days that are over, where nothing is said.

    Raise ``RequestError`` (BAD_USER_INPUT) for an end before the beginning, for ends more than ``MAX_SPAN`` apart, and for days
    before ``FIRST`` or later than a year from now.
    """
    end = last or day_of(now) - DAY
    begin = first or max(end, FIRST + _USUAL) - _USUAL
    if not FIRST <= begin <= end <= day_of(now) + _YEAR:
        raise RequestError(
            Code.BAD_USER_INPUT, f"`from` is a day from {FIRST} on, and not after `to`, which is within a year from now."
        )
    if end - begin > MAX_SPAN:
        raise RequestError(Code.BAD_USER_INPUT, f"`from` is at most {MAX_SPAN.days:,} days before `to`.")
    return Span(begin, end, step)


def _period_of(day: date, step: ChartStep) -> date:
    match step:
        case ChartStep.DAY:
            return day
        case ChartStep.WEEK:
            return day - DAY * day.weekday()
        case ChartStep.MONTH:
            return day.replace(day=1)


@lru_cache(maxsize=64)
def periods_of(span: Span) -> tuple[Period, ...]:
    """Return the steps of a span: days, weeks from Monday on, or months, the first and the last cut where the span is."""
    grouped = groupby(days_between(span.first, span.last), lambda day: _period_of(day, span.step))
    return tuple(Period(found[0], found[-1]) for found in (tuple(days) for _, days in grouped))
