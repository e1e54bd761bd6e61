"""The passes of matching, each a pure function from what is left to new pairs (domain section 8, *Matching*)."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import islice, product
from typing import Final, TypeAlias, TypeVar

from msgspec.structs import replace

from integrates.api.grouping import grouped
from integrates.api.imports.match.align import MAX_PAIRS, aligned
from integrates.api.imports.match.mark import Marks, decisive, is_another, marks_of
from integrates.api.imports.match.order import place_order
from integrates.api.imports.match.side import (
    Candidate,
    Pair,
    Sides,
    Standing,
    agree,
    contradict,
    is_alike,
    is_own,
    may_move,
    one_to_one,
    path_of,
)
from integrates.api.imports.read.observation import Observation
from integrates.db_model.vulnerabilities.types import MatchBy, VulnerabilityType

S = TypeVar("S", Observation, Candidate)

Pass: TypeAlias = Callable[[Sides, Sequence[Candidate]], Iterable[Pair]]
"""Pairs results that are left with some of the candidates that are left: with living ones, or with the others."""


def left(sides: Sides) -> list[Observation]:
    """Return the results that are not paired yet."""
    return [each for each in sides.observations if each.ordinal not in sides.pairs]


def by_fingerprint(sides: Sides, candidates: Sequence[Candidate]) -> Iterator[Pair]:
    """Pair by fingerprint within one path, where it stands once on either side.

    What is not open is not taken for a result as long as anything open has the fingerprint, too.
    """
    seen = Counter((each.rule, path_of(each), one.text) for each in sides.observations for one in each.fingerprints)
    rivals = candidates if all(each.standing is Standing.OPEN for each in candidates) else sides.candidates
    known = grouped((each for each in rivals if each.fingerprint), lambda each: (each.rule, path_of(each), each.fingerprint))
    taking_part = {each.id for each in candidates}
    for each in left(sides):
        keys = [key for one in each.fingerprints if (key := (each.rule, path_of(each), one.text)) in known]
        unique = (known[key][0] for key in keys if seen[key] == len(known[key]) == 1 and may_move(known[key][0], each))
        found = next((one for one in unique if is_own(one, each) or one.location == each.location), None)
        if found is not None and found.id in taking_part:
            yield Pair(each, found, MatchBy.FINGERPRINT)


def by_sameness(sides: Sides, candidates: Sequence[Candidate]) -> Iterator[Pair]:
    """Pair everything in the paths in which nothing has changed.

    There each result stands where something open is, with the same fingerprint or none, and each that the series noted is seen.
    """
    marks = marks_of(sides.observations, candidates)
    known = grouped(candidates, path_of)
    for path, seen in grouped(sides.observations, path_of).items():
        here = known.get(path, ())
        pairs = list(_at_place(marks, here, seen, lambda one, each: agree(one.snippet, each.snippet) and is_alike(one, each)))
        paired_seen, paired_known = {pair.seen.ordinal for pair in pairs}, {pair.known.id for pair in pairs}
        is_all = all(each.ordinal in paired_seen or each.suppression for each in seen)
        if is_all and all(one.id in paired_known or not is_own(one, seen[0]) for one in here):
            yield from map(_with_reason, pairs)


def _with_reason(pair: Pair) -> Pair:
    is_known_by_it = any(one.text == pair.known.fingerprint for one in pair.seen.fingerprints)
    return replace(pair, by=MatchBy.FINGERPRINT) if is_known_by_it else pair


def _packages(ones: Iterable[S]) -> list[S]:
    return [one for one in ones if path_of(one)[0] is VulnerabilityType.PACKAGES]


def by_version(sides: Sides, candidates: Sequence[Candidate]) -> Iterable[Pair]:
    """Pair packages of one version by fingerprint: each version in a path keeps its own vulnerability, fixed or not."""
    known = [one for one in _packages(candidates) if one.fingerprint]
    marks = marks_of(_packages(sides.observations), known)
    return map(_with_reason, _at_place(marks, known, _packages(left(sides)), is_alike))


def by_upgrade(sides: Sides, candidates: Sequence[Candidate]) -> Iterator[Pair]:
    """Pair the versions of a package in a path that are left, where that is one on either side: it was changed to the other."""
    texts = ((each, one.text) for each in _packages(left(sides)) for one in each.fingerprints)
    seen = grouped(texts, lambda pair: (pair[0].rule, path_of(pair[0]), pair[1]))
    known = grouped(_packages(candidates), lambda each: (each.rule, path_of(each), each.fingerprint or ""))
    for key, ones in known.items():
        others = seen.get(key, ())
        if len(ones) == len(others) == 1 and is_own(ones[0], others[0][0]) and may_move(ones[0], others[0][0]):
            yield Pair(others[0][0], ones[0], MatchBy.FINGERPRINT)


def _closes(sides: Sides, known: Candidate, seen: Observation) -> bool:
    """Return whether close-missing would close the vulnerability if nothing were found."""
    series = seen.rule.tool, seen.category
    return series in sides.closing and known.location.where not in sides.spared.get(series, ())


def by_fingerprint_elsewhere(sides: Sides, candidates: Sequence[Candidate]) -> Iterator[Pair]:
    """Pair by fingerprint across paths, where exactly one is left on either side and would be closed otherwise."""
    seen = grouped(
        ((each, one.text) for each in left(sides) for one in each.fingerprints), lambda pair: (pair[0].rule, pair[1])
    )
    known = grouped((each for each in candidates if each.fingerprint), lambda each: (each.rule, each.fingerprint or ""))
    for key, ones in known.items():
        others = seen.get(key, ())
        if len(ones) == len(others) == 1:
            one, other = ones[0], others[0][0]
            if one.standing is Standing.OPEN and is_own(one, other) and _closes(sides, one, other) and may_move(one, other):
                yield Pair(other, one, MatchBy.FINGERPRINT_ELSEWHERE)


def by_alignment(sides: Sides, candidates: Sequence[Candidate]) -> Iterator[Pair]:
    """Pair what a diff of the lines of each path, over all rules in it, would call the same."""
    marks = marks_of(sides.observations, candidates)
    here = (each for each in sides.pairs.values() if path_of(each.seen) == path_of(each.known))
    fixed = grouped(here, lambda each: path_of(each.seen))
    known = grouped(candidates, path_of)
    for path, seen in grouped(left(sides), path_of).items():
        if path in known:
            yield from aligned(seen, known[path], fixed.get(path, ()), marks)


def _at_place(
    marks: Marks,
    candidates: Sequence[Candidate],
    observations: Sequence[Observation],
    may: Callable[[Candidate, Observation], bool],
) -> Iterator[Pair]:
    """Pair at equal places what has a mark that fits and may be paired, the best first."""

    def place(each: Observation | Candidate) -> Hashable:
        return each.rule, each.location, decisive(marks, each)

    known = grouped(candidates, place)
    for key, seen in grouped(observations, place).items():
        for possible in _bounded(known.get(key, ()), seen):
            allowed = ((one, each) for one, each in possible if may(one, each) and not is_another(marks, one, each))
            yield from one_to_one(Pair(each, one, MatchBy.PLACE) for one, each in allowed)


def _bounded(known: Sequence[Candidate], seen: Sequence[Observation]) -> Iterator[Iterable[tuple[Candidate, Observation]]]:
    """Yield what may be paired with each other; where that is too much, only what has equal marks."""
    if len(known) * len(seen) <= MAX_PAIRS:
        yield product(known, seen)
        return
    alike = grouped(known, lambda one: one.mark)
    for mark, some in grouped(seen, lambda each: each.mark).items():
        yield islice(product(alike.get(mark, ()), some), MAX_PAIRS)


def by_place_and_snippet(sides: Sides, candidates: Sequence[Candidate]) -> Iterator[Pair]:
    """Pair at equal places what has an equal snippet and a mark that fits, unless fingerprints contradict."""

    def may(known: Candidate, seen: Observation) -> bool:
        return agree(known.snippet, seen.snippet) and not contradict(known, seen)

    return _at_place(marks_of(sides.observations, candidates), candidates, left(sides), may)


def by_snippet(sides: Sides, candidates: Sequence[Candidate]) -> Iterator[Pair]:
    """Pair by snippet within a path, in order of place, where as many are left on either side.

    Where neither side has a snippet, a detail that no other result of the rule has serves.
    """
    details = Counter((each.rule, each.detail) for each in sides.observations)
    marks = marks_of(sides.observations, candidates)

    def token(each: Observation | Candidate) -> Hashable:
        if each.snippet is not None:
            return each.rule, path_of(each), each.snippet
        telling = each.detail is not None and details[each.rule, each.detail] == 1
        return (each.rule, path_of(each), None, each.detail) if telling else None

    known = grouped(candidates, token)
    for key, seen in grouped(left(sides), token).items():
        own = [one for one in known.get(key, ()) if is_own(one, seen[0])]
        if key is None or len(own) != len(seen) or len({one.category for one in seen}) > 1:
            continue
        pairs = list(zip(sorted(own, key=place_order), sorted(seen, key=place_order), strict=True))
        if not any(contradict(one, each) or is_another(marks, one, each) for one, each in pairs):
            yield from (Pair(each, one, MatchBy.SNIPPET) for one, each in pairs)


def by_place(sides: Sides, candidates: Sequence[Candidate]) -> Iterator[Pair]:
    """Pair at equal places what has a mark that fits, whatever else has changed."""
    return _at_place(marks_of(sides.observations, candidates), candidates, left(sides), lambda _one, _each: True)


STAGES: Final[Sequence[Sequence[Pass]]] = (
    (by_version,),
    (by_fingerprint,),
    (by_upgrade,),
    (by_fingerprint_elsewhere,),
    (by_alignment, by_place_and_snippet, by_snippet, by_place),
)
"""The passes in their order: each looks at the whole file before the next one does.

