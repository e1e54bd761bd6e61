"""Alignment: which lines of a file before are which lines of it now, as a diff would say (domain section 8, pass 3)."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final, TypeAlias

from msgspec import Struct

CHANGE: Final = 0.6
"""What a chain loses wherever the distance of its lines changes: so much evidence a shift takes."""

Lines: TypeAlias = tuple[int, int]
"""A line before and the line that it may be now."""


class Link(Struct, frozen=True, gc=False):
    """A step of a chain: lines, what the chain up to it scores, and the step before it."""

    lines: Lines
    score: float
    before: "Link | None"


class _Front(Struct, frozen=True):
    """The best chains by the line now at which they end: both lines and scores ascend."""

    ends: list[int]
    links: list[Link]


def distance(lines: Lines) -> int:
    """Return how far a line has moved."""
    return lines[1] - lines[0]


def best_chain(weights: Mapping[Lines, int]) -> tuple[Lines, ...]:
    """Return the best chain of lines, ascending on both sides.

    ``weights`` tells how many pairs stand at each step: they score 1 each, and a chain loses ``CHANGE`` wherever the distance
    changes from one step to the next, beginning from 0. Takes time that grows little faster than the number of steps: of all
    chains only the best for each distance, and the best for each last line, are kept.
    """
    front = _Front([], [])
    same: dict[int, Link] = {}
    for _, steps in groupby(sorted(weights), key=lambda lines: lines[0]):
        found = [_best(lines, weights[lines], front, same.get(distance(lines))) for lines in steps]
        for link in found:
            same[distance(link.lines)] = _better(link, same.get(distance(link.lines)))
            _put(front, link)
    return tuple(_walked(front.links[-1] if front.links else None))


def _better(one: Link, other: Link | None) -> Link:
    return other if other is not None and other.score > one.score else one


def _best(lines: Lines, weight: int, front: _Front, same: Link | None) -> Link:
    """Return the best chain that ends with these lines. Of equal ones the one that keeps its distance is taken."""
    index = bisect_left(front.ends, lines[1])
    other = front.links[index - 1] if index else None
    begun = Link(lines, weight - (CHANGE if distance(lines) else 0), None)
    changed = Link(lines, other.score + weight - CHANGE, other) if other else begun
    kept = Link(lines, same.score + weight, same) if same else begun
    return max((kept, begun, changed), key=lambda link: link.score)


def _put(front: _Front, link: Link) -> None:
    """Keep a chain unless one that ends no later is as good; forget those that it is better than."""
    index = bisect_left(front.ends, link.lines[1] + 1)
    if index and front.links[index - 1].score >= link.score:
        return
    first = bisect_left(front.ends, link.lines[1])
    last = first
    while last < len(front.links) and front.links[last].score <= link.score:
        last += 1
    front.ends[first:last] = [link.lines[1]]
    front.links[first:last] = [link]


def _walked(last: Link | None) -> Sequence[Lines]:
    found: list[Lines] = []
    while last is not None:
        found.append(last.lines)
        last = last.before
    return found[::-1]
