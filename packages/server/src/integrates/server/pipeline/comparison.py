"""What an import of a report would do, as the API tells it, and in words (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import msgspec

from integrates.server.pipeline.place import Change, Kind, Place, place_text
from integrates.server.pipeline.problem import Problem
from integrates.server.pipeline.sheet import BAD, BLANK, GOOD, INDENT, LOUD, QUIET, Line, fitted, linked, rated
from integrates.server.pipeline.verdict import Rule, Severity, rating, vulnerability_link

SELECTION: Final = """comparison { new reopened moved fixed unchanged problems { pointer reason uri }
  items { status title rule { ruleId } type where specific severity { score level } vulnerability { id where specific } } }"""


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """The vulnerability of a place, where it is now."""

    id: str
    where: str
    specific: str


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One place, and what would become of it."""

    status: Change
    title: str
    type: Kind
    where: str
    specific: str
    rule: Rule | None = None
    severity: Severity | None = None
    vulnerability: Before | None = None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """How many places would become what, and the first of them."""

    new: int
    reopened: int
    moved: int
    fixed: int
    unchanged: int
    items: tuple[Item, ...]
    problems: tuple[Problem, ...] = ()


_HEADS: Final[Mapping[Change, tuple[str, str]]] = {
    Change.NEW: ("new", BAD),
    Change.REOPENED: ("reopened", BAD),
    Change.MOVED: ("moved", "yellow"),
    Change.FIXED: ("fixed", GOOD),
    Change.UNCHANGED: ("unchanged", ""),
}
_WHYS: Final[Mapping[Change, str]] = {
    Change.NEW: "Not known before.",
    Change.REOPENED: "It was repaired before.",
    Change.MOVED: "Known at another place.",
    Change.FIXED: "No longer reported.",
    Change.UNCHANGED: "Known.",
}


def numbers(found: Comparison) -> Mapping[Change, int]:
    """Return how many places would become what."""
    return {
        Change.NEW: found.new,
        Change.REOPENED: found.reopened,
        Change.MOVED: found.moved,
        Change.FIXED: found.fixed,
        Change.UNCHANGED: found.unchanged,
    }


def newly_open(found: Comparison) -> int:
    """Return how many places would be open that are not now."""
    return found.new + found.reopened


def compared_place(one: Item, address: str) -> Place:
    """Return a place as reports tell it."""
    known, (score, level) = one.vulnerability, rating(one.severity)
    return Place(
        change=one.status,
        kind=one.type,
        where=one.where,
        specific=one.specific,
        title=one.title,
        rule=one.rule.rule_id if one.rule else one.title,
        score=score,
        level=level,
        id=known.id if known else None,
        link=vulnerability_link(address, known.id) if known else None,
        why=_WHYS[one.status],
    )


def comparison_lines(found: Comparison, address: str, width: int, *, is_whole: bool) -> Iterator[Line]:
    """Yield what people are told: what changes, by what would become of it, and the counts; ``is_whole``: what stays, too."""
    shown = [one for one in found.items if is_whole or one.status is not Change.UNCHANGED]
    for status, items in groupby(shown, lambda one: one.status):
        name, style = _HEADS[status]
        several = tuple(items)
        yield ((f"{name.capitalize()} ({numbers(found)[status]:,})", style or LOUD),)
        yield from _items(several, address, width)
        if (left := numbers(found)[status] - len(several)) > 0:
            yield (*INDENT, (f"and {left:,} more", QUIET))
        yield BLANK
    counts = [f"{number:,} {_HEADS[change][0]}" for change, number in numbers(found).items()]
    yield (("  ".join(counts), LOUD),)


def _items(several: Sequence[Item], address: str, width: int) -> Iterator[Line]:
    for (title, severity), places in groupby(several, lambda one: (one.title, one.severity)):
        yield from rated(*rating(severity), title, width)
        for one in places:
            yield from _item(one, address, width)


def _item(one: Item, address: str, width: int) -> Iterator[Line]:
    yield from fitted(INDENT, _route(one), width)
    if one.vulnerability:
        yield linked(vulnerability_link(address, one.vulnerability.id), width)


def _route(one: Item) -> str:
    at, known = place_text(one.type, one.where, one.specific), one.vulnerability
    if one.status is not Change.MOVED or known is None:
        return at
    return f"{place_text(one.type, known.where, known.specific)} → {at}"


def comparison_document(found: Comparison, places: Sequence[Place]) -> Mapping[str, Any]:
    """Return the comparison for programs."""
    counts = {change.value.lower(): number for change, number in numbers(found).items()}
    return {"counts": counts, "items": places, "problems": found.problems}
