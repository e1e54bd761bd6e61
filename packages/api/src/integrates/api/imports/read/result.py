"""Results as readers of formats give them, and the scan that is made of them (domain sections 18 and 19)."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import cache, partial
from itertools import islice
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from integrates.api.imports.read.collect import Nothing, collected
from integrates.api.imports.read.limit import MAX_ADVISORIES, MAX_RESULTS, MAX_RULES, enforce
from integrates.api.imports.read.location import path_at, rooted_path_at, wish
from integrates.api.imports.read.name import rule_id
from integrates.api.imports.read.observation import (
    Artifact,
    Fingerprint,
    Location,
    Observation,
    Problem,
    Remark,
    RemarkReason,
    RuleSeen,
    Scan,
    Series,
    SkipReason,
)
from integrates.api.imports.read.rating import Candidate, Rate, Rating, rating
from integrates.api.imports.read.reader import TECHNIQUES, Options
from integrates.api.imports.read.text import block, headline, line
from integrates.api.imports.read.weakness import cwe_ids
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.imports.types import ClosingOutcome, ImportFormat
from integrates.db_model.vulnerabilities.location import MAX_EXCERPT, MAX_LINE
from integrates.db_model.vulnerabilities.types import Advisory, Suppression, Technique, VulnerabilityType

MAX_TEXT: Final = 20_000
MAX_PLACE: Final = 1_000
"""Most characters of an unusable location that are kept."""
NOT_GIVEN: Final = "Not given by the tool."
MAX_KIND: Final = 100
IN_SOURCE: Final = "inSource"
"""The kind of a suppression that stands in what was scanned."""
EXTERNAL: Final = "external"
"""The kind of a suppression that stands outside of the scanned source."""

Paths: TypeAlias = Callable[[str], str | None]
"""Returns the path below the root that a path of a tool names; ``None`` when it names none."""


class Result(Struct, frozen=True, kw_only=True):
    """One result of a file, as its reader understood it; texts are as the tool wrote them.

    ``at`` is its location, or why it has none that can be used, then ``uri`` is what the file has for one. ``word`` tells in
    the tool's own word or score how bad it is, ``vectors`` are in the order in which they count. ``of_rule`` has both for the
    rule, where the tool tells that apart.
    """

    pointer: str
    rule_id: str | None
    at: Location | SkipReason
    uri: str | None = None
    title: str | None = None
    description: str | None = None
    recommendation: str | None = None
    cwe: Sequence[str | int | None] = ()
    word: str | Decimal | None = None
    vectors: Sequence[Candidate] = ()
    of_rule: tuple[str | Decimal | None, Sequence[Candidate]] | None = None
    fingerprint: Fingerprint | None = None
    technique: Technique | None = None
    suppression: Suppression | None = None
    snippet: str | None = None
    detail: str | None = None
    commit: str | None = None
    advisory: Advisory | None = None


class Source(Struct, frozen=True, kw_only=True):
    """What a file says of itself: its format, the tool's name, and whether what it does not report is gone.

    ``spared`` are the files at which the tool failed; ``complete`` tells that it looked everywhere else.
    """

    format: ImportFormat
    tool: str
    category: str = ""
    complete: bool = True
    spared: frozenset[str] = frozenset()
    artifact: Artifact | None = None

    def series(self, options: Options) -> Series:
        """Return the one series of the file, by the names that the caller gives instead of those of the file."""
        failed = bool(self.spared) or not self.complete
        return Series(
            options.tool or self.tool,
            self.category if options.category is None else options.category,
            ClosingOutcome.NOT_SUCCESSFUL if failed else ClosingOutcome.DONE,
            self.spared if self.complete else frozenset(),
        )


def paths(options: Options) -> Paths:
    """Return how the paths of a file are read. Many results share one path."""
    return cache(partial(path_at, wished=wish(options.strip_prefix, options.add_prefix)))


def rooted_paths(options: Options) -> Paths:
    """Return how paths are read that a tool writes as if the root were the root of its disk."""
    return cache(partial(rooted_path_at, wished=wish(options.strip_prefix, options.add_prefix)))


def line_at(path: str | None, number: float | None) -> Location | SkipReason:
    """Return the location of a line of a file below the root; 0 stands for the whole file, and for what is no line."""
    if path is None:
        return SkipReason.BAD_PATH
    line = int(number) if number is not None and 1 <= number <= MAX_LINE else 0
    return Location(VulnerabilityType.LINES, path, str(line))


def line_in(file: str | None, find: Paths, number: float | None) -> Location | SkipReason:
    """Return the location of a line of a file that a tool names, if it names one."""
    return line_at(find(file), number) if file else SkipReason.NO_LOCATION


def spared(files: Iterable[str | None], find: Paths) -> frozenset[str] | None:
    """Return the paths below the root of files at which a tool failed; ``None`` when it may have been any.

    Raise ``TooLarge`` (``too_many_results``).
    """
    given = list(islice(files, MAX_RESULTS + 1))
    enforce("too_many_results", len(given), MAX_RESULTS)
    found = frozenset(find(one) if one else None for one in given)
    return frozenset(one for one in found if one) if None not in found else None


class Taken(Struct, frozen=True):
    """A result that counts, with its rule, its place, its rating and what it says of the rule's."""

    ordinal: int
    result: Result
    rule: ToolRule
    location: Location
    rating: Rating
    of_rule: Rating


