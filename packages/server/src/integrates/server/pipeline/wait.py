"""Waiting for work of the service, with a sign of life on a terminal, and never for ever."""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import Final, TypeVar

from integrates.server.client.call import Session
from integrates.server.client.output import console_of
from integrates.server.client.text import one_line

T = TypeVar("T")

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 5.0


def awaited(session: Session, title: str, deadline: float, look: Callable[[], T | None]) -> T | None:
    """Look again and again, with longer pauses, until there is something; return it, ``None`` when the deadline has come."""
    shown = console_of(sys.stderr).status(one_line(title)) if sys.stderr.isatty() else nullcontext()
    pause = FIRST_PAUSE
    with shown:
        while (found := look()) is None:
            left = deadline - session.seconds()
            if left <= 0:
                return None
            session.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE)
    return found