A stage is gone through with what is open, then with the rest. A fingerprint of what was fixed says more than the place of what
is open; but where something open fits, nothing is taken up again for standing near. Suppressed results, which open nothing, are
found by fingerprint among the rest or not at all.
"""


def _paired(sides: Sides, step: Pass, candidates: Sequence[Candidate]) -> Sides:
    if not candidates or len(sides.pairs) == len(sides.observations):
        return sides
    taken = {pair.known.id for pair in sides.pairs.values()}
    found = {pair.seen.ordinal: pair for pair in step(sides, [one for one in candidates if one.id not in taken])}
    return replace(sides, pairs={**sides.pairs, **found})


def _through(stage: Sequence[Pass], sides: Sides, candidates: Sequence[Candidate]) -> Sides:
    return reduce(lambda found, step: _paired(found, step, candidates), stage, sides)


def _opening(sides: Sides) -> Sides:
    """Leave out the results that are suppressed and not paired yet."""
    kept = [each for each in sides.observations if each.suppression is None or each.ordinal in sides.pairs]
    return replace(sides, observations=kept)


def matched(sides: Sides) -> Mapping[int, Pair]:
    """Return the pair of each result that a vulnerability was found for, by ordinal; no vulnerability is found twice."""
    living = [one for one in sides.candidates if one.standing is Standing.OPEN]
    others = [one for one in sides.candidates if one.standing is not Standing.OPEN]
    *certain, likely = STAGES
    sides = _paired(sides, by_sameness, living)
    for stage, candidates in product(certain, (living, others)):
        sides = _through(stage, sides, candidates)
    return _through(likely, _opening(_through(likely, sides, living)), others).pairs
