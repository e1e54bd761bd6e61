"""The best chain of lines, against a search through all chains (domain section 8, pass 3)."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrates.api.imports.match.alignment import CHANGE, PAIR, Lines, best_chains, best_of, clear_chain, distance

WEIGHTS = st.dictionaries(st.tuples(st.integers(1, 12), st.integers(1, 12)), st.integers(1, 3), max_size=14)


def score(chain: Sequence[Lines], weights: Mapping[Lines, int]) -> int:
    """What a chain is worth: its pairs, less each change of the distance, which begins at 0."""
    distances = [0, *map(distance, chain)]
    changes = sum(one != other for one, other in itertools.pairwise(distances))
    return PAIR * sum(weights[lines] for lines in chain) - CHANGE * changes


def chains(steps: Sequence[Lines]) -> Iterator[tuple[Lines, ...]]:
    """All chains of steps that are in order."""
    yield ()
    for index, one in enumerate(steps):
        later = [other for other in steps[index + 1 :] if other[0] > one[0] and other[1] > one[1]]
        yield from ((one, *rest) for rest in chains(later))


def share_a_line(one: Lines, other: Lines) -> bool:
    """Whether two steps have a line before, or a line now, in common."""
    return one[0] == other[0] or one[1] == other[1]


@given(weights=WEIGHTS)
def test_no_chain_is_better(weights: dict[Lines, int]) -> None:
    chain = best_of(best_chains(weights))
    assert set(chain) <= set(weights)
    assert all(one[0] < other[0] and one[1] < other[1] for one, other in itertools.pairwise(chain))
    assert score(chain, weights) == max(score(each, weights) for each in chains(sorted(weights)) if each or not weights)


@given(weights=WEIGHTS)
def test_a_step_is_clear_where_no_other_chain_is_as_good(weights: dict[Lines, int]) -> None:
    chain = best_of(best_chains(weights))
    equal = [each for each in chains(sorted(weights)) if score(each, weights) == score(chain, weights)]
    others = {lines for each in equal for lines in each} - {*chain}
    rivals = [one for one in others if any(distance(one) == distance(other) for other in others - {one})]
    assert clear_chain(weights) == tuple(lines for lines in chain if not any(share_a_line(lines, one) for one in rivals))


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
    assert best_of(best_chains({(one, other): 1 for one in before for other in now})) == expected


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ((), (), ()),
        # What stood at 10 was fixed: 19 and 28 moved by 3 or 10 and 19 by 12, of which 1 knows nothing.
        ((1, 10, 19, 28), (1, 22, 31), ((1, 1),)),
        ((1, 10, 19, 28), (1, 13, 22, 31), ((1, 1), (10, 13), (19, 22), (28, 31))),
        # At other than equal distances nothing else explains as much.
        ((1, 10, 17, 28), (1, 20, 31), ((1, 1), (17, 20), (28, 31))),
        # Equal lines prove nothing where all moved by the distance between them and the last was fixed, but need no change.
        ((10, 19, 28, 37), (19, 28, 37), ((19, 19), (28, 28), (37, 37))),
    ],
)
def test_clear_lines(before: tuple[int, ...], now: tuple[int, ...], expected: tuple[Lines, ...]) -> None:
    assert clear_chain({(one, other): 1 for one in before for other in now}) == expected
