"""Aligning the results and vulnerabilities of one file by their lines (domain section 8, pass 3)."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from integrates.api.imports.match.alignment import Lines, clear_chain, distance
from integrates.api.imports.match.mark import Marks, fits, is_another
from integrates.api.imports.match.order import line_of, place_order
from integrates.api.imports.match.side import Candidate, Pair, agree, contradict, is_own, one_to_one
from integrates.api.imports.read.observation import Observation
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.vulnerabilities.types import Mark, MatchBy

MAX_PAIRS: Final = 20_000
"""Most pairs of a file that are looked at; what is over is left to the other passes."""


def _lines(pair: Pair) -> Lines:
    return line_of(pair.known), line_of(pair.seen)


def _may(known: Candidate, seen: Observation, marks: Marks) -> bool:
    if contradict(known, seen) or is_another(marks, known, seen):
        return False
    return is_own(known, seen) and agree(known.snippet, seen.snippet) and fits(marks, known, seen)


def _nearest(known: Sequence[Candidate], line: int, number: int) -> Sequence[Candidate]:
    """Return so many of the candidates, which are in order of line, before the line, and so many behind it."""
    index = bisect_left(known, line, key=line_of)
    return known[max(0, index - number) : index + number]


def _possible(seen: Sequence[Observation], known: Sequence[Candidate], marks: Marks) -> Iterator[Pair]:
    """Yield the pairs that alignment may make: as many of the nearest lines for each result as the bound allows."""
    of_rule: dict[ToolRule, list[Candidate]] = defaultdict(list)
    alike: dict[tuple[ToolRule, int, Mark], list[Candidate]] = defaultdict(list)
    for one in sorted(known, key=place_order):
        if line_of(one):
            of_rule[one.rule].append(one)
            alike[one.rule, line_of(one), one.mark].append(one)
    number = max(1, MAX_PAIRS // (2 * len(seen)))
    for each in seen:
        near = _nearest(of_rule.get(each.rule, ()), line_of(each), number) if line_of(each) else ()
        same = alike.get((each.rule, line_of(each), each.mark), ())[:number]
        yield from (Pair(each, one, MatchBy.ALIGNED) for one in dict.fromkeys((*same, *near)) if _may(one, each, marks))


def _steps(pairs: Iterable[Pair]) -> Mapping[Lines, list[Pair]]:
    found: dict[Lines, list[Pair]] = defaultdict(list)
    for pair in pairs:
        found[_lines(pair)].append(pair)
    return {lines: one_to_one(here) for lines, here in found.items()}


def _lines_of(ones: Iterable[Observation | Candidate]) -> Mapping[ToolRule, list[int]]:
    """Return the lines of each rule, in their order."""
    found: dict[ToolRule, list[int]] = defaultdict(list)
    for one in sorted(ones, key=line_of):
        found[one.rule].append(line_of(one))
    return found


def _is_alone(line: int, low: int, high: int, lines: Sequence[int]) -> bool:
    """Return whether a line is the only one of its rule between two others."""
    return low < line < high and bisect_left(lines, high) - bisect_right(lines, low) == 1


def _evident(chain: Sequence[Lines], weights: Mapping[Lines, int]) -> frozenset[Lines]:
    """Return the steps at distance 0, or at a distance that another pair of the file has, too."""
    distances = Counter(distance(lines) for lines in chain for _ in range(weights[lines]))
    return frozenset(lines for lines in chain if distance(lines) == 0 or distances[distance(lines)] > 1)


def aligned(seen: Sequence[Observation], known: Sequence[Candidate], fixed: Sequence[Pair], marks: Marks) -> Iterator[Pair]:
    """Pair the results of one file that are left with the vulnerabilities there that are left.

    ``fixed`` are pairs already made in that file: they take their place in the chain, and stay whatever comes of it.
    """
    steps = _steps(_possible(seen, known, marks))
    if not steps:
        return
    held = Counter(_lines(pair) for pair in fixed if line_of(pair.known) and line_of(pair.seen))
    weights = {lines: len(steps.get(lines, ())) + held[lines] for lines in {*steps, *held}}
    chain = clear_chain(weights)
    evident = _evident(chain, weights)
    sides = _lines_of(known), _lines_of(seen)
    for before, lines, after in _neighbours(chain):
        here = steps.get(lines, [])
        if lines in evident:
            yield from here
        elif before is not None and after is not None and {before, after} <= evident:
            yield from (pair for pair in here if _is_only_one(pair, (before, after), sides))


def _is_only_one(pair: Pair, around: tuple[Lines, Lines], sides: Sequence[Mapping[ToolRule, list[int]]]) -> bool:
    """Return whether nothing else of the rule is left between two steps, before and now."""
    spans = zip(_lines(pair), *around, sides, strict=True)
    return all(_is_alone(line, low, high, lines[pair.seen.rule]) for line, low, high, lines in spans)


def _neighbours(chain: Sequence[Lines]) -> Iterator[tuple[Lines | None, Lines, Lines | None]]:
    yield from zip((None, *chain), chain, (*chain[1:], None), strict=False)
