"""Waiting for long work of the service, with a sign of life on a terminal, and never for ever."""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import Final, TypeVar

from integrates.server.client.call import Session
from integrates.server.client.fault import Refused
from integrates.server.client.output import console_of
from integrates.server.client.text import one_line

T = TypeVar("T")

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 5.0


def _awaited(session: Session, title: str, deadline: float, look: Callable[[], T | None]) -> T | None:
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


def in_turn(
    session: Session, title: str, deadline: float, send: Callable[[], T], is_free: Callable[[], bool], *, running: str
) -> T:
    """Send, and again after other work has ended, as long as that is why it is refused, with the reason ``running``.

    Raise what was refused when the deadline has come.
    """
    while True:
        try:
            return send()
        except Refused as refused:
            if running not in refused.reasons:
                raise
            waited = _awaited(session, title, deadline, lambda: True if is_free() else None)
            if waited is None or session.seconds() >= deadline:
                raise


def followed(session: Session, work: T, deadline: float, latest: Callable[[], T], is_done: Callable[[T], bool]) -> T | None:
    """Return the work of an import when it is done, ``None`` when the deadline has come. ``latest`` looks at it again."""

    def done() -> T | None:
        now = latest()
        return now if is_done(now) else None

    return work if is_done(work) else _awaited(session, "The import goes on", deadline, done)
