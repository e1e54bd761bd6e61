"""The reader of `npm audit --json` (domain section 19, row *NPM_AUDIT*): of npm since version 7, of npm 6, and of pnpm."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Final, TypeAlias

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from integrates.api.imports.read.decode import TopLevel, top_members
from integrates.api.imports.read.error import BadFile, Defect, pointed
from integrates.api.imports.read.mend import NULL, parts_of
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.package import (
    Package,
    Vulnerable,
    names_of,
    package_result,
    specific_of,
)
from integrates.api.imports.read.rating import Candidate
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.result import Source, paths, scan_of
from integrates.api.imports.read.strict import each_of, made
from integrates.api.imports.read.text import line
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.vulnerabilities.advisory import MAX_PACKAGE, MAX_VERSION
from integrates.db_model.vulnerabilities.types import Fix, Relation

VERSION: Final = 2
MANIFEST: Final = "package-lock.json"
ECOSYSTEM: Final = "npm"
_MAX_TEXT: Final = 200
_TELLING: Final = frozenset({"code", "message", "summary"})
"""The members of an error of which each tells that it is one."""
_QUOTE: Final = ord('"')
_NEVER_FIXED: Final = "<0.0.0"
_RELATIONS: Final[Mapping[bool | None, Relation]] = {
    True: Relation.DIRECT,
    False: Relation.TRANSITIVE,
    None: Relation.UNKNOWN,
}

Classes: TypeAlias = str | tuple[str, ...] | None


class Failure(Struct, frozen=True):
    """Why there is no report."""

    code: str | None = None
    summary: str | None = None
    message: str | None = None


class Score(Struct, frozen=True, rename="camel", gc=False):
    """The score of an advisory."""

    vector_string: str | None = None


class Via(Struct, frozen=True):
    """An advisory, as version 2 has it."""

    name: str | None = None
    url: str | None = None
    title: str | None = None
    cwe: Classes = None
    severity: str | None = None
    cvss: Score | None = None


class Upgrade(Struct, frozen=True, gc=False):
    """The package whose upgrade repairs another one."""

    name: str | None = None
    version: str | None = None


class Entry(Struct, frozen=True, rename="camel"):
    """A package that is affected, by an advisory of its own or by what it depends on."""

    via: tuple[Raw, ...] | None = None
    fix_available: Upgrade | bool | None = None


class Directness(Struct, frozen=True, rename="camel", gc=False):
    """What an entry tells of the place of a package among the dependencies."""

    is_direct: bool | None = None


class Installed(Struct, frozen=True, gc=False):
    """A version that is installed."""

    version: str | None = None


class Advice(Struct, frozen=True):
    """An advisory, as npm 6 has it."""

    findings: tuple[Raw, ...] | None = None
    module_name: str | None = None
    url: str | None = None
    title: str | None = None
    cves: tuple[str, ...] | None = None
    github_advisory_id: str | None = None
    patched_versions: str | None = None
    cwe: Classes = None
    severity: str | None = None
    cvss: Score | None = None


class Report(Struct, frozen=True):
    """A whole file of either version."""

    version: int | None = msgspec.field(default=None, name="auditReportVersion")
    vulnerabilities: Mapping[str, Raw] | None = None
    advisories: Mapping[str, Raw] | None = None
    error: Failure | None = None
    message: str | None = None


def detects(top: TopLevel) -> bool:
    """Return whether the file is that of npm audit, be it only to say why there is no report."""
    members = top_members(top)
    is_failure = not (parts_of(members.get("error", NULL)) or {}).keys().isdisjoint(_TELLING)
    return {"auditReportVersion", "vulnerabilities"} <= members.keys() or "advisories" in members or is_failure


def read(content: bytes, options: Options) -> Scan:
    """Read a report of npm audit. Raise ``TooLarge`` and ``BadFile``."""
    report = made(Report, content)
    if report.error is not None:
        raise BadFile((Defect("/error", f"npm audit failed, {_told(report.error, report.message)}:"),))
    manifest = options.manifest or MANIFEST
    where = paths(options)(manifest)
    found = _advised(report.advisories) if report.advisories is not None else _affected(report)
    results = (package_result(replace(one, where=where, uri=manifest)) for one in found)
    return scan_of(Source(format=ImportFormat.NPM_AUDIT, tool="npm-audit"), results, options)


def _told(error: Failure, message: str | None) -> str:
    found = (line(error.code, _MAX_TEXT), line(error.summary or error.message, _MAX_TEXT))
    return ": ".join(filter(None, found)) or line(message, _MAX_TEXT) or "and does not say why"


def _affected(report: Report) -> Iterator[Vulnerable]:
    if report.version != VERSION:
        raise BadFile((Defect("/auditReportVersion", f"Expected {VERSION}:"),))
    entries = report.vulnerabilities or {}
    relation = cache(partial(_relation, entries))  # many advisories name one package
    for name, value in entries.items():
        pointer = pointed("/vulnerabilities", name)
        entry = made(Entry, value, pointer)
        for where, via in _objects(entry.via or (), f"{pointer}/via"):
            package = via.name or name
            yield _through(via, package, entry, relation(package), where)


def _relation(entries: Mapping[str, Raw], package: str) -> Relation:
    """Return how the audited project depends on a package, as the entry of that tells."""
    found = made(Directness, entries[package], pointed("/vulnerabilities", package)) if package in entries else Directness()
    return _RELATIONS[found.is_direct]


def _objects(values: Iterable[Raw], pointer: str) -> Iterator[tuple[str, Via]]:
    """Yield the advisories. Texts among them name the packages whose advisories are meant."""
    for index, value in enumerate(values):
        if memoryview(value)[0] != _QUOTE:
            where = pointed(pointer, index)
            yield where, made(Via, value, where)


def _through(via: Via, package: str, entry: Entry, relation: Relation, pointer: str) -> Vulnerable:
    fix = entry.fix_available
    upgrade = fix if isinstance(fix, Upgrade) else Upgrade()
    is_command_enough = fix is True
    return Vulnerable(
        pointer=pointer,
        names=names_of(_last_segment(via.url), ()),
        package=Package(name=package, ecosystem=ECOSYSTEM),
        where=None,
        title=via.title,
        recommendation=f"`npm audit fix` upgrades {line(package, MAX_PACKAGE)}." if is_command_enough else None,
        cwe=_classes(via.cwe),
        word=via.severity,
        vectors=_candidates(via.cvss),
        fixed=(specific_of(Package(name=upgrade.name or "", version=upgrade.version or "")),),
        fix=Fix.NONE if fix is False else Fix.AVAILABLE if fix else Fix.UNKNOWN,
        relation=relation,
    )


def _advised(advisories: Mapping[str, Raw]) -> Iterator[Vulnerable]:
    """Yield what npm 6 tells: an advisory for each installed version, one for all when it names none."""
    for key, value in advisories.items():
        pointer = pointed("/advisories", key)
        advice = made(Advice, value, pointer)
        package = Package(name=advice.module_name or "", ecosystem=ECOSYSTEM)
        described = _published(advice, package, pointer)  # once: it may be long, and the versions many
        if not advice.findings:
            yield described
        for where, found in each_of(Installed, advice.findings or (), f"{pointer}/findings"):
            yield replace(described, pointer=where, package=replace(package, version=found.version or ""))


def _published(advice: Advice, package: Package, pointer: str) -> Vulnerable:
    patched = line(advice.patched_versions, MAX_VERSION)
    is_never_fixed = patched.replace(" ", "") == _NEVER_FIXED
    return Vulnerable(
        pointer=pointer,
        names=names_of(_last_segment(advice.url), (advice.github_advisory_id, *(advice.cves or ()))),
        package=package,
        where=None,
        title=advice.title,
        cwe=_classes(advice.cwe),
        word=advice.severity,
        vectors=_candidates(advice.cvss),
        fixed=() if is_never_fixed else (patched,),
        fix=Fix.NONE if is_never_fixed else None,
    )


def _last_segment(url: str | None) -> str | None:
    path = (url or "").partition("://")[2].partition("/")[2]
    return path.rstrip("/").rpartition("/")[2] or None


def _classes(given: Classes) -> Sequence[str]:
    return (given,) if isinstance(given, str) else given or ()


def _candidates(score: Score | None) -> Sequence[Candidate]:
    return (Candidate(score.vector_string),) if score and score.vector_string else ()
