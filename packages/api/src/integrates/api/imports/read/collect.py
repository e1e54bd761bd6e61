"""From the results of a file, read one by one, to the scan: the same for every format."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from integrates.api.imports.read.error import Defect, sound
from integrates.api.imports.read.name import MAX_FINGERPRINT, TOO_LONG
from integrates.api.imports.read.observation import Observation, Problem, RuleSeen, Scan, Series
from integrates.api.imports.read.tie import untied
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.imports.rules import MAX_PROBLEMS
from integrates.db_model.imports.types import ImportFormat

Outcome: TypeAlias = Observation | Problem | None
"""What was read of one result. ``None``: it reports nothing, which is no problem."""


def collected(
    kind: ImportFormat, outcomes: Sequence[Outcome], rules: Mapping[ToolRule, RuleSeen], series: tuple[Series, ...]
) -> Scan:
    """Return what the file says; ``outcomes`` holds all results in file order, so that each stands at its ordinal.

    Results that the tool could not tell apart are told apart, or left out as duplicates. Raise ``BadFile`` for a fingerprint
    that becomes too long by that.
    """
    observations, duplicates = untied([one for one in outcomes if isinstance(one, Observation)])
    sound(list(_overlong(observations)))
    return Scan(
        format=kind,
        rules=tuple(rules[rule] for rule in dict.fromkeys(one.rule for one in observations)),
        observations=observations,
        series=series,
        total=len(outcomes),
        skipped=len(outcomes) - len(observations) - duplicates,
        duplicates=duplicates,
        problems=tuple(one for one in outcomes if isinstance(one, Problem))[:MAX_PROBLEMS],
    )


def _overlong(observations: Iterable[Observation]) -> Iterator[Defect]:
    for one in observations:
        if len(one.fingerprint or "") > MAX_FINGERPRINT:
            yield Defect(one.pointer, TOO_LONG)
