"""When vulnerabilities were released, i.e. VULNERABLE or SAFE: while any of a finding was, the finding was no draft. Pure."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from integrates.db_model.vulnerabilities.rules import is_live
from integrates.db_model.vulnerabilities.types import Vulnerability


class Span(Struct, frozen=True):
    """The time from a moment until another, which is no more part of it; ``None`` for one that goes on."""

    begin: datetime
    end: datetime | None

    def covers(self, at: datetime) -> bool:
        """Return whether a moment is in the span."""
        return self.begin <= at and (self.end is None or at < self.end)


def released_span(vulnerability: Vulnerability) -> Span | None:
    """Return when a vulnerability, removed or not, was released; ``None`` when it never was.

    What was released stays so until it is removed, which is for good.
    """
    begin = vulnerability.cycle.reported_at
    return None if begin is None else Span(begin, None if is_live(vulnerability) else vulnerability.state.at)


def united(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same time in as few spans as can be, by date."""
    found: list[Span] = []
    for one in sorted(spans, key=lambda each: each.begin):
        last = found[-1] if found else None
        if last is None or (last.end is not None and last.end < one.begin):
            found.append(one)
        elif last.end is not None and (one.end is None or one.end > last.end):
            found[-1] = Span(last.begin, one.end)
    return tuple(found)
