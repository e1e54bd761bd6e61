"""The reader of SARIF 2.1.0 (domain section 8): from checked JSON to what the file says."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial

from integrates.api.imports.read.collect import Nothing, collected
from integrates.api.imports.read.decode import TopLevel
from integrates.api.imports.read.error import sound
from integrates.api.imports.read.limit import MAX_ADVISORIES, MAX_RULES, enforce
from integrates.api.imports.read.location import place_at, wish
from integrates.api.imports.read.observation import Problem, RuleSeen, Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.sarif.decode import decode
from integrates.api.imports.read.sarif.fingerprint import variety
from integrates.api.imports.read.sarif.mark import digest
from integrates.api.imports.read.sarif.result import Reading, Taken, listed, observed, own_part, taken
from integrates.api.imports.read.sarif.rule import described
from integrates.api.imports.read.sarif.run import ToolRun, series_of, tool_run
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.imports.types import ImportFormat


def detects(top: TopLevel) -> bool:
    """Return whether the file is SARIF, of whatever version."""
    return isinstance(top, Mapping) and {"runs", "version"} <= top.keys()


def read(content: bytes, options: Options) -> Scan:
    """Read a SARIF file. Raise ``TooLarge``, ``BadFile``, and ``Rejected`` (``several_tools``)."""
    decoded = decode(content)
    runs = sound([*decoded.defects, *(tool_run(index, run, options) for index, run in enumerate(decoded.runs))])
    if options.tool is not None:
        _check_one_tool(runs)
    results = [taken(one) for one in listed(runs)]
    by_rule = _by_rule(results)
    reading = Reading(
        rules=_rules(by_rule),
        variety={rule: variety(one.listed.result for one in found) for rule, found in by_rule.items()},
        place_of=cache(partial(place_at, wished=wish(options.strip_prefix, options.add_prefix))),
        digest_of=cache(digest),
        technique=options.technique,
        with_roots=options.with_roots,
    )
    outcomes = [observed(one, reading) if isinstance(one, Taken) else one for one in results]
    return collected(ImportFormat.SARIF, outcomes, reading.rules, series_of(runs, reading.place_of))


def _check_one_tool(runs: Iterable[ToolRun]) -> None:
    """Refuse another name for the tool when the file has several."""
    if len({one.own_tool for one in runs if one.own_tool}) > 1:
        raise Rejected(Reason.SEVERAL_TOOLS, ("tool",))


def _by_rule(results: Iterable[Taken | Problem | Nothing]) -> Mapping[ToolRule, Sequence[Taken]]:
    found: dict[ToolRule, list[Taken]] = {}
    for one in results:
        if isinstance(one, Taken):
            found.setdefault(one.rule, []).append(one)
    packages = sum(_is_package(first) for first, *_ in found.values())
    enforce("too_many_rules", len(found) - packages, MAX_RULES)
    enforce("too_many_rules", packages, MAX_ADVISORIES)
    return found


def _is_package(one: Taken) -> bool:
    """Return whether a result is one of our own export about a package, of which each advisory is a rule."""
    own = own_part(one.listed.result)
    return own is not None and own.advisory is not None


def _rules(by_rule: Mapping[ToolRule, Sequence[Taken]]) -> Mapping[ToolRule, RuleSeen]:
    """Return what the file says of each rule where it is first meant."""
    return {
        rule: described(rule, first.named.descriptor, first.listed.run.rules.taxonomies)
        for rule, (first, *_) in by_rule.items()
    }
