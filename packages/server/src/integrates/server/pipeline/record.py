"""An import as the API tells it, and in words (pure)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from integrates.server.pipeline.problem import Count, Problem, meanings
from integrates.server.pipeline.sheet import BAD, GOOD, LOUD, QUIET, Line, counted, fitted

SELECTION: Final = """id state reason format position root { nickname }
  counts { created reopened moved unchanged closed ignored suppressed duplicate reviewable skipped }
  closing { tool category outcome closed } problemCounts { reason count } problems { pointer reason uri }"""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the results."""

    created: int = 0
    reopened: int = 0
    moved: int = 0
    unchanged: int = 0
    closed: int = 0
    ignored: int = 0
    suppressed: int = 0
    duplicate: int = 0
    reviewable: int = 0
    skipped: int = 0


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """What was closed of one series, or why nothing was."""

    tool: str
    category: str
    outcome: str
    closed: int


class Record(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An import."""

    id: str
    state: str
    format: str
    counts: Counts
    position: int = 0
    reason: str | None = None
    closing: tuple[Closing, ...] = ()
    problem_counts: tuple[Count, ...] = ()
    problems: tuple[Problem, ...] = ()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one file: its import, else why there is none.

    ``advice`` says what would place results that could not be placed. ``nothing_placed`` tells that none could.
    """

    file: str
    record: Record | None = None
    refusal: tuple[str, ...] = ()
    advice: str | None = None
    nothing_placed: bool = False


_HEADS: Final = ("Created", "Reopened", "Moved", "Unchanged", "Closed", "Other")
_OTHERS: Final[Mapping[str, str]] = {
    "ignored": "{} not touched, e.g. drafts and confirmed zero risks",
    "suppressed": "{} suppressed in the scanned source",
    "duplicate": "{} that say the same as another one",
    "reviewable": "{} of which the scanner is not sure: look at them there",
}
"""What the counts mean that have no column of their own; those that were skipped are told by their problems."""
_OUTCOMES: Final[Mapping[str, str]] = {
    "OFF": "nothing was closed: a run in the report has no list of results",
    "NOT_SUCCESSFUL": "nothing was closed where the tool says that it failed: look at its log",
    "UNPLACED_RESULTS": "nothing was closed, since some results could not be used",
}
_FAILURES: Final[Mapping[str | None, str]] = {
    "abandoned": "it was given up after 5 attempts: the service needs its operator",
    "not_allowed": "the token, or its permission, has ended meanwhile, or the root is no longer ACTIVE",
    "too_many": "the root or the group has no room for more",
}
_LONGEST: Final = 28
_MOST_TOLD: Final = 3


def is_done(record: Record) -> bool:
    """Return whether an import has ended."""
    return record.state != "RUNNING"


def table(rows: Iterable[Row]) -> Iterator[Line]:
    """Yield the counts of each file as a line of a table."""
    done = [(row.file, row.record) for row in rows if row.record]
    if not done:
        return
    names = [name if len(name) <= _LONGEST else f"…{name[1 - _LONGEST :]}" for name, _ in done]
    wide = max(len("File"), *map(len, names))
    yield (("File".ljust(wide), LOUD), *((f"  {head}", LOUD) for head in _HEADS))
    for name, (_, record) in zip(names, done, strict=True):
        counts = record.counts
        other = counts.ignored + counts.suppressed + counts.duplicate + counts.reviewable + counts.skipped
        numbers = (counts.created, counts.reopened, counts.moved, counts.unchanged, counts.closed, other)
        cells = [
            (f"  {number:>{len(head)},}", QUIET if not number else BAD if head in {"Created", "Reopened"} else "")
            for head, number in zip(_HEADS, numbers, strict=True)
        ]
        yield ((name.ljust(wide), ""), *cells)


def remarks(row: Row, note: str | None, width: int) -> Iterator[Line]:
    """Yield what is to be said of a file beside its counts. ``note`` is why the caller wanted nothing to be closed."""
    for text, style in _told(row, note):
        yield from fitted((("  ", ""),), text, width, style)


def _told(row: Row, note: str | None) -> Iterator[tuple[str, str]]:
    yield from ((text, BAD) for text in row.refusal[:_MOST_TOLD])
    if len(row.refusal) > _MOST_TOLD:
        yield f"and {len(row.refusal) - _MOST_TOLD} more", BAD
    if record := row.record:
        if record.state == "FAILED":
            yield f"FAILED: {_FAILURES.get(record.reason, record.reason or 'no reason is known')}", BAD
        counts = msgspec.to_builtins(record.counts)
        yield from ((text.format(counted(counts[name], "result")), QUIET) for name, text in _OTHERS.items() if counts[name])
        yield from ((text, "yellow") for text in meanings(record.problem_counts))
        yield from _closed(record.closing, note)
    if row.advice:
        yield row.advice, GOOD


def _closed(closing: Sequence[Closing], note: str | None) -> Iterator[tuple[str, str]]:
    if note and closing and all(one.outcome == "OFF" for one in closing):
        yield f"what the report lacks was not closed: {note}", "yellow"
        return
    for one in closing:
        series = f"{one.tool} ({one.category})" if one.category else one.tool
        if one.closed:
            yield f"{series}: {counted(one.closed, 'vulnerability', 'vulnerabilities')} closed that it no longer reports", GOOD
        if one.outcome in _OUTCOMES:
            yield f"{series}: {_OUTCOMES[one.outcome]}", "yellow"
