"""Results: which of them count, and what they become (domain section 8, *Result → Vulnerability*)."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from integrates.api.imports.read.error import Defect
from integrates.api.imports.read.name import MAX_FINGERPRINT, name
from integrates.api.imports.read.observation import Location, Observation, Problem, RuleSeen, SkipReason
from integrates.api.imports.read.reader import TECHNIQUES
from integrates.api.imports.read.sarif.document import Result, Suppression
from integrates.api.imports.read.sarif.fingerprint import fingerprint
from integrates.api.imports.read.sarif.location import PlaceOf, ResolvedLocation, location_of, resolved_location
from integrates.api.imports.read.sarif.message import detail
from integrates.api.imports.read.sarif.rule import Named, named
from integrates.api.imports.read.sarif.run import ToolRun
from integrates.api.imports.read.sarif.score import own_score
from integrates.api.imports.read.text import block
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.vulnerabilities.location import MAX_EXCERPT
from integrates.db_model.vulnerabilities.types import Technique


class Listed(Struct, frozen=True):
    """A result of the file, whether it counts or not. ``ordinal`` is its number among all results of all runs."""

    ordinal: int
    pointer: str
    run: ToolRun
    result: Result


class Taken(Struct, frozen=True):
    """A result that counts, and its rule."""

    ordinal: int
    pointer: str
    run: ToolRun
    result: Result
    rule: ToolRule
    named: Named


class Reading(Struct, frozen=True):
    """What results are read with: the rules of the whole file, its places, and the wish of the caller."""

    rules: Mapping[ToolRule, RuleSeen]
    place_of: PlaceOf
    technique: Technique | None


def listed(runs: Iterable[ToolRun]) -> Iterator[Listed]:
    """Yield all results of the file with their ordinals, in order of appearance."""
    results = ((run, index, result) for run in runs for index, result in enumerate(run.document.results or ()))
    for ordinal, (run, index, result) in enumerate(results):
        yield Listed(ordinal, f"{run.pointer}/results/{index}", run, result)


def taken(one: Listed) -> Taken | Problem | Defect | None:
    """Return the result when it counts and has a rule, else what is wrong; ``None`` when it only reports that all is well."""
    result, run = one.result, one.run
    if result.kind not in {None, "fail"} or result.baseline_state == "absent":
        return None
    rule = named(result, run.rules)
    if rule is None:
        return Problem(one.ordinal, one.pointer, SkipReason.NO_RULE)
    identity = name(rule.id, f"{one.pointer}/{'ruleId' if result.rule_id else 'rule/id'}")
    if isinstance(identity, Defect):
        return identity
    return Taken(one.ordinal, one.pointer, run, result, ToolRule(tool=run.tool, rule_id=identity), rule)


def observed(one: Taken, reading: Reading) -> Observation | Problem | Defect:
    """Return what the tool saw, or why the location or the fingerprint cannot be taken."""
    resolved = resolved_location(one.result, one.run.uri_of)
    if resolved is None:
        return Problem(one.ordinal, one.pointer, SkipReason.NO_LOCATION)
    location = location_of(resolved, one.run.document, reading.place_of)
    if isinstance(location, SkipReason):
        return Problem(one.ordinal, one.pointer, location)
    found = _fingerprint(one, location)
    return found if isinstance(found, Defect) else _observation(one, reading, resolved, location, found)


def _observation(
    one: Taken, reading: Reading, resolved: ResolvedLocation, location: Location, found: str | None
) -> Observation:
    return Observation(
        ordinal=one.ordinal,
        pointer=one.pointer,
        rule=one.rule,
        category=one.run.category,
        location=location,
        fingerprint=found,
        technique=reading.technique or TECHNIQUES[location.type],
        own_score=own_score(one.result, one.named.descriptor, reading.rules[one.rule].tool_score),
        suppressed=_is_suppressed(one.result.suppressions or ()),
        snippet=block(resolved.region.snippet.text if resolved.region.snippet else None, MAX_EXCERPT) or None,
        detail=_detail(one),
    )


def _fingerprint(one: Taken, location: Location) -> str | Defect | None:
    found = fingerprint(one.result, location.where)
    return name(found[1], f"{one.pointer}/{found[0]}", high=MAX_FINGERPRINT) if found else None


def _is_suppressed(suppressions: tuple[Suppression, ...]) -> bool:
    return bool(suppressions) and all(one.status in {None, "accepted"} for one in suppressions)


def _detail(one: Taken) -> str | None:
    descriptor, component = one.named.descriptor, one.named.component
    texts = (
        descriptor.message_strings if descriptor else None,
        component.global_message_strings if component else None,
        one.run.document.tool.driver.global_message_strings,
    )
    return detail(one.result.message, texts)
