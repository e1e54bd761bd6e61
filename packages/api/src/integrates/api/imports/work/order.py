"""The order of work of an import: rule by rule in the order of first appearance, each rule's observations in file order.

A position is the ordinal of the result that is next in this order. It is no measure of how much is done.
"""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from integrates.api.imports.read.observation import Observation, RuleSeen, Scan
from integrates.db_model.findings.types import ToolRule

Work: TypeAlias = tuple[tuple[RuleSeen, tuple[Observation, ...]], ...]
"""Rules with their observations that are still to be done."""
_WINDOW: Final = 500
"""Observations that are surveyed together; a rule with more is surveyed whole all the same."""


def by_rule(scan: Scan) -> dict[ToolRule, tuple[Observation, ...]]:
    """Return the observations of each rule in file order."""
    found: dict[ToolRule, list[Observation]] = {seen.rule: [] for seen in scan.rules}
    for observation in scan.observations:
        found[observation.rule].append(observation)
    return {rule: tuple(observations) for rule, observations in found.items()}


def ordered(scan: Scan) -> Work:
    """Return all work that the file gives."""
    observations = by_rule(scan)
    return tuple((seen, observations[seen.rule]) for seen in scan.rules if observations[seen.rule])


def done(observations: Iterable[Observation], position: int) -> int:
    """Count those that are done at a position, given in the order of work; none when the position is not among them."""
    return next((number for number, each in enumerate(observations) if each.ordinal == position), 0)


def after(work: Work, position: int) -> Work:
    """Return the rules that are not wholly done at a position; everything when nothing of the work is there.

    The first of them is returned whole: all results of a finding are matched together, the ones that are done too.
    """
    is_next = (any(each.ordinal == position for each in observations) for _, observations in work)
    return work[next((number for number, found in enumerate(is_next) if found), 0) :]


def windows(work: Work, end: int) -> Iterator[tuple[Work, int]]:
    """Cut the work into windows of consecutive rules that are surveyed together, each with the position behind it."""
    begin = size = 0
    for number, (_, observations) in enumerate(work, 1):
        size += len(observations)
        if size >= _WINDOW or number == len(work):
            yield work[begin:number], work[number][1][0].ordinal if number < len(work) else end
            begin, size = number, 0