def scan_of(source: Source, results: Iterable[Result | Nothing], options: Options) -> Scan:
    """Return what a file says, with its results in the order of the file. What a rule is, its first result says.

    Raise ``TooLarge`` (``too_many_results``, ``too_many_rules``, ``too_many_vectors``).
    """
    given = list(islice(results, MAX_RESULTS + 1))
    enforce("too_many_results", len(given), MAX_RESULTS)
    series, rate = source.series(options), rating()
    found = [_taken(ordinal, one, series, rate) for ordinal, one in enumerate(given)]
    taken = [one for one in found if isinstance(one, Taken)]
    _check_rules(taken)
    rules = {rule: _described(first) for rule, first in {one.rule: one for one in reversed(taken)}.items()}
    outcomes = [_observed(one, rules[one.rule], series, options) if isinstance(one, Taken) else one for one in found]
    remarks = tuple(_bad_vector(one) for one in taken if one.rating.refused or one.of_rule.refused)
    return replace(collected(source.format, outcomes, rules, (series,)), remarks=remarks, artifact=source.artifact)


def _taken(ordinal: int, one: Result | Nothing, series: Series, rate: Rate) -> Taken | Problem | Nothing:
    if isinstance(one, Nothing):
        return one
    identity = rule_id(one.rule_id)
    key = (series.tool, series.category)
    if identity is None:
        return Problem(ordinal, one.pointer, key, SkipReason.BAD_RULE)
    if isinstance(one.at, SkipReason):
        return Problem(ordinal, one.pointer, key, one.at, one.uri[:MAX_PLACE] if one.uri else None)
    own = rate(one.word, one.vectors)
    rule = ToolRule(tool=series.tool, rule_id=identity)
    return Taken(ordinal, one, rule, one.at, own, own if one.of_rule is None else rate(*one.of_rule))


def _check_rules(taken: Iterable[Taken]) -> None:
    rules = {(one.rule, one.location.type is VulnerabilityType.PACKAGES) for one in taken}
    enforce("too_many_rules", sum(not in_packages for _, in_packages in rules), MAX_RULES)
    enforce("too_many_rules", sum(in_packages for _, in_packages in rules), MAX_ADVISORIES)


def _described(one: Taken) -> RuleSeen:
    """Return what the file says of the rule of a result, the first one of that."""
    rule, result = one.rule, one.result
    spare = f"{rule.tool} {rule.rule_id}"
    titles = (headline(text, spare) for text in (result.title, rule.rule_id, f"Rule {rule.rule_id}"))
    title = next(text for text in titles if text)
    return RuleSeen(
        rule=rule,
        title=title,
        description=block(result.description, MAX_TEXT) or title,
        threat=f"Reported by {rule.tool}, rule {rule.rule_id}.",
        recommendation=block(result.recommendation, MAX_TEXT) or NOT_GIVEN,
        cwe_ids=cwe_ids(result.cwe),
        tool_score=one.of_rule.score,
        tool_vector=one.of_rule.vector,
    )


def _observed(one: Taken, rule: RuleSeen, series: Series, options: Options) -> Observation:
    result, is_its_own = one.result, one.rating.score != rule.tool_score
    return Observation(
        ordinal=one.ordinal,
        pointer=result.pointer,
        rule=one.rule,
        category=series.category,
        location=one.location,
        fingerprints=(result.fingerprint,) if result.fingerprint else (),
        fingerprint=result.fingerprint.text if result.fingerprint else None,
        technique=options.technique or result.technique or TECHNIQUES[one.location.type],
        own_score=one.rating.score if is_its_own else None,
        own_vector=one.rating.vector if is_its_own else None,
        advisory=result.advisory,
        commit=result.commit,
        suppression=storable(result.suppression) if result.suppression else None,
        snippet=block(result.snippet, MAX_EXCERPT) or None,
        detail=block(result.detail, MAX_EXCERPT) or None,
    )


def storable(given: Suppression) -> Suppression:
    """Return what a tool says of a suppression, as it can be stored."""
    why = block(given.justification, MAX_EXCERPT) or None
    return Suppression(kind=line(given.kind, MAX_KIND) or EXTERNAL, justification=why)


def _bad_vector(one: Taken) -> Remark:
    return Remark(one.ordinal, one.result.pointer, RemarkReason.BAD_VECTOR)
