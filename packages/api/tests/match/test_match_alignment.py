"""The best chain of lines, against a search through all chains (domain section 8, pass 3)."""

import itertools
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrates.api.imports.match.alignment import CHANGE, Lines, best_chain, distance

WEIGHTS = st.dictionaries(st.tuples(st.integers(1, 12), st.integers(1, 12)), st.integers(1, 3), max_size=14)


def score(chain: tuple[Lines, ...], weights: Mapping[Lines, int]) -> float:
    """What a chain is worth: its pairs, less each change of the distance, which begins at 0."""
    distances = [0, *map(distance, chain)]
    changes = sum(one != other for one, other in itertools.pairwise(distances))
    return sum(weights[lines] for lines in chain) - CHANGE * changes


def best_score(weights: Mapping[Lines, int]) -> float:
    """The score of the best of all chains, found step by step."""
    steps = sorted(weights)
    found: dict[Lines, float] = {}
    for lines in steps:
        begun = weights[lines] - (CHANGE if distance(lines) else 0)
        before = [
            found[other] + weights[lines] - (CHANGE if distance(other) != distance(lines) else 0)
            for other in found
            if other[0] < lines[0] and other[1] < lines[1]
        ]
        found[lines] = max(begun, *before, begun)
    return max(found.values(), default=0)


@given(weights=WEIGHTS)
def test_no_chain_is_better(weights: dict[Lines, int]) -> None:
    chain = best_chain(weights)
    assert set(chain) <= set(weights)
    assert all(one[0] < other[0] and one[1] < other[1] for one, other in itertools.pairwise(chain))
    assert score(chain, weights) == pytest.approx(best_score(weights))


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ((), (), ()),
        ((10,), (10,), ((10, 10),)),
        ((10, 20, 30), (13, 23, 33), ((10, 13), (20, 23), (30, 33))),
        ((10, 20, 30), (10, 20, 33), ((10, 10), (20, 20), (30, 33))),
        ((10, 19, 28, 37), (19, 28, 37), ((19, 19), (28, 28), (37, 37))),
    ],
)
def test_lines(before: tuple[int, ...], now: tuple[int, ...], expected: tuple[Lines, ...]) -> None:
    assert best_chain({(one, other): 1 for one in before for other in now}) == expected
