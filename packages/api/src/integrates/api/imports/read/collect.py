"""From the results of a file, read one by one, to the scan: the same for every format."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TypeAlias

from integrates.api.imports.read.observation import Observation, Problem, RuleSeen, Scan, Series
from integrates.api.imports.read.tie import untied
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.imports.types import ImportFormat


class Nothing(Enum):
    """What is no weakness: the tool is not sure, or all is well."""

    REVIEWABLE = 1
    FINE = 2


Outcome: TypeAlias = Observation | Problem | Nothing
"""What was read of one result."""


def collected(
    kind: ImportFormat, outcomes: Sequence[Outcome], rules: Mapping[ToolRule, RuleSeen], series: tuple[Series, ...]
) -> Scan:
    """Return what the file says; ``outcomes`` holds all results in file order, so that each stands at its ordinal."""
    observations, duplicates = untied([one for one in outcomes if isinstance(one, Observation)])
    reviewable = sum(one is Nothing.REVIEWABLE for one in outcomes)
    return Scan(
        format=kind,
        rules=tuple(rules[rule] for rule in dict.fromkeys(one.rule for one in observations)),
        observations=observations,
        series=series,
        total=len(outcomes),
        skipped=len(outcomes) - len(observations) - duplicates - reviewable,
        reviewable=reviewable,
        duplicates=duplicates,
        problems=tuple(one for one in outcomes if isinstance(one, Problem)),
    )
