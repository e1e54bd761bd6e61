"""What both generic formats say (domain section 19, table *Generic*), and the one way from that to results.

They are the formats of Integrates itself, so they are strict: what is unknown or cannot be meant is a defect.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, assert_never

from msgspec import Raw, Struct
from msgspec.structs import replace

from integrates.api.imports.read.error import BadFile, Defect, pointed
from integrates.api.imports.read.identity import fingerprint
from integrates.api.imports.read.location import page_at
from integrates.api.imports.read.observation import Location, SkipReason
from integrates.api.imports.read.package import Package, Vulnerable, names_of, package_result, specific_of
from integrates.api.imports.read.rating import Candidate, rounded_score, score_of
from integrates.api.imports.read.result import EXTERNAL, MAX_TEXT, Paths, Result, line_at
from integrates.api.imports.read.text import line
from integrates.db_model.errors import Rejected
from integrates.db_model.values.check import Check
from integrates.db_model.values.text import MAX_NAME, category, tool_name
from integrates.db_model.values.url import address
from integrates.db_model.vulnerabilities import location as rules
from integrates.db_model.vulnerabilities.advisory import OS, named_package
from integrates.db_model.vulnerabilities.types import Suppression, Technique, VulnerabilityType

_UNKNOWN: Final = "unknown"
_NUMBER: Final = re.compile(r"[0-9]{1,2}(\.[0-9]{1,9})?")
_SUPPRESSED: Final = Suppression(kind=EXTERNAL)


class Published(Struct, frozen=True, forbid_unknown_fields=True):
    """The advisory of a package."""

    id: str | None = None
    aliases: tuple[str, ...] | None = None
    package: str | None = None
    version: str | None = None
    fixed_version: str | None = None
    purl: str | None = None


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """A weakness, and where it is."""

    rule_id: str
    title: str
    description: str | None = None
    recommendation: str | None = None
    cwe_ids: tuple[str, ...] | None = None
    severity: str | int | float | None = None
    cvss_vector: str | None = None
    vulnerabilities: tuple[Raw, ...] | None = None


class Seen(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the weakness of a rule is."""

    type: VulnerabilityType
    where: str
    specific: str | int
    technique: Technique | None = None
    fingerprint: str | None = None
    severity: str | int | float | None = None
    cvss_vector: str | None = None
    advisory: Published | None = None
    snippet: str | None = None
    detail: str | None = None
    suppressed: bool | None = None


def result_of(rule: Rule, seen: Seen, paths: Paths, pointers: tuple[str, str]) -> Result:
    """Return the result that a rule was seen somewhere; ``pointers`` tell where both stand. Raise ``BadFile``."""
    above, pointer = pointers
    for member, text in (("rule_id", rule.rule_id), ("title", rule.title)):
        if not text[:MAX_TEXT].strip():
            raise _bad(above, member, "Expected a text that is not blank")
    make = _in_package if seen.type is VulnerabilityType.PACKAGES else _elsewhere
    found = make(rule, seen, paths, pointer)
    of_rule = (_severity(rule.severity, above), _candidates(rule.cvss_vector))
    own = (_severity(seen.severity, pointer), _candidates(seen.cvss_vector))
    given = seen.fingerprint or ""
    word, vectors = own if any(one is not None for one in own) else of_rule
    return replace(
        found,
        uri=seen.where,
        cwe=rule.cwe_ids or (),
        word=word,
        vectors=vectors or (),
        of_rule=(of_rule[0], of_rule[1] or ()) if any(one is not None for one in of_rule) else None,
        technique=seen.technique,
        fingerprint=fingerprint("given", given) if line(given, 1) else found.fingerprint,
        suppression=_SUPPRESSED if seen.suppressed else None,
        snippet=seen.snippet,
        detail=seen.detail,
    )


def tool_of(given: str) -> str:
    """Return the name of a tool, in lower case as in other formats. Raise ``BadFile``."""
    try:
        return tool_name(tool_name(given, ()).lower(), ())
    except Rejected:
        raise _bad("", "tool", f"Expected a name of at most {MAX_NAME} characters on one line") from None


