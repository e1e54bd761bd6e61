"""Sides take turns, so that what else the machine does meets all of them."""

from collections.abc import Callable, Iterable, Sequence
from statistics import fmean

from row import Row, combined
from service import Running

Figures = dict[str, list[Row]]
"""The rows of each side by its name."""


def least(benches: Sequence[Running], work: Callable[[Running], list[Row]], rounds: int) -> Figures:
    """Do the work so many times for each and return the least values: others on the machine only ever add."""
    return _in_turns(benches, work, rounds, min)


def mean(benches: Sequence[Running], work: Callable[[Running], list[Row]], rounds: int) -> Figures:
    """Do the work so many times for each and return the mean values: right where one round is too short for the clock."""
    return _in_turns(benches, work, rounds, fmean)


def joined(parts: Iterable[Figures]) -> Figures:
    """Return one list for each side, of the rows of all parts in order."""
    found: Figures = {}
    for part in parts:
        for name, rows in part.items():
            found.setdefault(name, []).extend(rows)
    return found


def order(names: Sequence[str], number: int) -> Sequence[str]:
    """Return who comes first in that round: each does as often."""
    return names if number % 2 == 0 else names[::-1]


def _in_turns(
    benches: Sequence[Running], work: Callable[[Running], list[Row]], rounds: int, by: Callable[[Iterable[float]], float]
) -> Figures:
    named = {bench.side.name: bench for bench in benches}
    done: dict[str, list[list[Row]]] = {name: [] for name in named}
    for number in range(rounds):
        for name in order(list(named), number):
            done[name].append(work(named[name]))
    return {name: combined(found, by) for name, found in done.items()}
