"""When, and whether, something is sent again."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 20.0
MOST_ATTEMPTS: Final = 12
_MOST_DIGITS: Final = 9


def moment_of(date: str | None) -> datetime | None:
    """Return the moment in a header of HTTP such as ``Date``; ``None`` when there is none."""
    try:
        found = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return found if found.tzinfo else None


def told_pause(retry_after: str | None, now: datetime) -> float | None:
    """Return the seconds that a ``Retry-After`` asks to wait, which says them or a date; ``None`` when it says nothing.

    ``now`` is the moment by the clock of who said so, where that is known: clocks differ.
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return float(text)
    until = moment_of(text)
    return max(0.0, (until - now).total_seconds()) if until else None


def next_pause(attempt: int, told: float | None, left: float, chance: float) -> float | None:
    """Return the seconds to wait before sending again after the given attempt (from 1); ``None`` when not to.

    What the service told is obeyed; else pauses double, and ``chance`` (0 to 1) spreads them so that many who failed at
    once do not come back at once. Nothing is sent again when the pause would outlast what is ``left`` of the patience.
    """
    doubled = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1))
    wait = told if told is not None else doubled * (0.5 + chance / 2)
    return wait if attempt < MOST_ATTEMPTS and wait <= left else None