def category_of(given: str | None) -> str:
    """Return a category with a ``/`` at its end, as in other formats. Raise ``BadFile``."""
    try:
        text = category((given or "").rstrip("/"), ())
        return category(f"{text}/", ()) if text else ""
    except Rejected:
        raise _bad("", "category", f"Expected at most {MAX_NAME} characters on one line") from None


def _candidates(vector: str | None) -> Sequence[Candidate] | None:
    return (Candidate(vector),) if vector else None


def _severity(given: str | float | None, pointer: str) -> str | Decimal | None:
    """Return a word that is known, or a score, which may be written as a text. Raise ``BadFile`` for anything else."""
    if given is None or given == "":
        return None
    text = given if isinstance(given, str) else ""
    if score_of(text) is not None or text.lower() == _UNKNOWN:
        return text
    score = rounded_score(float(text) if _NUMBER.fullmatch(text) else given)
    if score is None:
        raise _bad(pointer, "severity", "Expected a word, such as `high`, or a number from 0.0 to 10.0")
    return score


def _elsewhere(rule: Rule, seen: Seen, paths: Paths, pointer: str) -> Result:
    if seen.advisory is not None:
        raise _bad(pointer, "advisory", "Only what is of the type PACKAGES has an advisory")
    return Result(
        pointer=pointer,
        rule_id=rule.rule_id,
        at=_location(seen, paths, pointer),
        title=rule.title,
        description=rule.description,
        recommendation=rule.recommendation,
    )


def _location(seen: Seen, paths: Paths, pointer: str) -> Location | SkipReason:
    specific = _specific(seen, pointer)
    match seen.type:
        case VulnerabilityType.LINES:
            return line_at(paths(seen.where), int(specific))
        case VulnerabilityType.INPUTS:
            page = page_at(seen.where)
            return SkipReason.BAD_PATH if page is None else Location(seen.type, page.where, specific)
        case VulnerabilityType.PORTS:
            host = _host(seen.where)
            return SkipReason.BAD_PATH if host is None else Location(seen.type, host, specific)
        case VulnerabilityType.PACKAGES:
            return SkipReason.NO_LOCATION
    assert_never(seen.type)


_SPECIFIC: Final[Mapping[VulnerabilityType, tuple[Check, str]]] = {
    VulnerabilityType.INPUTS: (rules.field_name, "Expected the name of a field"),
    VulnerabilityType.LINES: (rules.line, "Expected the number of a line, 0 for the whole file"),
    VulnerabilityType.PACKAGES: (named_package, "Expected a package, `name@version` or `name`"),
    VulnerabilityType.PORTS: (rules.port, "Expected the number of a port"),
}


def _specific(seen: Seen, pointer: str) -> str:
    check, expected = _SPECIFIC[seen.type]
    try:
        return check(str(seen.specific), ())
    except Rejected:
        raise _bad(pointer, "specific", expected) from None


def _host(text: str) -> str | None:
    try:
        return address(text, ())
    except Rejected:
        return None


def _in_package(rule: Rule, seen: Seen, paths: Paths, pointer: str) -> Result:
    told = seen.advisory or Published()
    names = names_of(told.id or rule.rule_id, told.aliases or ())
    return package_result(
        Vulnerable(
            pointer=pointer,
            names=names,
            package=_package(told, _specific(seen, pointer), pointer),
            where=OS if seen.where == OS else paths(seen.where),
            title=rule.title.removeprefix(f"{names.id}: ") if names else None,
            description=rule.description,
            recommendation=rule.recommendation,
            fixed=(told.fixed_version,),
        )
    )


def _package(told: Published, specific: str, pointer: str) -> Package:
    """Return the package at a place: its name as the advisory has it, else what stands before the last ``@``."""
    before, sign, behind = specific.rpartition("@")
    name, version = (before, behind) if before and sign else (specific, "")
    if told.package is not None:
        name = told.package
        version = specific.removeprefix(f"{name}@") if specific.startswith(f"{name}@") else ""
    found = Package(name=name, version=version if told.version is None else told.version, purl=told.purl)
    if specific_of(found) != specific:
        raise _bad(pointer, "specific", "Expected `name@version` of the package of the advisory, or its `name`")
    return found


def _bad(pointer: str, member: str, expected: str) -> BadFile:
    return BadFile((Defect(pointed(pointer, member), f"{expected}:"),))
