"""Marks: what tells apart results of one rule at one place (domain section 8, row *mark*)."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

from msgspec import Struct

from integrates.api.imports.match.side import MEMBERS, Candidate
from integrates.api.imports.read.observation import Location, Observation
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.vulnerabilities.types import Mark

Spot: TypeAlias = tuple[ToolRule, Location]

OFFSETS: Final = frozenset({"char_offset", "byte_offset"})
"""The members that change when lines move."""


def _spot(one: Observation | Candidate) -> Spot:
    return one.rule, one.location


def _differing(marks: Sequence[Mark]) -> frozenset[str]:
    return frozenset(member for member in MEMBERS if len({getattr(mark, member) for mark in marks}) > 1)


def _members(ones: Sequence[Observation | Candidate]) -> Mapping[Spot, frozenset[str]]:
    """Return, for each place that several share, the members in which they differ."""
    groups: dict[Spot, list[Mark]] = {}
    for one in ones:
        groups.setdefault(_spot(one), []).append(one.mark)
    return {spot: _differing(marks) for spot, marks in groups.items() if len(marks) > 1}


class Marks(Struct, frozen=True):
    """The members in which those differ that share a place, by place, of either side; and all fingerprints of the results.

    Marks are looked at only where several results or several vulnerabilities of one rule share a place: the first member in
    which those differ has to be equal.
    """

    seen: Mapping[Spot, frozenset[str]]
    known: Mapping[Spot, frozenset[str]]
    fingerprints: frozenset[tuple[ToolRule, str]]
    details: frozenset[tuple[ToolRule, str]]


def marks_of(observations: Sequence[Observation], candidates: Sequence[Candidate]) -> Marks:
    """Look for what shares a place, and for what the results are known by."""
    fingerprints = frozenset((each.rule, one.text) for each in observations for one in each.fingerprints)
    details = Counter((each.rule, each.detail) for each in observations if each.detail is not None)
    unique = frozenset(key for key, number in details.items() if number == 1)
    return Marks(_members(observations), _members(candidates), fingerprints, unique)


def is_another(marks: Marks, known: Candidate, seen: Observation) -> bool:
    """Return whether another result has the fingerprint of the vulnerability, or alone has its detail, and this one has not."""
    own = known.fingerprint
    if own is not None and (known.rule, own) in marks.fingerprints and all(one.text != own for one in seen.fingerprints):
        return True
    is_bare = known.snippet is None and seen.snippet is None
    return is_bare and known.detail != seen.detail and (known.rule, known.detail) in marks.details


def _first(telling: AbstractSet[str]) -> str | None:
    return next((member for member in MEMBERS if member in telling), None)


def fits(marks: Marks, known: Candidate, seen: Observation) -> bool:
    """Return whether the marks of a vulnerability and a result fit; offsets say nothing when the line is another one."""
    here, there = marks.seen.get(_spot(seen)), marks.known.get(_spot(known))
    if here is None and there is None:
        return True
    unusable = frozenset[str]() if known.location == seen.location else OFFSETS
    first = _first({*(here or ()), *(there or ())} - unusable)
    return first is None or getattr(known.mark, first) == getattr(seen.mark, first)


def decisive(marks: Marks, one: Observation | Candidate) -> Hashable:
    """Return what has to be equal for two at one place to fit."""
    spot = _spot(one)
    first = _first({*marks.seen.get(spot, ()), *marks.known.get(spot, ())})
    return None if first is None else getattr(one.mark, first)
