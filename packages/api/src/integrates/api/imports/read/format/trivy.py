"""The reader of Trivy's JSON (domain section 19, row *TRIVY*): vulnerable packages, misconfigurations and secrets."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

import msgspec
from msgspec import Raw, Struct

from integrates.api.imports.read.decode import TopLevel, first_of, top_level, top_members
from integrates.api.imports.read.error import BadFile, Defect, pointed
from integrates.api.imports.read.identity import fingerprint, line_fingerprint
from integrates.api.imports.read.mask import Mask, elements, hidden, members
from integrates.api.imports.read.mend import NULL
from integrates.api.imports.read.observation import Artifact, Fingerprint, Scan
from integrates.api.imports.read.package import Package, Vulnerable, names_of, package_result
from integrates.api.imports.read.rating import Candidate
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.result import EXTERNAL, Paths, Result, Source, line_at, rooted_paths, scan_of
from integrates.api.imports.read.strict import each_of, made
from integrates.api.imports.read.weakness import HARD_CODED
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.severities.types import CvssVersion
from integrates.db_model.vulnerabilities.advisory import OS
from integrates.db_model.vulnerabilities.types import Fix, Relation, Suppression, Use

VERSION: Final = 2
_IMAGE: Final = "container_image"
_FIRST_SOURCES: Final = ("nvd", "ghsa", "redhat")
_FAILED: Final = "FAIL"
_FIXES: Final[Mapping[str, Fix]] = {
    "affected": Fix.NONE,
    "end_of_life": Fix.NONE,
    "fix_deferred": Fix.NONE,
    "fixed": Fix.AVAILABLE,
    "will_not_fix": Fix.WONT_FIX,
}
_RELATIONS: Final[Mapping[str, Relation]] = {
    "direct": Relation.DIRECT,
    "indirect": Relation.TRANSITIVE,
    "root": Relation.DIRECT,
    "workspace": Relation.DIRECT,
}


class Vectors(Struct, frozen=True, gc=False):
    """The vectors of one source."""

    v4: str | None = msgspec.field(default=None, name="V40Vector")
    v3: str | None = msgspec.field(default=None, name="V3Vector")
    v2: str | None = msgspec.field(default=None, name="V2Vector")


class Identifier(Struct, frozen=True, gc=False):
    """How a package is identified."""

    purl: str | None = msgspec.field(default=None, name="PURL")


class Found(Struct, frozen=True, rename="pascal", gc=False):
    """A vulnerable package."""

    vulnerability_id: str | None = msgspec.field(default=None, name="VulnerabilityID")
    pkg_name: str | None = None
    pkg_id: str | None = msgspec.field(default=None, name="PkgID")
    vendor_ids: tuple[str, ...] | None = msgspec.field(default=None, name="VendorIDs")
    pkg_path: str | None = None
    installed_version: str | None = None
    fixed_version: str | None = None
    pkg_identifier: Identifier | None = None
    status: str | None = None
    title: str | None = None
    description: str | None = None
    severity: str | None = None
    severity_source: str | None = None
    cwe_ids: tuple[str, ...] | None = msgspec.field(default=None, name="CweIDs")
    cvss: Mapping[str, Vectors] | None = msgspec.field(default=None, name="CVSS")


class Line(Struct, frozen=True, rename="pascal", gc=False):
    """A line of the configuration."""

    number: int | None = None
    content: str | None = None


class Code(Struct, frozen=True, rename="pascal", gc=False):
    """The lines around a cause."""

    lines: tuple[Line, ...] | None = None


class Cause(Struct, frozen=True, rename="pascal", gc=False):
    """Where a misconfiguration is."""

    resource: str | None = None
    start_line: int | None = None
    code: Code | None = None


class Misconfiguration(Struct, frozen=True, rename="pascal", gc=False):
    """What was checked of a configuration."""

    id: str | None = msgspec.field(default=None, name="ID")
    status: str | None = None
    title: str | None = None
    description: str | None = None
    message: str | None = None
    resolution: str | None = None
    severity: str | None = None
    cause_metadata: Cause | None = None


class Secret(Struct, frozen=True, rename="pascal", gc=False):
    """A secret. What it is, is not read."""

    rule_id: str | None = msgspec.field(default=None, name="RuleID")
    title: str | None = None
    severity: str | None = None
    start_line: int | None = None


class Known(Struct, frozen=True, rename="pascal", gc=False):
    """A package that Trivy found, vulnerable or not."""

    id: str | None = msgspec.field(default=None, name="ID")
    relationship: str | None = None
    is_indirect: bool | None = msgspec.field(default=None, name="Indirect")
    dev: bool | None = None


class Modified(Struct, frozen=True, rename="pascal", gc=False):
    """What a person's file says does not count."""

    type: str | None = None
    source: str | None = None
    statement: str | None = None
    status: str | None = None
    finding: Raw = NULL


