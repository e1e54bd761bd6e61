"""Alignment: which lines of a file before are which lines of it now, as a diff would say (domain section 8, pass 3)."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from typing import Final, TypeAlias

from msgspec import Struct

PAIR: Final = 5
"""What a pair scores in a chain."""
CHANGE: Final = 3
"""What a chain loses wherever the distance of its lines changes: so much evidence a shift takes."""

Lines: TypeAlias = tuple[int, int]
"""A line before and the line that it may be now."""


class Link(Struct, frozen=True, gc=False):
    """A step of a chain: lines, what the chain up to it scores, and the step before it."""

    lines: Lines
    score: int
    before: "Link | None"


class _Front(Struct, frozen=True):
    """The best chains by the line now at which they end: both lines and scores ascend."""

    ends: list[int]
    links: list[Link]


def distance(lines: Lines) -> int:
    """Return how far a line has moved."""
    return lines[1] - lines[0]


def clear_chain(weights: Mapping[Lines, int]) -> tuple[Lines, ...]:
    """Return the steps of the best chain that have no rival: what is ambiguous is left out.

    A rival is a step with one of its lines, before or now, in another chain that scores as much; one that alone has its
    distance proves nothing, and is none. Where results stand at equal distances, a shift to the next of them explains as much
    as soon as one at its border was fixed.
    """
    links = best_chains(weights)
    mirrored = best_chains({(-before, -now): weight for (before, now), weight in weights.items()}, begun=0)
    chain = best_of(links)

    def is_as_good(lines: Lines) -> bool:
        through = links[lines].score + mirrored[-lines[0], -lines[1]].score - PAIR * weights[lines]
        return through == links[chain[-1]].score

    others = [lines for lines in weights.keys() - {*chain} if is_as_good(lines)]
    distances = Counter(map(distance, others))
    rivals = [lines for lines in others if distances[distance(lines)] > 1]
    before, now = {lines[0] for lines in rivals}, {lines[1] for lines in rivals}
    return tuple(lines for lines in chain if lines[0] not in before and lines[1] not in now)


def best_chains(weights: Mapping[Lines, int], begun: int = CHANGE) -> Mapping[Lines, Link]:
    """Return the best chain of lines up to each step, ascending on both sides.

    ``weights`` tells how many pairs stand at each step: they score ``PAIR`` each, and a chain loses ``CHANGE`` wherever the
    distance changes from one step to the next, and ``begun`` unless it begins at distance 0. Takes time that grows little
    faster than the number of steps: of all chains only the best for each distance, and the best for each last line, are kept.
    """
    front = _Front([], [])
    same: dict[int, Link] = {}
    every: dict[Lines, Link] = {}
    for _, steps in groupby(sorted(weights), key=lambda lines: lines[0]):
        found = [_best(Link(lines, PAIR * weights[lines], None), front, same.get(distance(lines)), begun) for lines in steps]
        for link in found:
            every[link.lines] = link
            same[distance(link.lines)] = _better(link, same.get(distance(link.lines)))
            _put(front, link)
    return every


def _better(one: Link, other: Link | None) -> Link:
    return other if other is not None and other.score > one.score else one


def _best(step: Link, front: _Front, same: Link | None, begun: int) -> Link:
    """Return the best chain that ends with a step. Of equal ones the one that keeps its distance is taken."""
    index = bisect_left(front.ends, step.lines[1])
    other = front.links[index - 1] if index else None
    first = Link(step.lines, step.score - (begun if distance(step.lines) else 0), None)
    changed = Link(step.lines, other.score + step.score - CHANGE, other) if other else first
    kept = Link(step.lines, same.score + step.score, same) if same else first
    return max((kept, first, changed), key=lambda link: link.score)


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


def best_of(links: Mapping[Lines, Link]) -> tuple[Lines, ...]:
    """Return the best of all chains."""
    found: list[Lines] = []
    last = max(links.values(), key=lambda link: link.score, default=None)
    while last is not None:
        found.append(last.lines)
        last = last.before
    return tuple(found[::-1])
