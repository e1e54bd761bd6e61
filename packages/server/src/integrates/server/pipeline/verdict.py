"""The verdict of the gate as the API tells it, and in words (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

import msgspec

from integrates.server.pipeline.place import Change, Kind, Place, place_text
from integrates.server.pipeline.sheet import BAD, BLANK, GOOD, INDENT, LOUD, QUIET, Line, counted, fitted, linked, rated

VULNERABILITY: Final = """id type where specific openedAt severity { score level } root { nickname }
  finding { title rule { ruleId } } treatment { status acceptanceStatus acceptedUntil assigned } zeroRisk { status }"""
SELECTION: Final = (
    """id executionDate kind strictness exitCode severityThreshold gracePeriod daysUntilItBreaks
  gitRepo gitBranch gitCommit root { nickname }
  counts { blocking technicalDebt inGrace belowThreshold accepted suppressed closed }
  blocking { """
    + VULNERABILITY
    + " }"
)


class Severity(msgspec.Struct, frozen=True, kw_only=True):
    """How bad a vulnerability is."""

    score: float
    level: str


class Rule(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What reports a finding."""

    rule_id: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong at a place."""

    title: str
    rule: Rule | None = None


class Treatment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is being done about a vulnerability."""

    status: str
    acceptance_status: str | None = None
    accepted_until: datetime | None = None
    assigned: str | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that a vulnerability does no harm."""

    status: str


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A root, by what people call it."""

    nickname: str


class Vulnerability(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A vulnerability as far as the gate tells of it."""

    id: str
    type: Kind
    where: str
    specific: str
    opened_at: datetime | None
    severity: Severity | None
    root: Named
    finding: Finding
    treatment: Treatment
    zero_risk: Claim | None = None


class Tally(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many vulnerabilities fell into each category."""

    blocking: int
    technical_debt: int
    in_grace: int
    below_threshold: int
    accepted: int
    suppressed: int
    closed: int


class Execution(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the gate decided, with the values that it used. Dates are of the clock of the service."""

    id: str
    execution_date: datetime
    kind: str
    strictness: str
    exit_code: int
    severity_threshold: float
    grace_period: int
    days_until_it_breaks: int | None
    counts: Tally
    blocking: tuple[Vulnerability, ...]
    git_repo: str | None = None
    git_branch: str | None = None
    git_commit: str | None = None
    root: Named | None = None


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What changes by itself: acceptances that end soon, and when the first one in grace blocks.

    ``are_more`` tells that further ones may end, which were not looked at.
    """

    ending: tuple[Vulnerability, ...] = ()
    are_more: bool = False
    blocks_from: datetime | None = None


STRICT: Final = "STRICT"
LAX: Final = "LAX"
_TREATED: Final[Mapping[str, str]] = {
    "UNTREATED": "nobody works on it",
    "IN_PROGRESS": "in progress",
    "ACCEPTED": "its acceptance has ended",
    "ACCEPTED_UNDEFINED": "accepting it for good is not approved",
}


def rating(severity: Severity | None) -> tuple[float | None, str | None]:
    """Return score and level, if anybody has told them."""
    return (severity.score, severity.level) if severity else (None, None)


def breaks(execution: Execution) -> bool:
    """Return whether the build breaks."""
    return execution.exit_code != 0


def days(one: Vulnerability, now: datetime) -> int:
    """Return for how many whole days a vulnerability is open; 0 for one that is not."""
    return max(0, (now - one.opened_at).days) if one.opened_at else 0


def reason_of(one: Vulnerability) -> str:
    """Return since when a vulnerability is open, and why nothing keeps it from blocking."""
    since = f"open since {_day(one.opened_at)}" if one.opened_at else "open"
    treated = _TREATED.get(one.treatment.status, one.treatment.status)
    by = f" by {one.treatment.assigned}" if one.treatment.status == "IN_PROGRESS" and one.treatment.assigned else ""
    claimed = ", claimed to do no harm, which is not confirmed" if one.zero_risk and one.zero_risk.status == "REQUESTED" else ""
    return f"{since}, {treated}{by}{claimed}"


def place_of(one: Vulnerability, address: str, now: datetime) -> Place:
    """Return a blocking vulnerability as reports tell it."""
    score, level = rating(one.severity)
    return Place(
        change=Change.BLOCKING,
        kind=one.type,
        where=one.where,
        specific=one.specific,
        title=one.finding.title,
        rule=one.finding.rule.rule_id if one.finding.rule else one.finding.title,
        score=score,
        level=level,
        id=one.id,
        link=vulnerability_link(address, one.id),
        why=f"{counted(days(one, now), 'day').capitalize()} old: {reason_of(one)}.",
    )


def vulnerability_link(address: str, identity: str) -> str:
    """Return the address of the page of a vulnerability."""
    return f"{address}/vulnerabilities/{identity}"


def lines(execution: Execution, outlook: Outlook, address: str, width: int, most: int) -> Iterator[Line]:
    """Yield what people are told: what blocks, at most ``most`` of it, the counts, and the verdict at the end."""
    shown = execution.blocking[:most]
    for (title, severity), places in groupby(shown, lambda one: (one.finding.title, one.severity)):
        yield from rated(*rating(severity), title, width)
        for one in places:
            yield from _blocking(one, execution, address, width)
        yield BLANK
    if shown:
        yield from _more(execution.counts.blocking - len(shown), " that block")
    if ending := outlook.ending[:most]:
        yield (("Accepted until", LOUD),)
        for one in ending:
            yield from _ending(one, execution, address, width)
        yield BLANK
        least = "at least " if outlook.are_more else ""
        yield from _more(len(outlook.ending) - len(ending), " whose acceptance ends within 30 days", least)
    yield from _counts(execution, outlook, width)
    yield BLANK
    yield from _verdict(execution, width)


def _more(left: int, what: str, least: str = "") -> Iterator[Line]:
    if left > 0:
        yield ((f"and {least}{left:,} more{what}", QUIET),)
        yield BLANK


def _blocking(one: Vulnerability, execution: Execution, address: str, width: int) -> Iterator[Line]:
    age = counted(days(one, execution.execution_date), "day")
    yield from fitted(((f"{age:>12}   ", ""),), _where(one, execution), width)
    yield from fitted(INDENT, reason_of(one), width, QUIET)
    yield linked(vulnerability_link(address, one.id), width)


def _ending(one: Vulnerability, execution: Execution, address: str, width: int) -> Iterator[Line]:
    yield from fitted(((f"  {_day(one.treatment.accepted_until)}   ", ""),), one.finding.title, width)
    yield from fitted(INDENT, _where(one, execution), width)
    yield linked(vulnerability_link(address, one.id), width)


def _where(one: Vulnerability, execution: Execution) -> str:
    at = place_text(one.type, one.where, one.specific)
    return at if execution.root else f"{at} in {one.root.nickname}"


def _counts(execution: Execution, outlook: Outlook, width: int) -> Iterator[Line]:
    for name, number, style, why in _categories(execution, outlook):
        shade = style if number else QUIET
        yield from fitted(((f"{name:>15}  ", shade), (f"{number:>6,}  ", shade)), why if number else "", width, QUIET)


def _categories(execution: Execution, outlook: Outlook) -> Sequence[tuple[str, int, str, str]]:
    counts, grace, debt = execution.counts, execution.grace_period, execution.days_until_it_breaks
    threshold = f"{execution.severity_threshold:.1f}"
    aged = f", {counted(grace, 'day')} old or more" if grace else ""
    soon = f"; the first blocks from {_day(outlook.blocks_from)}" if outlook.blocks_from else ""
    number, least = len(outlook.ending), "at least " if outlook.are_more else ""
    ending = f"; {least}{number:,} of them {'ends' if number == 1 else 'end'} within 30 days" if number else ""
    return (
        ("blocking", counts.blocking, BAD, f"score {threshold} or more{aged}"),
        ("technical debt", counts.technical_debt, "yellow", f"{debt or 0:,} days old and more: no longer blocks"),
        ("in grace", counts.in_grace, "yellow", f"younger than {counted(grace, 'day')}{soon}"),
        ("below threshold", counts.below_threshold, "", f"score below {threshold}"),
        ("accepted", counts.accepted, "", f"in force{ending}"),
        ("suppressed", counts.suppressed, "", "in the scanned source"),
        ("closed", counts.closed, "", "repaired"),
    )


def summary_of(execution: Execution) -> str:
    """Return the verdict in a sentence."""
    number = execution.counts.blocking
    found = counted(number, "vulnerability", "vulnerabilities")
    if breaks(execution):
        return f"{found} {'breaks' if number == 1 else 'break'} this build"
    if number:
        return f"{found} would break a strict build; this one is lax"
    return "nothing breaks this build"


def _verdict(execution: Execution, width: int) -> Iterator[Line]:
    word, style = ("BREAK", BAD) if breaks(execution) else ("PASS", GOOD)
    yield from fitted(((word, f"{style} reverse"), ("  ", "")), summary_of(execution), width, LOUD)


def heading(execution: Execution, group: str) -> str:
    """Return what was looked at, in a line."""
    scope = f"root {execution.root.nickname}" if execution.root else "all roots"
    kind = {"STATIC": "files only", "DYNAMIC": "pages and ports only"}.get(execution.kind)
    built = [execution.git_repo, execution.git_branch, (execution.git_commit or "")[:9]]
    return " · ".join(filter(None, (f"{group}, {scope}", kind, execution.strictness.lower(), " ".join(filter(None, built)))))


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "?"


def is_accepted(one: Vulnerability, now: datetime) -> bool:
    """Return whether an acceptance is in force."""
    until = one.treatment.accepted_until
    match one.treatment.status:
        case "ACCEPTED":
            return until is not None and until > now
        case "ACCEPTED_UNDEFINED":
            return one.treatment.acceptance_status == "APPROVED"
        case _:
            return False
