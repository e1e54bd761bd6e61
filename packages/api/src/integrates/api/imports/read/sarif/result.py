"""Results: which of them count, and what they become (domain section 8, *Result → Vulnerability*)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from integrates.api.imports.read.collect import Nothing
from integrates.api.imports.read.location import PlaceOf, named_location
from integrates.api.imports.read.mend import ODD, decoded_or
from integrates.api.imports.read.name import rule_id
from integrates.api.imports.read.observation import Location, Observation, Problem, RuleSeen, SkipReason
from integrates.api.imports.read.reader import TECHNIQUES
from integrates.api.imports.read.result import storable
from integrates.api.imports.read.sarif.document import LogicalLocation, Message, PhysicalLocation, Region, Result
from integrates.api.imports.read.sarif.document import Suppression as GivenSuppression
from integrates.api.imports.read.sarif.fingerprint import Name, fingerprints, kept_text
from integrates.api.imports.read.sarif.leak import shows_secrets
from integrates.api.imports.read.sarif.location import first_logical, location_of, name_of, resolved_location
from integrates.api.imports.read.sarif.mark import Digest, mark_of
from integrates.api.imports.read.sarif.message import detail, telling
from integrates.api.imports.read.sarif.own import OwnResult, completed, snippet_in
from integrates.api.imports.read.sarif.rule import Named, named
from integrates.api.imports.read.sarif.run import ToolRun
from integrates.api.imports.read.sarif.score import own_score
from integrates.api.imports.read.text import block
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.vulnerabilities.location import MAX_EXCERPT
from integrates.db_model.vulnerabilities.types import Suppression, Technique

_SURE: Final = frozenset({None, "fail"})
_UNSURE: Final = frozenset({"review", "open"})
_GONE: Final = "absent"
_RULE_ID: Final[msgspec.json.Decoder[str | None]] = msgspec.json.Decoder(str | None)
_URI: Final = 1_000
"""Most characters of an unusable location that are kept."""


class Listed(Struct, frozen=True):
    """A result of the file, whether it counts or not. ``ordinal`` is its number among all results of all runs."""

    ordinal: int
    pointer: str
    run: ToolRun
    result: Result

    def problem(self, reason: SkipReason, uri: str | None = None) -> Problem:
        """Return why the result is skipped."""
        return Problem(self.ordinal, self.pointer, self.run.series, reason, uri)


class Taken(Struct, frozen=True):
    """A result that counts, and its rule."""

    listed: Listed
    rule: ToolRule
    named: Named


class Reading(Struct, frozen=True):
    """What results are read with: the rules of the whole file, the variety of the fingerprints in each, places and digests."""

    rules: Mapping[ToolRule, RuleSeen]
    variety: Mapping[ToolRule, Mapping[Name, int]]
    place_of: PlaceOf
    digest_of: Digest
    technique: Technique | None
    with_roots: bool


def listed(runs: Iterable[ToolRun]) -> Iterator[Listed]:
    """Yield all results of the file with their ordinals, in order of appearance."""
    results = ((run, index, result) for run in runs for index, result in enumerate(run.document.results or ()))
    for ordinal, (run, index, result) in enumerate(results):
        yield Listed(ordinal, f"{run.pointer}/results/{index}", run, result)


def taken(one: Listed) -> Taken | Problem | Nothing:
    """Return the result when it counts and its rule can be taken, else what it is instead."""
    result, run = one.result, one.run
    if result.baseline_state == _GONE or result.kind not in _SURE:
        is_doubtful = result.baseline_state != _GONE and result.kind in _UNSURE
        return Nothing.REVIEWABLE if is_doubtful else Nothing.FINE
    given = decoded_or(_RULE_ID, result.rule_id, ODD)
    rule = named(given or "", result, run.rules) if isinstance(given, str | None) else None
    identity = rule_id(rule.id) if rule else None
    if rule is None or identity is None:
        return one.problem(SkipReason.BAD_RULE)
    return Taken(one, ToolRule(tool=run.tool, rule_id=identity), rule)


def own_part(result: Result) -> OwnResult | None:
    """Return what our own export says of the result beyond the standard; ``None`` when somebody else wrote it."""
    return result.properties.integrates if result.properties else None


def observed(one: Taken, reading: Reading) -> Observation | Problem:
    """Return what the tool saw, or why its location cannot be taken."""
    each = one.listed
    resolved = resolved_location(each.result, each.run.uris)
    logical = first_logical(each.result, each.run.document)
    if resolved is None:
        named_so = named_location(name_of(logical) or "") if logical else None
        if named_so is None:
            return each.problem(SkipReason.NO_LOCATION)
        return _observation(one, reading, named_so, PhysicalLocation(), logical)
    place = reading.place_of(resolved.uri, each.run.uris.bases)
    location = location_of(resolved, each.run.document, place)
    if isinstance(location, SkipReason):
        return each.problem(location, "/".join((*resolved.uri.below, resolved.uri.text[:_URI])))
    return _observation(one, reading, location, resolved.physical, logical, resolved.location.message)


def _observation(  # pylint: disable=too-many-positional-arguments # the parts of a result, outermost first
    one: Taken,
    reading: Reading,
    location: Location,
    physical: PhysicalLocation,
    logical: LogicalLocation | None,
    said_there: Message | None = None,
) -> Observation:
    each, said = one.listed, one.listed.result.message
    shown, shown_there = _detail(one, said), _detail(one, said_there)
    found = fingerprints(each.result, location.where, each.run.constant)
    own = own_part(each.result)
    seen = Observation(
        ordinal=each.ordinal,
        pointer=each.pointer,
        rule=one.rule,
        category=each.run.category,
        root=_root(each.run, physical, own) if own and reading.with_roots else None,
        location=location,
        fingerprints=tuple(found.values()),
        fingerprint=kept_text(found, reading.variety[one.rule]),
        mark=mark_of(
            logical,
            (telling(said_there, shown_there), telling(said, shown)),
            physical.region or Region(),
            reading.digest_of,
        ),
        technique=reading.technique or TECHNIQUES[location.type],
        own_score=own_score(each.result, one.named.descriptor, reading.rules[one.rule].tool_score),
        suppression=_suppression([given for given in each.result.suppressions or () if given]),
        snippet=None if shows_secrets(each.run.own_tool) else _snippet(physical) or snippet_in(own),
        detail=None if shows_secrets(each.run.own_tool) else shown,
    )
    return completed(seen, own, reading.technique) if own else seen


def _root(run: ToolRun, physical: PhysicalLocation, own: OwnResult) -> str | None:
    """Return where the root is that our own export names in a result: the base of its path, or the root by its nickname."""
    base = physical.artifact_location.uri_base_id if physical.artifact_location else None
    root = (run.document.original_uri_base_ids or {}).get(base or own.root or "")
    return root.description.text if root and root.description else None


def _snippet(physical: PhysicalLocation) -> str | None:
    regions = (one for one in (physical.region, physical.context_region) if one)
    texts = (block(one.snippet.text, MAX_EXCERPT) for one in regions if one.snippet)
    return next((text for text in texts if text), None)


def _suppression(given: Sequence[GivenSuppression]) -> Suppression | None:
    """Return the first suppression, when there is one and all of them hold."""
    if not given or any(one.status not in {None, "accepted"} for one in given):
        return None
    return storable(Suppression(kind=given[0].kind or "", justification=given[0].justification))


def _detail(one: Taken, message: Message | None) -> str | None:
    descriptor, component = one.named.descriptor, one.named.component
    texts = (
        descriptor.message_strings if descriptor else None,
        component.global_message_strings if component else None,
        one.listed.run.document.tool.driver.global_message_strings,
    )
    return detail(message, texts)
