"""The reader of OSV-Scanner's JSON (domain section 19, row *OSV*): vulnerable packages."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import chain, islice
from typing import Final, TypeAlias

import msgspec
from msgspec import Raw, Struct, inspect
from packageurl import PackageURL

from integrates.api.imports.read.decode import TopLevel, top_members
from integrates.api.imports.read.error import pointed
from integrates.api.imports.read.limit import MAX_RESULTS
from integrates.api.imports.read.mend import NULL, elements_of, parts_of, tolerant
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.package import MAVEN, Package, Vulnerable, names_of, package_result
from integrates.api.imports.read.rating import Candidate, by_source
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.result import EXTERNAL, Paths, Result, Source, rooted_paths, scan_of
from integrates.api.imports.read.strict import each_of, made
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.severities.types import CvssVersion
from integrates.db_model.vulnerabilities.advisory import MAX_PACKAGE
from integrates.db_model.vulnerabilities.types import Suppression, Use

MAX_IDS: Final = 100
"""Most vulnerabilities of one group that are looked at."""
MAX_FIXED: Final = 50
"""Most fixed versions of one vulnerability, and of one group, that are looked at."""
_VERSIONS: Final[Mapping[str, CvssVersion]] = {
    "CVSS_V2": CvssVersion.V2,
    "CVSS_V3": CvssVersion.V3_1,
    "CVSS_V4": CvssVersion.V4,
}
_DEVELOPMENT: Final = frozenset({"dev", "test"})
_COMMITS: Final = "GIT"
"""The type of ranges whose events are commits."""
_TYPES: Final[Mapping[str, str]] = {
    "AlmaLinux": "rpm/almalinux",
    "Alpaquita": "apk/alpaquita",
    "Alpine": "apk/alpine",
    "Bitnami": "bitnami",
    "CRAN": "cran",
    "Chainguard": "apk/chainguard",
    "ConanCenter": "conan",
    "Debian": "deb/debian",
    "GHC": "hackage",
    "GitHub Actions": "github",
    "Go": "golang",
    "Hackage": "hackage",
    "Hex": "hex",
    "Julia": "julia",
    "Mageia": "rpm/mageia",
    "Maven": MAVEN,
    "MinimOS": "apk/minimos",
    "NuGet": "nuget",
    "Packagist": "composer",
    "Pub": "pub",
    "PyPI": "pypi",
    "Red Hat": "rpm/redhat",
    "Rocky Linux": "rpm/rocky-linux",
    "RubyGems": "gem",
    "SUSE": "rpm/suse",
    "SwiftURL": "swift",
    "Ubuntu": "deb/ubuntu",
    "Wolfi": "apk/wolfi",
    "crates.io": "cargo",
    "npm": "npm",
    "openEuler": "rpm/openeuler",
    "openSUSE": "rpm/opensuse",
}
"""The type of the package url of each ecosystem, with the distribution that is its namespace."""


class Named(Struct, frozen=True, gc=False):
    """A package."""

    name: str | None = None
    version: str | None = None
    commit: str | None = None
    ecosystem: str | None = None


class Event(Struct, frozen=True, gc=False):
    """A version in which something changed."""

    fixed: str | None = None


class Range(Struct, frozen=True, gc=False):
    """Versions that are vulnerable."""

    type: str | None = None
    events: tuple[Event, ...] | None = None


class Affected(Struct, frozen=True, gc=False):
    """A package that is vulnerable."""

    package: Named | None = None
    ranges: tuple[Range, ...] | None = None


class Severity(Struct, frozen=True, gc=False):
    """A vector, or what else a database says."""

    type: str | None = None
    score: str | None = None


class Specific(Struct, frozen=True, gc=False):
    """What only some databases say."""

    severity: str | None = None
    cwe_ids: tuple[str, ...] | None = None


_SPECIFIC: Final = tolerant(inspect.type_info(Specific))


class Vulnerability(Struct, frozen=True, gc=False):
    """A vulnerability as its database describes it."""

    id: str | None = None
    summary: str | None = None
    details: str | None = None
    severity: tuple[Severity, ...] | None = None
    affected: tuple[Affected, ...] | None = None
    database_specific: Raw = NULL


class Analysis(Struct, frozen=True, gc=False):
    """Whether the vulnerable code is called."""

    called: bool | None = None
    unimportant: bool | None = None


class Group(Struct, frozen=True, gc=False):
    """Vulnerabilities that are one. Its last member has two names, of older and of newer versions."""

    ids: tuple[str, ...] | None = None
    aliases: tuple[str, ...] | None = None
    experimental_analysis: Mapping[str, Analysis] | None = None
    newer_analysis: Mapping[str, Analysis] | None = msgspec.field(default=None, name="experimentalAnalysis")


class Listed(Struct, frozen=True, gc=False):
    """A package with its vulnerabilities."""

    package: Named | None = None
    vulnerabilities: tuple[Vulnerability, ...] | None = None
    groups: tuple[Raw, ...] | None = None
    dependency_groups: tuple[str, ...] | None = None


class Origin(Struct, frozen=True, gc=False):
    """The file that names the packages."""

    path: str | None = None


class Looked(Struct, frozen=True, gc=False):
    """A file that was looked at."""

    packages: tuple[Listed, ...]
    source: Origin | None = None


class Report(Struct, frozen=True, gc=False):
    """A whole file."""

    results: tuple[Looked, ...]


class Known(Struct, frozen=True):
    """What is used of a vulnerability of a package."""

    fixed: tuple[str, ...]
    vectors: tuple[Candidate, ...]
    specific: Specific


KnownOf: TypeAlias = Callable[[str], Known]


class Place(Struct, frozen=True):
    """A package in a file. ``known`` returns what is used of a vulnerability by its id; groups may share it."""

    package: Package
    path: str
    where: str | None
    use: Use
    vulnerabilities: Mapping[str, Vulnerability]
    known: KnownOf


def detects(top: TopLevel) -> bool:
    """Return whether the file is OSV-Scanner's."""
    members = top_members(top)
    results = elements_of(members.get("results", NULL))
    if results is None or not members.keys().isdisjoint({"errors", "metrics"}):
        return False
    return all("packages" in (parts_of(one) or {}) for one in islice(results, MAX_RESULTS))


