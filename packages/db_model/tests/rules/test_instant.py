"""Dates as RFC 3339 writes them, and texts that only resemble them."""

from datetime import UTC, datetime

import pytest

from integrates.db_model.errors import Rejected
from integrates.db_model.values.instant import instant

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2027-01-01T00:00:00Z", NEW_YEAR),
        ("2027-01-01t00:00:00z", NEW_YEAR),
        ("2027-01-01T00:00:00+00:00", NEW_YEAR),
        ("2027-01-01T00:00:00-00:00", NEW_YEAR),
        ("2027-01-01T05:30:00+05:30", NEW_YEAR),
        ("2026-12-31T00:01:00-23:59", NEW_YEAR),
        ("2027-01-01T00:00:00.5Z", NEW_YEAR.replace(microsecond=500_000)),
        ("2027-01-01T00:00:00.000001Z", NEW_YEAR.replace(microsecond=1)),
        ("2027-01-01T00:00:00.0000019999999999Z", NEW_YEAR.replace(microsecond=1)),
        ("2028-02-29T00:00:00Z", datetime(2028, 2, 29, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999Z", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("2026-12-31T23:59:60Z", NEW_YEAR),
        ("2026-12-31T15:59:60.75-08:00", NEW_YEAR),
        ("2016-07-01T01:59:60+02:00", datetime(2016, 7, 1, tzinfo=UTC)),
    ],
)
def test_what_rfc_3339_writes_is_a_moment(text: str, at: datetime) -> None:
    found = instant(text)
    assert (found, found.tzinfo) == (at, UTC)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "bad_format"),
        ("yesterday", "bad_format"),
        ("2027-01-01", "bad_format"),
        ("20270101T000000Z", "bad_format"),
        ("2027-W01-1T00:00:00Z", "bad_format"),
        ("2027-001T00:00:00Z", "bad_format"),
        ("2027-01-01 00:00Z", "bad_format"),
        ("2027-01-01 00:00:00Z", "bad_format"),
        ("2027-01-01T00:00Z", "bad_format"),
        ("2027-01-01T00Z", "bad_format"),
        ("2027-01-01T00:00:00", "bad_format"),
        ("2027-01-01T00:00:00+00", "bad_format"),
        ("2027-01-01T00:00:00+0000", "bad_format"),
        ("2027-01-01T00:00:00+00:00:00", "bad_format"),
        ("2027-01-01T00:00:00+24:00", "bad_format"),
        ("2027-01-01T00:00:00+00:60", "bad_format"),
        ("2027-01-01T00:00:00\u221208:00", "bad_format"),
        ("2027-01-01T00:00:00.Z", "bad_format"),
        ("2027-01-01T00:00:00,5Z", "bad_format"),
        ("2027-01-01T24:00:00Z", "bad_format"),
        ("2027-01-01T00:60:00Z", "bad_format"),
        ("2027-01-01T00:00:61Z", "bad_format"),
        ("2027-13-01T00:00:00Z", "bad_format"),
        ("2027-02-29T00:00:00Z", "bad_format"),
        ("0000-01-01T00:00:00Z", "bad_format"),
        ("+2027-01-01T00:00:00Z", "bad_format"),
        (" 2027-01-01T00:00:00Z", "bad_format"),
        ("2027-01-01T00:00:00Z\n", "bad_format"),
        ("\u0662027-01-01T00:00:00Z", "bad_format"),
        (f"2027-01-01T00:00:00.{'0' * 44}Z", "bad_format"),
        ("2026-12-31T23:58:60Z", "bad_format"),
        ("2026-12-31T23:59:60-08:00", "bad_format"),
        ("2026-11-30T23:59:60Z", "bad_format"),
        ("0001-01-01T00:00:00+00:01", "out_of_range"),
        ("9999-12-31T23:59:00-00:01", "out_of_range"),
        ("9999-12-31T23:59:60Z", "out_of_range"),
    ],
)
def test_nothing_else_is_one(text: str, reason: str) -> None:
    with pytest.raises(Rejected) as caught:
        instant(text, ("from",))
    assert (caught.value.reason, caught.value.path) == (reason, ("from",))
