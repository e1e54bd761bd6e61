"""The reader of OWASP Dependency-Check's JSON (domain section 19, row *DEPENDENCY_CHECK*): vulnerable packages."""

from collections.abc import Iterator
from typing import Final

from msgspec import Raw, Struct

from integrates.api.imports.read.decode import TopLevel, top_members
from integrates.api.imports.read.error import pointed
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.package import Package, Placed, Vulnerable, names_of, package_of, package_result
from integrates.api.imports.read.rating import VERSIONS, Candidate, rounded_score
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.result import EXTERNAL, Paths, Result, Source, rooted_paths, scan_of
from integrates.api.imports.read.strict import each_of, made
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.severities.types import CvssVersion
from integrates.db_model.vulnerabilities.types import Suppression

MAX_IDENTIFIERS: Final = 10
"""Most identifiers of one dependency that are looked at."""
_IN_FILE: Final = "?"
"""What parts the path of a lock file from the name of a package in it."""


class Cvss(Struct, frozen=True, gc=False, rename="camel"):
    """A vector, or only its score."""

    vector_string: str | None = None
    base_score: float | None = None
    version: str | None = None


class Found(Struct, frozen=True, gc=False):
    """A vulnerability."""

    name: str | None = None
    severity: str | None = None
    description: str | None = None
    notes: str | None = None
    cwes: tuple[str, ...] | None = None
    cvssv4: Cvss | None = None
    cvssv3: Cvss | None = None


class Identifier(Struct, frozen=True, gc=False):
    """What identifies a dependency, often a package url."""

    id: str | None = None


class Dependency(Struct, frozen=True, gc=False, rename="camel"):
    """A file that others made, or a package that is named in one."""

    is_virtual: bool | None = None
    file_name: str | None = None
    file_path: str | None = None
    packages: tuple[Identifier, ...] | None = None
    vulnerabilities: tuple[Raw, ...] | None = None
    suppressed_vulnerabilities: tuple[Raw, ...] | None = None


class Run(Struct, frozen=True, gc=False, rename="camel"):
    """How the scan went."""

    analysis_exceptions: tuple[Raw, ...] | None = None


class Report(Struct, frozen=True, gc=False, rename="camel"):
    """A whole file."""

    report_schema: str
    dependencies: tuple[Dependency, ...]
    scan_info: Run | None = None


def detects(top: TopLevel) -> bool:
    """Return whether the file is Dependency-Check's."""
    return {"reportSchema", "dependencies"} <= top_members(top).keys()


def read(content: bytes, options: Options) -> Scan:
    """Read a report of Dependency-Check. Raise ``TooLarge`` and ``BadFile``."""
    report = made(Report, content)
    is_complete = not (report.scan_info and report.scan_info.analysis_exceptions)
    source = Source(format=ImportFormat.DEPENDENCY_CHECK, tool="dependency-check", complete=is_complete)
    return scan_of(source, _results(report, rooted_paths(options), options), options)


def _results(report: Report, paths: Paths, options: Options) -> Iterator[Result]:
    for index, one in enumerate(report.dependencies):
        if one.vulnerabilities or one.suppressed_vulnerabilities:
            yield from _of_dependency(one, _place(one, paths, options), f"/dependencies/{index}")


def _place(one: Dependency, paths: Paths, options: Options) -> Placed:
    found = (package_of(each.id) for each in (one.packages or ())[:MAX_IDENTIFIERS])
    package = next((each for each in found if each), None)
    given = one.file_path or options.manifest or ""
    path = given.partition(_IN_FILE)[0] if one.is_virtual else given
    return Placed(package or Package(name=one.file_name or ""), path, paths(path))


def _of_dependency(one: Dependency, place: Placed, pointer: str) -> Iterator[Result]:
    for where, found in each_of(Found, one.vulnerabilities or (), pointed(pointer, "vulnerabilities")):
        yield _result(found, place, where, None)
    for where, found in each_of(Found, one.suppressed_vulnerabilities or (), pointed(pointer, "suppressedVulnerabilities")):
        yield _result(found, place, where, Suppression(kind=EXTERNAL, justification=found.notes))


def _result(found: Found, place: Placed, pointer: str, suppression: Suppression | None) -> Result:
    return package_result(
        Vulnerable(
            pointer=pointer,
            names=names_of(found.name, ()),
            package=place.package,
            where=place.where,
            uri=place.path,
            description=found.description,
            cwe=found.cwes or (),
            word=found.severity,
            vectors=tuple(_candidates(found)),
            suppression=suppression,
        )
    )


def _candidates(found: Found) -> Iterator[Candidate]:
    for one, version in ((found.cvssv4, CvssVersion.V4), (found.cvssv3, CvssVersion.V3_1)):
        if one and one.vector_string:
            yield Candidate(one.vector_string, VERSIONS.get(one.version or "", version))
        elif one and (score := rounded_score(one.base_score)) is not None:
            yield Candidate(score=score)