def read(content: bytes, options: Options) -> Scan:
    """Read a report of OSV-Scanner. Raise ``TooLarge`` and ``BadFile``."""
    report, paths = made(Report, content), rooted_paths(options)
    return scan_of(Source(format=ImportFormat.OSV, tool="osv-scanner"), _results(report, paths, options), options)


def _results(report: Report, paths: Paths, options: Options) -> Iterator[Result]:
    for index, looked in enumerate(report.results):
        path = (looked.source.path if looked.source else None) or options.manifest or ""
        for number, listed in enumerate(looked.packages):
            if listed.groups or listed.vulnerabilities:
                place, above = _place(listed, path, paths(path)), f"/results/{index}/packages/{number}"
                groups = each_of(Group, listed.groups or (), pointed(above, "groups")) if listed.groups else ((above, Group()),)
                yield from (_result(group, place, where) for where, group in groups)


def _place(listed: Listed, path: str, where: str | None) -> Place:
    named = listed.package or Named()
    vulnerabilities = {one.id: one for one in reversed(listed.vulnerabilities or ()) if one.id}

    def known(identity: str) -> Known:
        one = vulnerabilities.get(identity, Vulnerability())
        specific = _SPECIFIC(one.database_specific)
        return Known(
            tuple(islice(dict.fromkeys(_fixed(one, named)), MAX_FIXED)),
            _candidates(one),
            specific if isinstance(specific, Specific) else Specific(),
        )

    name, version, ecosystem = named.name or "", named.version or named.commit or "", named.ecosystem or ""
    return Place(
        package=Package(name=name, version=version, ecosystem=ecosystem, purl=_purl(ecosystem, name, version)),
        path=path,
        where=where,
        use=Use.UNKNOWN if _DEVELOPMENT.isdisjoint(listed.dependency_groups or ()) else Use.DEVELOPMENT,
        vulnerabilities=vulnerabilities,
        known=cache(known),
    )


def _purl(ecosystem: str, name: str, version: str) -> str | None:
    """Return the package url; an ecosystem may be followed by the release of a distribution (``Debian:11``)."""
    known = _TYPES.get(ecosystem[:MAX_PACKAGE].partition(":")[0])
    if known is None or max(len(name), len(version)) > MAX_PACKAGE:
        return None
    kind, _, distribution = known.partition("/")
    group, _, own = name.rpartition(":" if kind == MAVEN else "/")
    try:
        purl = PackageURL(kind, distribution or group or None, own, version or None)
    except ValueError:
        return None
    return purl.to_string() if purl.name else None  # a name of blanks only leaves nothing


def _fixed(one: Vulnerability, named: Named) -> Iterator[str]:
    """Yield the versions of the package in which the vulnerability is fixed; commits when it has no version itself."""
    for affected in one.affected or ():
        if affected.package and _is_same(affected.package, named):
            ranges = (each for each in affected.ranges or () if each.type != _COMMITS or not named.version)
            yield from (event.fixed for each in ranges for event in each.events or () if event.fixed)


def _is_same(one: Named, other: Named) -> bool:
    """Return whether two names are of one package, also where an ecosystem spells names in several ways."""
    if (one.name, one.ecosystem) == (other.name, other.ecosystem):
        return True
    purl = _purl(one.ecosystem or "", one.name or "", "")
    return purl is not None and purl == _purl(other.ecosystem or "", other.name or "", "")


def _candidates(one: Vulnerability) -> tuple[Candidate, ...]:
    given = ((each.score, _VERSIONS.get(each.type or "")) for each in one.severity or ())
    return by_source((None, Candidate(score, version)) for score, version in given if score and version)


def _result(group: Group, place: Place, pointer: str) -> Result:
    ids = (group.ids or ())[:MAX_IDS]
    known = [place.known(one) for one in ids]
    first = next((place.vulnerabilities[one] for one in ids if one in place.vulnerabilities), Vulnerability())
    specific = place.known(first.id or "").specific
    return package_result(
        Vulnerable(
            pointer=pointer,
            names=names_of(None, chain(group.ids or (), group.aliases or ())),
            package=place.package,
            where=place.where,
            uri=place.path,
            title=first.summary,
            description=first.details,
            cwe=specific.cwe_ids or (),
            word=specific.severity,
            vectors=tuple(islice(chain.from_iterable(one.vectors for one in known), MAX_IDS)),
            fixed=tuple(islice(chain.from_iterable(one.fixed for one in known), MAX_FIXED)),
            use=place.use,
            suppression=_suppression(group),
        )
    )


def _suppression(group: Group) -> Suppression | None:
    """Return why a group does not count: none of its vulnerable code is called, or it is of no importance."""
    given = (group.experimental_analysis or group.newer_analysis or {}).values()
    if not given or not all(one.called is False or one.unimportant for one in given):
        return None
    is_called = any(one.called is not False for one in given)
    return Suppression(kind=EXTERNAL, justification="unimportant" if is_called else "not called")
