"""The reader of SARIF 2.1.0 (domain section 8): a pure function from the bytes of a file to what it says."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import starmap
from typing import TypeVar

from integrates.api.imports.read.error import BadFile, Defect, TooLarge
from integrates.api.imports.read.observation import MAX_PROBLEMS, Observation, Problem, RuleSeen, Scan
from integrates.api.imports.read.sarif.decode import MAX_RULES, decode
from integrates.api.imports.read.sarif.location import segments
from integrates.api.imports.read.sarif.result import Reading, Taken, listed, observed, overlong, taken
from integrates.api.imports.read.sarif.rule import seen
from integrates.api.imports.read.sarif.run import bad_rule_ids, series_of, tool_run
from integrates.api.imports.read.tie import untied
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.vulnerabilities.types import Technique

T = TypeVar("T")


def read(content: bytes, *, strip_prefix: str | None = None, technique: Technique | None = None) -> Scan:
    """Read a SARIF file.

    ``strip_prefix`` is a directory, relative or absolute, or a file url, that is taken from the beginning of every path;
    ``technique`` stands for the one that would follow from each location. Equal arguments give equal answers.
    Raise ``TooLarge`` and ``BadFile``. The whole file is looked at first for bad JSON, then for bad members, then for bad
    names; the defects that are told are of one of these kinds.
    """
    runs = _sound(list(starmap(tool_run, enumerate(decode(content).runs))))
    _sound([defect for one in runs for defect in bad_rule_ids(one)])
    results = _sound([taken(one) for one in listed(runs)])
    reading = Reading(_rules(results), segments(strip_prefix), technique)
    outcomes = _sound([observed(one, reading) if isinstance(one, Taken) else one for one in results])
    observations, duplicates = untied([one for one in outcomes if isinstance(one, Observation)])
    _sound(list(overlong(observations)))
    return Scan(
        rules=tuple(reading.rules[rule] for rule in dict.fromkeys(one.rule for one in observations)),
        observations=observations,
        series=series_of(runs),
        total=len(outcomes),
        skipped=len(outcomes) - len(observations) - duplicates,
        duplicates=duplicates,
        problems=tuple(one for one in outcomes if isinstance(one, Problem))[:MAX_PROBLEMS],
    )


def _sound(answers: Sequence[T | Defect]) -> tuple[T, ...]:
    """Return the answers, or raise ``BadFile`` when there are defects among them."""
    defects = [answer for answer in answers if isinstance(answer, Defect)]
    if defects:
        raise BadFile(defects)
    return tuple(answer for answer in answers if not isinstance(answer, Defect))


def _rules(results: Iterable[Taken | Problem | None]) -> Mapping[ToolRule, RuleSeen]:
    """Return what the file says of each rule where it is first meant."""
    meant = [one for one in results if isinstance(one, Taken)]
    first = {one.rule: one for one in reversed(meant)}
    if len(first) > MAX_RULES:
        raise TooLarge("too_many_rules", len(first), MAX_RULES)
    return {rule: seen(rule, one.named.descriptor, one.run.document.taxonomies or ()) for rule, one in first.items()}