class Target(Struct, frozen=True, rename="pascal", gc=False):
    """What was looked at: a manifest, the packages of a distribution, or a file."""

    target: str | None = None
    kind: str | None = msgspec.field(default=None, name="Class")
    type: str | None = None
    packages: tuple[Known, ...] | None = None
    vulnerabilities: tuple[Raw, ...] | None = None
    misconfigurations: tuple[Raw, ...] | None = None
    secrets: tuple[Raw, ...] | None = None
    modified: tuple[Modified, ...] | None = msgspec.field(default=None, name="ExperimentalModifiedFindings")


class Metadata(Struct, frozen=True, rename="pascal", gc=False):
    """What was scanned."""

    reference: str | None = None
    repo_digests: tuple[str, ...] | None = None


class Report(Struct, frozen=True, rename="pascal", gc=False):
    """A whole file."""

    schema_version: int
    artifact_name: str
    artifact_type: str | None = None
    metadata: Metadata | None = None
    results: tuple[Target, ...] | None = None


class Place(Struct, frozen=True):
    """What was looked at, and how its paths and packages are to be read."""

    target: Target
    paths: Paths
    packages: Mapping[str, Known]


def detects(top: TopLevel) -> bool:
    """Return whether the file is Trivy's, of a kind that is read or not."""
    is_report = {"SchemaVersion", "ArtifactName"} <= top_members(top).keys()
    return is_report or _is_of_cluster(top) or _is_of_version_1(top)


def _is_of_cluster(top: TopLevel) -> bool:
    return "ClusterName" in top_members(top)


def _is_of_version_1(top: TopLevel) -> bool:
    first = first_of(top)
    return "Target" in first and not first.keys().isdisjoint({"Type", "Vulnerabilities"})


def read(content: bytes, options: Options) -> Scan:
    """Read a report of Trivy. Raise ``TooLarge`` and ``BadFile``."""
    top = top_level(content)
    if _is_of_cluster(top):
        raise BadFile((Defect("", "Reports of clusters are not read: scan what runs in them, image by image."),))
    if _is_of_version_1(top):
        raise BadFile((Defect("", f"Expected a report of version {VERSION}, got the list that Trivy wrote before 0.20."),))
    report = made(Report, content)
    if report.schema_version != VERSION:
        raise BadFile((Defect("/SchemaVersion", f"Expected {VERSION}:"),))
    found = rooted_paths(options)
    targets = ((index, target) for index, target in enumerate(report.results or ()) if _has_results(target))
    results = chain.from_iterable(
        _results(Place(target, found, _packages(target)), f"/Results/{index}") for index, target in targets
    )
    return scan_of(Source(format=ImportFormat.TRIVY, tool="trivy", artifact=_artifact(report)), results, options)


def _artifact(report: Report) -> Artifact | None:
    if report.artifact_type not in {None, _IMAGE}:
        return None
    metadata = report.metadata or Metadata()
    reference = metadata.reference or report.artifact_name
    return Artifact(reference, next(iter(metadata.repo_digests or ()), None)) if reference else None


def _has_results(target: Target) -> bool:
    """Return whether anything was found: most targets of a large product have nothing."""
    return bool(target.vulnerabilities or target.misconfigurations or target.secrets or target.modified)


def _packages(target: Target) -> Mapping[str, Known]:
    return {one.id: one for one in target.packages or () if one.id}


def _results(place: Place, pointer: str) -> Iterator[Result]:
    target = place.target
    for where, found in each_of(Found, target.vulnerabilities or (), pointed(pointer, "Vulnerabilities")):
        yield _vulnerable(found, place, where, None)
    for where, checked in each_of(Misconfiguration, target.misconfigurations or (), pointed(pointer, "Misconfigurations")):
        if checked.status in {None, _FAILED}:
            yield _misconfigured(checked, place, where, None)
    for where, secret in each_of(Secret, target.secrets or (), pointed(pointer, "Secrets")):
        yield _leaked(secret, place, where, None)
    for index, one in enumerate(target.modified or ()):
        yield from _suppressed(one, place, f"{pointer}/ExperimentalModifiedFindings/{index}/Finding")


