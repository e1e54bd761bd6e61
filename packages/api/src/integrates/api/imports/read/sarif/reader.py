"""The reader of SARIF 2.1.0 (domain section 8): from checked JSON to what the file says."""

from collections.abc import Iterable, Mapping
from functools import cache, partial
from itertools import starmap

from integrates.api.imports.read.collect import collected
from integrates.api.imports.read.decode import TopLevel
from integrates.api.imports.read.error import sound
from integrates.api.imports.read.limit import MAX_RULES, enforce
from integrates.api.imports.read.location import place_at, segments
from integrates.api.imports.read.observation import Problem, RuleSeen, Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.sarif.decode import decode
from integrates.api.imports.read.sarif.result import Reading, Taken, listed, observed, taken
from integrates.api.imports.read.sarif.rule import described
from integrates.api.imports.read.sarif.run import bad_rule_ids, series_of, tool_run
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.imports.types import ImportFormat


def detects(top: TopLevel) -> bool:
    """Return whether the file is SARIF, of whatever version."""
    return isinstance(top, Mapping) and {"runs", "version"} <= top.keys()


def read(content: bytes, options: Options) -> Scan:
    """Read a SARIF file. Raise ``TooLarge`` and ``BadFile``.

    The whole file is looked at first for bad members, then for bad names; the defects that are told are of one of these kinds.
    """
    runs = sound(list(starmap(tool_run, enumerate(decode(content).runs))))
    sound([defect for one in runs for defect in bad_rule_ids(one)])
    results = sound([taken(one) for one in listed(runs)])
    place_of = cache(partial(place_at, prefix=segments(options.strip_prefix)))
    reading = Reading(_rules(results), place_of, options.technique)
    outcomes = sound([observed(one, reading) if isinstance(one, Taken) else one for one in results])
    return collected(ImportFormat.SARIF, outcomes, reading.rules, series_of(runs))


def _rules(results: Iterable[Taken | Problem | None]) -> Mapping[ToolRule, RuleSeen]:
    """Return what the file says of each rule where it is first meant."""
    meant = [one for one in results if isinstance(one, Taken)]
    first = {one.rule: one for one in reversed(meant)}
    enforce("too_many_rules", len(first), MAX_RULES)
    return {rule: described(rule, one.named.descriptor, one.run.rules.taxonomies) for rule, one in first.items()}
