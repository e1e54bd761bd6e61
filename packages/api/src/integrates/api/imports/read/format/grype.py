"""The reader of Grype's JSON (domain section 19, row *GRYPE*): vulnerable packages."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

from msgspec import Raw, Struct, inspect

from integrates.api.imports.read.decode import TopLevel, top_members
from integrates.api.imports.read.mend import NULL, elements_of, parts_of, tolerant
from integrates.api.imports.read.observation import Artifact, Scan
from integrates.api.imports.read.package import OS_TYPES, Package, Vulnerable, names_of, package_result
from integrates.api.imports.read.rating import VERSIONS, Candidate, by_source
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.result import EXTERNAL, Paths, Result, Source, rooted_paths, scan_of
from integrates.api.imports.read.strict import each_of, made
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.vulnerabilities.advisory import OS
from integrates.db_model.vulnerabilities.types import Fix, Suppression

IMAGE: Final = "image"
"""Where a package is of which Grype tells no path."""
_PRIMARY: Final = "primary"
_FIRST_TYPE: Final = "Primary"
_FIXES: Final[Mapping[str, Fix]] = {"fixed": Fix.AVAILABLE, "not-fixed": Fix.NONE, "wont-fix": Fix.WONT_FIX}


class Cvss(Struct, frozen=True, gc=False):
    """A vector."""

    source: str | None = None
    type: str | None = None
    version: str | None = None
    vector: str | None = None


class Weakness(Struct, frozen=True, gc=False):
    """A class of weaknesses."""

    cwe: str | None = None


class Repair(Struct, frozen=True, gc=False):
    """In which versions a vulnerability is fixed."""

    state: str | None = None
    versions: tuple[str, ...] | None = None


class Record(Struct, frozen=True, gc=False):
    """What a database says of a vulnerability."""

    id: str | None = None
    severity: str | None = None
    description: str | None = None
    cvss: tuple[Cvss, ...] | None = None
    cwes: tuple[Weakness, ...] | None = None
    fix: Repair | None = None


class Annotations(Struct, frozen=True, gc=False):
    """Why a location was looked at."""

    evidence: str | None = None


class Where(Struct, frozen=True, gc=False):
    """A file by which the package was found."""

    path: str | None = None
    annotations: Annotations | None = None


class Component(Struct, frozen=True, gc=False):
    """A package."""

    name: str | None = None
    version: str | None = None
    type: str | None = None
    purl: str | None = None
    locations: tuple[Where, ...] | None = None


class Ignored(Struct, frozen=True, gc=False, rename="kebab"):
    """Why a match does not count."""

    reason: str | None = None
    vex_justification: str | None = None
    vex_status: str | None = None


class Match(Struct, frozen=True, gc=False, rename="camel"):
    """A vulnerable package."""

    vulnerability: Record | None = None
    related_vulnerabilities: tuple[Record, ...] | None = None
    artifact: Component | None = None
    applied_ignore_rules: tuple[Ignored, ...] | None = None


class Target(Struct, frozen=True, gc=False, rename="camel"):
    """The image that was scanned."""

    user_input: str | None = None
    repo_digests: tuple[str, ...] | None = None


_TARGET: Final = tolerant(inspect.type_info(Target))


class Scanned(Struct, frozen=True, gc=False):
    """What was scanned: an image, or a folder or file, of which the target is the path."""

    target: Raw = NULL


class Report(Struct, frozen=True, gc=False, rename="camel"):
    """A whole file."""

    matches: tuple[Raw, ...]
    ignored_matches: tuple[Raw, ...] | None = None
    source: Scanned | None = None


class Context(Struct, frozen=True):
    """What holds for the whole file: how its paths are read, and the path of what has none."""

    paths: Paths
    spare: str


def detects(top: TopLevel) -> bool:
    """Return whether the file is Grype's."""
    members = top_members(top)
    matches = elements_of(members.get("matches", NULL))
    return matches is not None and ("descriptor" in members or any("artifact" in (parts_of(one) or {}) for one in matches[:1]))


def read(content: bytes, options: Options) -> Scan:
    """Read a report of Grype. Raise ``TooLarge`` and ``BadFile``."""
    report = made(Report, content)
    source = Source(format=ImportFormat.GRYPE, tool="grype", artifact=_artifact(report))
    return scan_of(source, _results(report, Context(rooted_paths(options), options.manifest or IMAGE)), options)


def _artifact(report: Report) -> Artifact | None:
    target = _TARGET(report.source.target) if report.source else None
    if not isinstance(target, Target) or not target.user_input:
        return None
    return Artifact(target.user_input, next(iter(target.repo_digests or ()), None))


def _results(report: Report, context: Context) -> Iterator[Result]:
    for pointer, match in each_of(Match, report.matches, "/matches"):
        yield _result(match, pointer, context, None)
    for pointer, match in each_of(Match, report.ignored_matches or (), "/ignoredMatches"):
        yield _result(match, pointer, context, Suppression(kind=EXTERNAL, justification=_reason(match)))


def _reason(match: Match) -> str | None:
    reasons = (one.reason or one.vex_justification or one.vex_status for one in match.applied_ignore_rules or ())
    return next((one for one in reasons if one), None)


def _result(match: Match, pointer: str, context: Context, suppression: Suppression | None) -> Result:
    record, component = match.vulnerability or Record(), match.artifact or Component()
    records = (record, *(match.related_vulnerabilities or ()))
    repair, kind = record.fix or Repair(), (component.type or "").lower()
    path = _path(component) or context.spare
    return package_result(
        Vulnerable(
            pointer=pointer,
            names=names_of(record.id, (one.id for one in records[1:])),
            package=Package(
                name=component.name or "", version=component.version or "", ecosystem=component.type or "", purl=component.purl
            ),
            where=OS if kind in OS_TYPES else context.paths(path),
            uri=path,
            description=next((one.description for one in records if one.description), None),
            cwe=[one.cwe for one in record.cwes or ()],
            word=record.severity,
            vectors=tuple(chain.from_iterable(map(_candidates, records))),
            fixed=(repair.versions or ()) if repair.state == "fixed" else (),
            fix=_FIXES.get(repair.state or ""),
            suppression=suppression,
        )
    )


def _path(component: Component) -> str | None:
    """Return the path that a package was found by: of what proves it, else the first one."""
    given = [one for one in component.locations or () if one.path]
    proofs = (one.path for one in given if one.annotations and one.annotations.evidence == _PRIMARY)
    return next(chain(proofs, (one.path for one in given)), None)


def _candidates(record: Record) -> tuple[Candidate, ...]:
    """Return the vectors of one database, those of whom it concerns first."""
    given = [one for one in record.cvss or () if one.vector]
    ordered = (*(one for one in given if one.type == _FIRST_TYPE), *(one for one in given if one.type != _FIRST_TYPE))
    return by_source(
        ((one.type == _FIRST_TYPE, one.source), Candidate(one.vector, VERSIONS.get(one.version or ""))) for one in ordered
    )