def _suppressed(one: Modified, place: Place, pointer: str) -> Iterator[Result]:
    why = Suppression(kind=EXTERNAL, justification=one.statement or one.status)
    match one.type if memoryview(one.finding) != memoryview(NULL) else None:
        case "vulnerability":
            yield _vulnerable(made(Found, one.finding, pointer), place, pointer, why)
        case "misconfiguration":
            yield _misconfigured(made(Misconfiguration, one.finding, pointer), place, pointer, why)
        case "secret":
            yield _leaked(made(Secret, one.finding, pointer), place, pointer, why)
        case _:
            return


def _vulnerable(found: Found, place: Place, pointer: str, suppression: Suppression | None) -> Result:
    known = place.packages.get(found.pkg_id or "", Known())
    path = found.pkg_path or place.target.target or ""
    return package_result(
        Vulnerable(
            pointer=pointer,
            names=names_of(found.vulnerability_id, found.vendor_ids or ()),
            package=Package(
                name=found.pkg_name or "",
                version=found.installed_version or "",
                ecosystem=place.target.type or "",
                purl=found.pkg_identifier.purl if found.pkg_identifier else None,
            ),
            where=OS if place.target.kind == "os-pkgs" else place.paths(path),
            uri=path,
            title=found.title,
            description=found.description,
            cwe=found.cwe_ids or (),
            word=found.severity,
            vectors=tuple(_candidates(found)),
            fixed=(found.fixed_version,),
            fix=_FIXES.get(found.status or ""),
            relation=_RELATIONS.get(known.relationship or "", Relation.TRANSITIVE if known.is_indirect else Relation.UNKNOWN),
            use={True: Use.DEVELOPMENT, False: Use.PRODUCTION, None: Use.UNKNOWN}[known.dev],
            suppression=suppression,
        )
    )


def _candidates(found: Found) -> Iterator[Candidate]:
    cvss = found.cvss or {}
    sources = dict.fromkeys((found.severity_source or "", *_FIRST_SOURCES, *sorted(cvss)))
    for source in sources:
        vectors = cvss.get(source, Vectors())
        given = ((vectors.v4, CvssVersion.V4), (vectors.v3, CvssVersion.V3_1), (vectors.v2, CvssVersion.V2))
        yield from (Candidate(vector, version) for vector, version in given if vector)


def _misconfigured(found: Misconfiguration, place: Place, pointer: str, suppression: Suppression | None) -> Result:
    cause = found.cause_metadata or Cause()
    path = place.paths(place.target.target or "")
    return Result(
        pointer=pointer,
        rule_id=(found.id or "").removeprefix("AVD-"),
        at=line_at(path, cause.start_line),
        uri=place.target.target,
        title=found.title,
        description=found.description,
        recommendation=found.resolution,
        word=found.severity,
        fingerprint=_fingerprint(path, cause) if path else None,
        suppression=suppression,
        snippet="\n".join(one.content or "" for one in _lines(cause)),
        detail=found.message,
    )


def _lines(cause: Cause) -> Sequence[Line]:
    return (cause.code.lines if cause.code else None) or ()


def _fingerprint(path: str, cause: Cause) -> Fingerprint | None:
    if cause.resource:
        return fingerprint("resource", f"{path}:resource={cause.resource}")
    return line_fingerprint(path, next((one.content for one in _lines(cause) if one.number == cause.start_line), None))


def _leaked(found: Secret, place: Place, pointer: str, suppression: Suppression | None) -> Result:
    return Result(
        pointer=pointer,
        rule_id=found.rule_id,
        at=line_at(place.paths(place.target.target or ""), found.start_line),
        uri=place.target.target,
        title=found.title,
        cwe=(HARD_CODED,),
        word=found.severity,
        suppression=suppression,
    )


_LINE: Final[Mask] = members({"Content": hidden, "Highlighted": hidden})
_SECRET: Final[Mask] = members({"Match": hidden, "Code": members({"Lines": elements(_LINE)})})
"""What shows a secret. Of all findings that are suppressed, only secrets have these members."""
_TARGET: Final[Mask] = members(
    {"Secrets": elements(_SECRET), "ExperimentalModifiedFindings": elements(members({"Finding": _SECRET}))}
)
masked: Final[Mask] = members({"Results": elements(_TARGET)})
"""Hides the secrets of a report, and the lines around them, which Trivy shows."""
