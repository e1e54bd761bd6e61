"""Dates (rules E6 and E15)."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from integrates.db_model.errors import Reason, Rejected

END: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Every stored date is before this one."""
_RFC_3339: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}):([0-9]{2})(\.[0-9]+)?([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_MAX_INSTANT: Final = 64
"""Most characters of a date with an offset: the fraction may be finer than the microseconds that are kept, not endless."""
_LEAP: Final = "60"
_LEAP_DAYS: Final = frozenset({(6, 30), (12, 31)})
SKEW: Final = timedelta(seconds=60)
"""How much the clocks of machines may differ."""
_ZERO: Final = timedelta(0)


def utc(at: datetime, path: Sequence[str] = ()) -> datetime:
    """Return the same moment in UTC. A naive date is ``bad_format``, one outside of the years 1 to 9999 ``out_of_range``."""
    if at.utcoffset() is None:
        raise Rejected(Reason.BAD_FORMAT, path)
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise Rejected(Reason.OUT_OF_RANGE, path) from None


def instant(text: str, path: Sequence[str] = ()) -> datetime:
    """Return the moment, in UTC, of a date as RFC 3339 writes it; what is finer than a microsecond is cut.

    A leap second, which may be at the end of June and of December in UTC, is the beginning of the next minute. Other texts,
    those of ISO 8601 included, are ``bad_format``; moments outside of the years 1 to 9999 ``out_of_range``.
    """
    match = _RFC_3339.fullmatch(text) if len(text) <= _MAX_INSTANT else None
    if match is None:
        raise Rejected(Reason.BAD_FORMAT, path)
    day, minute, second, fraction, offset = match.groups(default="")
    is_leap = second == _LEAP
    try:
        at = datetime.fromisoformat(f"{day}T{minute}:{'59' if is_leap else second}{fraction[:7]}{offset.upper()}")
    except ValueError:
        raise Rejected(Reason.BAD_FORMAT, path) from None
    return _after_leap(utc(at, path), path) if is_leap else utc(at, path)


def _after_leap(at: datetime, path: Sequence[str]) -> datetime:
    last = at.replace(microsecond=0)
    if (last.month, last.day) not in _LEAP_DAYS or (last.hour, last.minute) != (23, 59):
        raise Rejected(Reason.BAD_FORMAT, path)
    try:
        return last + timedelta(seconds=1)
    except OverflowError:
        raise Rejected(Reason.OUT_OF_RANGE, path) from None


def moment(at: datetime, path: Sequence[str] = ()) -> datetime:
    """Return a stored date: in UTC (else ``not_canonical``, or ``bad_format`` for a naive one), before ``END``."""
    if at.tzinfo is not UTC and utc(at, path).utcoffset() != at.utcoffset():
        raise Rejected(Reason.NOT_CANONICAL, path)
    if at >= END:
        raise Rejected(Reason.OUT_OF_RANGE, path)
    return at


@lru_cache(maxsize=4_096)
def _text(at: datetime) -> str:
    return utc(at).isoformat(timespec="microseconds")


def instant_text(at: datetime, path: Sequence[str] = ()) -> str:
    """Return the date as it is stored and sent (E6): ``YYYY-MM-DDTHH:MM:SS.ffffff+00:00``."""
    return utc(at, path).isoformat(timespec="microseconds") if path else _text(at)


def effective_date(at: datetime, previous: datetime | None) -> datetime:
    """Return the date of a change (E6): ``at``, or 1 µs after the ``previous`` revision of the entity where that is later."""
    if previous is None:
        return utc(at)
    return max(utc(at), utc(previous) + timedelta(microseconds=1))


def is_ahead(until: datetime, now: datetime, longest: timedelta) -> bool:
    """Return whether a lease or another span of time that ends at ``until`` still runs (E15).

    One that ends later than ``longest`` and ``SKEW`` from now was set by a wrong clock, and counts as lapsed.
    """
    return _ZERO < until - now <= longest + SKEW


def months(first: datetime, last: datetime) -> Iterator[str]:
    """Name the months from one moment to another, as trails are kept by month."""
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        yield f"{number // 12:04}-{number % 12 + 1:02}"
