"""The order of work of an import: rule by rule in the order of first appearance, each rule's observations in file order."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from integrates.api.ingest.observation import Observation, RuleSeen, Scan
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.imports.types import ImportPosition

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


def position_of(observation: Observation) -> ImportPosition:
    """Return the position at which the observation is next."""
    return ImportPosition(run=observation.run, result=observation.result)


def after(work: Work, position: ImportPosition) -> Work:
    """Return what is left at a position; everything when nothing of the work is there."""
    for number, (seen, observations) in enumerate(work):
        for index, observation in enumerate(observations):
            if position_of(observation) == position:
                return ((seen, observations[index:]), *work[number + 1 :])
    return work


def windows(work: Work) -> Iterator[Work]:
    """Cut the work into parts of consecutive rules that are surveyed together."""
    part: Work = ()
    for rule in work:
        part = (*part, rule)
        if sum(len(observations) for _, observations in part) >= _WINDOW:
            yield part
            part = ()
    if part:
        yield part


def size(work: Sequence[tuple[RuleSeen, tuple[Observation, ...]]]) -> int:
    """Count the observations."""
    return sum(len(observations) for _, observations in work)
