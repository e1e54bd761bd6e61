"""Moments in the keys of files: when a file came, in UTC, to the microsecond."""

from datetime import UTC, datetime
from typing import Final

MOMENT: Final = "[0-9]{8}T[0-9]{12}Z"
"""The pattern of a moment in a key."""
_FORMAT: Final = "%Y%m%dT%H%M%S%fZ"


def moment_text(at: datetime) -> str:
    """Return a moment as keys have it."""
    return f"{at.astimezone(UTC):{_FORMAT}}"


def moment_in(text: str) -> datetime | None:
    """Return the moment in a text of the pattern; ``None`` when there is no such date."""
    try:
        return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
