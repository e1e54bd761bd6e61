"""Vulnerable packages: what identifies them, and their advisories (domain section 18, table *PACKAGES*)."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, islice
from typing import Final

from msgspec import Struct
from packageurl import PackageURL

from integrates.api.imports.read.identity import fingerprint
from integrates.api.imports.read.observation import Fingerprint, Location, SkipReason
from integrates.api.imports.read.rating import Candidate
from integrates.api.imports.read.result import Result
from integrates.api.imports.read.text import MAX_TITLE, line
from integrates.db_model.vulnerabilities.advisory import (
    MAX_ID,
    MAX_NAMES,
    MAX_PACKAGE,
    MAX_PURL,
    MAX_VERSION,
    package_at,
)
from integrates.db_model.vulnerabilities.types import Advisory, Fix, Relation, Suppression, Use, VulnerabilityType

OS_TYPES: Final = frozenset({"alpm", "apk", "deb", "portage", "rpm"})
"""The types of package urls of packages of a distribution."""
MAVEN: Final = "maven"
_MAX_NAMED: Final = 4 * MAX_PACKAGE
"""Most characters of a name that tell packages apart: many results can share a long one."""
MAX_NAMES_BYTES: Final = 2_000
"""Most bytes of all CVEs, and of all aliases, that are kept of an advisory."""
_MAX_IDS: Final = 500
"""Most ids of one advisory that are looked at."""
_SEPARATORS: Final = re.compile("[-_.]+")
_CVE: Final = re.compile(r"CVE-(\d{4})-(\d{4,19})")
_GHSA: Final = "GHSA-"


class Package(Struct, frozen=True, kw_only=True):
    """A package as a tool names it: ``ecosystem`` is like ``npm``, ``purl`` a package url; a version not known is empty."""

    name: str
    version: str = ""
    ecosystem: str = ""
    purl: str | None = None


class Placed(Struct, frozen=True):
    """A package, the path of what names or is it, and that path below the root; ``None`` when it cannot be used."""

    package: Package
    path: str
    where: str | None


class Names(Struct, frozen=True):
    """What an advisory is called: the id that stands for it, all CVEs, and all other names."""

    id: str
    cve: tuple[str, ...]
    aliases: tuple[str, ...]


def names_of(own: str | None, others: Iterable[str | None]) -> Names | None:
    """Return the names of an advisory of which ``own`` is the tool's id; ``None`` when it has none.

    The lowest CVE by year and number stands for it, else the first GHSA by bytes, else the tool's id.
    """
    given = (line(one, MAX_ID) for one in islice((own, *others), _MAX_IDS) if one)
    found = [one for one in dict.fromkeys(given) if one]
    if not found:
        return None
    years = {one: (int(match[1]), int(match[2])) for one in found if (match := _CVE.fullmatch(one))}
    cve = sorted(years, key=lambda one: years[one])
    ghsa = sorted((one for one in found if one.startswith(_GHSA)), key=str.encode)
    best = next(iter((*cve, *ghsa, *found)))
    others_left = (one for one in found if one != best and one not in years)
    return Names(best, _few(cve), _few(others_left))


def _few(names: Iterable[str]) -> tuple[str, ...]:
    """Return as many of the names as are kept of an advisory: each package that it is about gets them."""
    some = tuple(islice(names, MAX_NAMES))
    sizes = accumulate(len(one.encode()) for one in some)
    return tuple(one for one, size in zip(some, sizes, strict=True) if size <= MAX_NAMES_BYTES)


def specific_of(package: Package) -> str:
    """Return ``name@version``, the name alone when no version is known; empty when there is no name."""
    name = line(package.name, MAX_PACKAGE)
    return package_at(name, line(package.version, MAX_VERSION)) if name else ""


def full_name(kind: str, group: str | None, name: str) -> str:
    """Return the name of a package of that kind (like ``npm``), as people write it, with the group that it belongs to.

    The group of a package of a distribution is the distribution, which is no part of its name.
    """
    if not group or kind in OS_TYPES:
        return name
    return f"{group}{':' if kind == MAVEN else '/'}{name}"


def package_of(given: str | None) -> Package | None:
    """Return the package that a package url names; ``None`` for a text that is none."""
    purl = purl_of(given)
    if purl is None:
        return None
    name = full_name(purl.type, purl.namespace, purl.name)
    return Package(name=name, version=purl.version or "", ecosystem=purl.type, purl=given)


def package_fingerprint(where: str, package: Package) -> Fingerprint:
    """Return the identity of a package at a place, whatever its version is.

    A version that stands in the path beside the name, as in ``commons-io-2.8.0.jar``, is left out there, too.
    """
    identity = _versionless(package.purl) or f"pkg:{package.ecosystem[:MAX_PACKAGE].lower()}/{package.name[:_MAX_NAMED]}"
    return fingerprint("package", f"{_unversioned(where, package)}|{identity}")


def _unversioned(where: str, package: Package) -> str:
    version, name = package.version, _spelled(re.split("[/:]", package.name[:MAX_PACKAGE])[-1])
    if not version or not name or version not in where:
        return where
    return "/".join(one.replace(version, "*") if name in _spelled(one) else one for one in where.split("/"))


def _spelled(name: str) -> str:
    """Return a name as files are called after it: in lower case, and without a difference between ``-``, ``_`` and ``.``."""
    return _SEPARATORS.sub("-", name.lower())


def purl_of(given: str | None) -> PackageURL | None:
    """Return the parts of a package url; ``None`` for a text that is none."""
    return _parsed(given[: MAX_PURL + 1]) if given else None


@lru_cache(maxsize=4_096)
def _parsed(given: str) -> PackageURL | None:
    try:
        return PackageURL.from_string(given) if len(given) <= MAX_PURL else None
    except ValueError:
        return None


def _versionless(given: str | None) -> str | None:
    purl = purl_of(given)
    return purl._replace(version=None, qualifiers={}, subpath=None).to_string() if purl else None


class Vulnerable(Struct, frozen=True, kw_only=True):
    """One package at one place, and what a tool says of it: texts, scores and words as in :class:`Result`.

    ``where`` is the path below the root or ``OS``; ``None`` when it cannot be used, then ``uri`` is what the file has for one.
    ``fix`` is ``None`` when the tool does not say more than the versions in which it is ``fixed``.
    """

    pointer: str
    names: Names | None
    package: Package
    where: str | None
    uri: str | None = None
    title: str | None = None
    description: str | None = None
    recommendation: str | None = None
    cwe: Sequence[str | int | None] = ()
    word: str | None = None
    vectors: Sequence[Candidate] = ()
    fixed: Sequence[str | None] = ()
    fix: Fix | None = None
    relation: Relation = Relation.UNKNOWN
    use: Use = Use.UNKNOWN
    suppression: Suppression | None = None


def package_result(one: Vulnerable) -> Result:
    """Return the result of an advisory in a package at a place."""
    advisory = _advisory(one, one.names) if one.names else None
    short = line(one.title, MAX_TITLE) or advisory.package if advisory else None
    return Result(
        pointer=one.pointer,
        rule_id=advisory.id if advisory else None,
        at=_location(one),
        uri=one.uri,
        title=f"{advisory.id}: {short}" if advisory else None,
        description=one.description or one.title,
        recommendation=one.recommendation or (_recommendation(advisory) if advisory else None),
        cwe=one.cwe,
        word=one.word,
        vectors=one.vectors,
        fingerprint=package_fingerprint(one.where, one.package) if one.where is not None else None,
        suppression=one.suppression,
        advisory=advisory,
    )


def _location(one: Vulnerable) -> Location | SkipReason:
    specific = specific_of(one.package)
    if not specific:
        return SkipReason.NO_LOCATION
    return SkipReason.BAD_PATH if one.where is None else Location(VulnerabilityType.PACKAGES, one.where, specific)


def _advisory(one: Vulnerable, names: Names) -> Advisory:
    """Return the advisory. A fixed version says that there is a fix, unless the tool says what there is."""
    purl = line(one.package.purl, MAX_PURL + 1)
    version = line(", ".join(each for each in dict.fromkeys(one.fixed) if each), MAX_VERSION) or None
    return Advisory(
        id=names.id,
        cve=names.cve,
        aliases=names.aliases,
        package=line(one.package.name, MAX_PACKAGE),
        vulnerable_version=line(one.package.version, MAX_VERSION),
        purl=purl if purl and len(purl) <= MAX_PURL else None,
        fixed_version=version,
        fix=one.fix or (Fix.AVAILABLE if version else Fix.UNKNOWN),
        relation=one.relation,
        use=one.use,
    )


def _recommendation(advisory: Advisory) -> str:
    if advisory.fixed_version is None:
        return "No fixed version is known."
    return f"Upgrade {advisory.package} to {advisory.fixed_version}."
