"""The reader of CycloneDX in JSON (domain section 19, row *CYCLONEDX*): vulnerable packages."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from typing import Final
from urllib.parse import unquote

from msgspec import Raw, Struct

from integrates.api.imports.read.decode import TopLevel, top_members
from integrates.api.imports.read.error import BadFile, Defect, pointed
from integrates.api.imports.read.name import series_name
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.package import (
    MAVEN,
    OS_TYPES,
    Names,
    Package,
    Placed,
    Vulnerable,
    full_name,
    names_of,
    package_of,
    package_result,
    purl_of,
)
from integrates.api.imports.read.rating import Candidate, by_source, score_of
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.result import EXTERNAL, Paths, Result, Source, rooted_paths, scan_of
from integrates.api.imports.read.strict import each_of, made
from integrates.api.imports.read.text import MAX_TITLE, trimmed
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.severities.types import CvssVersion
from integrates.db_model.vulnerabilities.advisory import MAX_PURL, MAX_VERSION, OS
from integrates.db_model.vulnerabilities.types import Suppression

VERSIONS: Final = ("1.4", "1.5", "1.6", "1.7")
MANIFEST: Final = "bom.json"
"""Where a package is of which the file tells no path."""
MAX_FIXED: Final = 50
"""Most fixed versions of one vulnerability that are looked at."""
MAX_RATINGS: Final = 1_000
"""Most ratings of one vulnerability that are looked at."""
_NAME: Final = b"CycloneDX"
_LINK: Final = "urn:cdx:"
_MANIFESTS: Final = (".lock", ".lockfile", ".json", ".toml", ".txt", ".xml", ".mod", ".yaml", ".yml")
_PATHS: Final = ("aquasecurity:trivy:FilePath", "syft:location:0:path", "SrcFile")
"""The properties that tell where a component is, in the order in which they count."""
_FIXED: Final = "grype:fixed_versions"
_GROUPED: Final = frozenset({MAVEN, "npm"})
"""The kinds of packages whose names begin with their groups."""
_HARMLESS: Final = frozenset({"false_positive", "not_affected", "resolved", "resolved_with_pedigree"})
_METHODS: Final[Mapping[str, CvssVersion]] = {
    "CVSSv2": CvssVersion.V2,
    "CVSSv3": CvssVersion.V3_0,
    "CVSSv31": CvssVersion.V3_1,
    "CVSSv4": CvssVersion.V4,
}
_PREFIX: Final = "CVSS:"


class Property(Struct, frozen=True, gc=False):
    """What a tool says in its own way."""

    name: str | None = None
    value: str | None = None


class Occurrence(Struct, frozen=True, gc=False):
    """Where a component is."""

    location: str | None = None


class Evidence(Struct, frozen=True, gc=False):
    """How a component was found."""

    occurrences: tuple[Occurrence, ...] | None = None


class Component(Struct, frozen=True, gc=False, rename="kebab"):
    """A package, or anything else that a product is made of."""

    bom_ref: str | None = None
    group: str | None = None
    name: str | None = None
    version: str | None = None
    purl: str | None = None
    properties: tuple[Property, ...] | None = None
    evidence: Evidence | None = None
    components: tuple["Component", ...] | None = None


class Tool(Struct, frozen=True, gc=False):
    """A tool."""

    name: str | None = None


class Tools(Struct, frozen=True, gc=False):
    """The tools since version 1.5."""

    components: tuple[Tool, ...] | None = None


class Metadata(Struct, frozen=True, gc=False):
    """What the file is about, and who made it."""

    tools: Tools | tuple[Tool, ...] | None = None
    component: Component | None = None


class Origin(Struct, frozen=True, gc=False):
    """Who says something."""

    name: str | None = None


class Rated(Struct, frozen=True, gc=False):
    """How bad somebody says that a vulnerability is."""

    source: Origin | None = None
    severity: str | None = None
    method: str | None = None
    vector: str | None = None


class Reference(Struct, frozen=True, gc=False):
    """Another name of a vulnerability."""

    id: str | None = None


class Analysis(Struct, frozen=True, gc=False):
    """What people say of a vulnerability."""

    state: str | None = None
    justification: str | None = None
    detail: str | None = None


class Affected(Struct, frozen=True, gc=False):
    """What is vulnerable."""

    ref: str | None = None


class Found(Struct, frozen=True, gc=False):
    """A vulnerability."""

    id: str | None = None
    references: tuple[Reference, ...] | None = None
    ratings: tuple[Rated, ...] | None = None
    cwes: tuple[int | str | None, ...] | None = None
    description: str | None = None
    detail: str | None = None
    recommendation: str | None = None
    analysis: Analysis | None = None
    affects: tuple[Affected, ...] | None = None
    properties: tuple[Property, ...] | None = None


class Bom(Struct, frozen=True, gc=False, rename="camel"):
    """A whole file."""

    spec_version: str
    metadata: Metadata | None = None
    components: tuple[Component, ...] | None = None
    vulnerabilities: tuple[Raw, ...] | None = None


class Context(Struct, frozen=True):
    """What holds for the whole file: ``components`` by what refers to them, and their places, of which many results are."""

    components: Mapping[str, Component]
    place_of: Callable[[str], Placed]
    place_at: Callable[[Package, str | None], Placed]


class Said(Struct, frozen=True):
    """What is said of a vulnerability, whatever is affected."""

    found: Found
    names: Names | None
    title: str | None
    word: str | None
    vectors: tuple[Candidate, ...]
    fixed: tuple[str, ...]
    suppression: Suppression | None


def detects(top: TopLevel) -> bool:
    """Return whether the file is CycloneDX."""
    members = top_members(top)
    return bytes(members.get("bomFormat", b"")) == b'"%s"' % _NAME and "specVersion" in members


def read(content: bytes, options: Options) -> Scan:
    """Read a bill of materials with vulnerabilities. Raise ``TooLarge`` and ``BadFile``."""
    bom = made(Bom, content)
    if bom.spec_version not in VERSIONS:
        raise BadFile((Defect("/specVersion", f"Expected one of {', '.join(VERSIONS)}:"),))
    metadata = bom.metadata or Metadata()
    about = (metadata.component,) if metadata.component else ()
    referred = {one.bom_ref: one for one in nested((*(bom.components or ()), *about)) if one.bom_ref}
    spare = options.manifest or _manifest(metadata.component) or MANIFEST
    results = _results(bom, _context(referred, rooted_paths(options), spare))
    return scan_of(Source(format=ImportFormat.CYCLONEDX, tool=_tool(metadata.tools)), results, options)


def _context(components: Mapping[str, Component], paths: Paths, spare: str) -> Context:
    def place_at(package: Package, told: str | None) -> Placed:
        path, purl = told or spare, purl_of(package.purl)
        return Placed(package, path, OS if purl and purl.type in OS_TYPES else paths(path))

    def place_of(reference: str) -> Placed:
        component = components[reference]
        return place_at(_package(component), _path(component))

    return Context(components, cache(place_of), place_at)


def nested(components: Sequence[Component]) -> Iterator[Component]:
    """Yield components and those inside of them, level by level."""
    while components:
        yield from components
        components = tuple(chain.from_iterable(one.components or () for one in components))


def _tool(given: Tools | tuple[Tool, ...] | None) -> str:
    tools = given.components if isinstance(given, Tools) else given
    return series_name(next((one.name or "" for one in tools or ()), "").lower()) or "cyclonedx"


def _manifest(about: Component | None) -> str | None:
    """Return the name of what was scanned, when it is that of a file."""
    return about.name if about and about.name and about.name.endswith(_MANIFESTS) else None


def _results(bom: Bom, context: Context) -> Iterator[Result]:
    for pointer, found in each_of(Found, bom.vulnerabilities or (), "/vulnerabilities"):
        said = _said(found)
        for index, affected in enumerate(found.affects or ()):
            yield _result(said, affected.ref or "", pointed(f"{pointer}/affects", index), context)
        if not found.affects:
            yield _result(said, "", pointer, context)


def _said(found: Found) -> Said:
    names = names_of(found.id, (one.id for one in found.references or ()))
    others = found.id if names and names.id != found.id else None
    return Said(
        found=found,
        names=names,
        title=next(iter(trimmed(found.description or "", MAX_TITLE).splitlines()), None) or others,
        word=_worst(one.severity for one in (found.ratings or ())[:MAX_RATINGS]),
        vectors=_candidates(found.ratings or ()),
        fixed=tuple(islice(_fixed(found.properties or ()), MAX_FIXED)),
        suppression=_suppression(found.analysis or Analysis()),
    )


def _fixed(properties: Iterable[Property]) -> Iterator[str]:
    for one in properties:
        if one.name == _FIXED:
            yield from (each.strip() for each in (one.value or "")[: 2 * MAX_VERSION].split(","))


def _worst(words: Iterable[str | None]) -> str | None:
    """Return the highest of the words that are known."""
    scores = {one: score for one in dict.fromkeys(words) if (score := score_of(one)) is not None}
    return max(scores, key=lambda one: scores[one], default=None)


def _candidates(given: Iterable[Rated]) -> tuple[Candidate, ...]:
    return by_source(
        (one.source.name if one.source else None, Candidate(one.vector, _METHODS.get(one.method or "")))
        for one in given
        if one.vector and (one.method is None or one.method in _METHODS or one.vector.startswith(_PREFIX))
    )


def _suppression(analysis: Analysis) -> Suppression | None:
    if analysis.state not in _HARMLESS:
        return None
    return Suppression(kind=EXTERNAL, justification=analysis.detail or analysis.justification or analysis.state)


def _result(said: Said, reference: str, pointer: str, context: Context) -> Result:
    place = _place(reference, context)
    return package_result(
        Vulnerable(
            pointer=pointer,
            names=said.names,
            package=place.package,
            where=place.where,
            uri=place.path if place.package.name else reference or None,
            title=said.title,
            description=said.found.description or said.found.detail,
            recommendation=said.found.recommendation,
            cwe=said.found.cwes or (),
            word=said.word,
            vectors=said.vectors,
            fixed=said.fixed,
            suppression=said.suppression,
        )
    )


def spellings(reference: str) -> tuple[str, str, str]:
    """Return a reference as it is written, without the file that it is in (``urn:cdx:…#x``), and without escapes."""
    linked = reference.partition("#")[2] if reference.startswith(_LINK) else reference
    return (reference, linked, unquote(linked) if "%" in linked and len(linked) <= MAX_PURL else linked)


def _place(reference: str, context: Context) -> Placed:
    """Return the package that is referred to, also from another file (``urn:cdx:…#x``), or by its package url alone."""
    names = spellings(reference)
    known = next((one for one in names if one in context.components), None)
    if known is not None:
        return context.place_of(known)
    alone = next((found for one in names if (found := package_of(one))), Package(name=""))
    return context.place_at(alone, None)


def _package(component: Component) -> Package:
    purl = purl_of(component.purl)
    kind, name = purl.type if purl else "", component.name or ""
    return Package(
        name=full_name(kind, component.group if kind in _GROUPED else None, name) if name else "",
        version=component.version or "",
        ecosystem=kind,
        purl=component.purl,
    )


def _path(component: Component) -> str | None:
    """Return the path that a component tells."""
    told = {one.name: one.value for one in reversed(component.properties or ()) if one.name in _PATHS}
    occurrences = (component.evidence.occurrences if component.evidence else None) or ()
    given = (*(told.get(name) for name in _PATHS), *(one.location for one in islice(occurrences, 1)))
    return next((one for one in given if one), None)
