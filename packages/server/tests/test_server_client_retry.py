"""When something is sent again, as a table."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrates.server.client.retry import LONGEST_PAUSE, MOST_ATTEMPTS, moment_of, next_pause, told_pause

NOW = datetime(2026, 11, 26, 20, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Thu, 26 Nov 2026 20:01:30 GMT", 90.0),
        ("Thu, 26 Nov 2026 19:00:00 GMT", 0.0),
        ("Thu, 26 Nov 2026 20:01:30 -0000", None),
        ("1234567890", None),
        ("-1", None),
        ("1.5", None),
        ("٧", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_the_header_says_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert told_pause(header, NOW) == seconds


@pytest.mark.parametrize("date", [None, "", "now", "Thu, 26 Nov 2026 20:00:00 -0000"])
def test_what_is_no_date_is_none(date: str | None) -> None:
    assert moment_of(date) is None


@given(st.text(max_size=40))
def test_no_header_breaks_it(header: str) -> None:
    found = told_pause(header, NOW)
    assert found is None or found >= 0


@pytest.mark.parametrize(
    ("attempt", "told", "left", "chance", "wait"),
    [
        (1, None, 60.0, 1.0, 0.5),
        (1, None, 60.0, 0.0, 0.25),
        (3, None, 60.0, 1.0, 2.0),
        (9, None, 60.0, 1.0, LONGEST_PAUSE),
        (1, 7.0, 7.0, 0.3, 7.0),
        (1, 7.0, 6.9, 0.3, None),
        (1, 0.0, 0.0, 0.3, 0.0),
        (2, None, 0.5, 1.0, None),
        (MOST_ATTEMPTS, 0.0, 60.0, 1.0, None),
        (MOST_ATTEMPTS - 1, 0.0, 60.0, 1.0, 0.0),
    ],
)
def test_the_pause_before_the_next_attempt(
    attempt: int, told: float | None, left: float, chance: float, wait: float | None
) -> None:
    assert next_pause(attempt, told, left, chance) == wait
