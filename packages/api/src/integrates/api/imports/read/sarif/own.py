"""What our own export of SARIF says beyond the standard, so that reading it gives back what was written.

It stands in the property bags of rules and results, as ``integrates``. Anybody may write it; so every value is judged as the
model would judge it, and a wrong one is as if absent.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, TypeAlias, TypeVar

from msgspec import Meta, Struct
from msgspec.structs import asdict, replace

from integrates.api.imports.read.observation import Fingerprint, Location, Observation
from integrates.api.imports.read.reader import TECHNIQUES
from integrates.api.imports.read.result import MAX_KIND
from integrates.api.imports.read.text import block, line
from integrates.db_model.errors import Rejected, Rejections
from integrates.db_model.severities.rules import scored_any
from integrates.db_model.values.text import commit, digest, fingerprint
from integrates.db_model.values.url import uri_of
from integrates.db_model.vulnerabilities.advisory import ADVISORY, package_at
from integrates.db_model.vulnerabilities.check import MAX_OFFSET
from integrates.db_model.vulnerabilities.location import MAX_EXCERPT, page_url
from integrates.db_model.vulnerabilities.types import (
    Advisory,
    Fix,
    Mark,
    Relation,
    SeriesSuppression,
    Technique,
    Use,
    VulnerabilityType,
)

Offset: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_OFFSET)]
T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class OwnMark(Struct, frozen=True, gc=False, rename="camel"):
    """The mark of a vulnerability, whose texts are SHA-256 already."""

    logical: str | None = None
    location_message: str | None = None
    start_column: Offset | None = None
    char_offset: Offset | None = None
    byte_offset: Offset | None = None
    message: str | None = None


class OwnAdvisory(Struct, frozen=True, gc=False, rename="camel"):
    """The advisory of a package. A result that has one is of type PACKAGES."""

    id: str | None = None
    cve: tuple[str, ...] | None = None
    aliases: tuple[str, ...] | None = None
    package: str | None = None
    vulnerable_version: str | None = None
    purl: str | None = None
    fixed_version: str | None = None
    fix: str | None = None
    relation: str | None = None
    use: str | None = None


class OwnSuppression(Struct, frozen=True, gc=False, rename="camel"):
    """What the scans of the category of the run say of it: somebody suppressed it, in the source or in the tool."""

    kind: str | None = None
    justification: str | None = None


class OwnResult(Struct, frozen=True, gc=False, rename="camel"):
    """What is known of a vulnerability beside what the standard has a member for.

    ``root`` is the nickname of the root, of what is at no path in it. ``fingerprint`` is the one that it keeps, as it is
    stored. ``where`` is the url of a page, as it is stored. ``snippet`` is one without a line that it begins in. ``has_detail``
    tells that the message is its detail, and not there only because the standard wants one.
    """

    root: str | None = None
    where: str | None = None
    fingerprint: str | None = None
    mark: OwnMark | None = None
    technique: str | None = None
    commit: str | None = None
    snippet: str | None = None
    advisory: OwnAdvisory | None = None
    tool_vector: str | None = None
    has_detail: bool | None = None
    suppressed: OwnSuppression | None = None


class OwnRule(Struct, frozen=True, gc=False, rename="camel"):
    """What is known of a finding beside what the standard has a member for."""

    tool_vector: str | None = None


def vector_of(given: str | None, score: Decimal | None) -> str | None:
    """Return the vector when it is one that has the score."""
    if given is None or score is None:
        return None
    try:
        found = scored_any(given, ())
    except Rejected:
        return None
    return found.vector if found.score == score else None


def snippet_in(own: OwnResult | None) -> str | None:
    """Return the snippet of a result that has no line for it."""
    return block(own.snippet, MAX_EXCERPT) or None if own else None


def completed(seen: Observation, own: OwnResult, technique: Technique | None) -> Observation:
    """Return a result of our own export as it was before it was exported, as far as the standard has no member for it.

    ``technique`` is that of the caller, if there is one.
    """
    advisory = _advisory(own.advisory) if own.advisory and seen.location.type is VulnerabilityType.LINES else None
    location = _location(seen.location, own, advisory)
    text = _sound(fingerprint, own.fingerprint)
    return replace(
        seen,
        location=location,
        fingerprints=(Fingerprint(_name_in(text, location.where), text),) if text else (),
        fingerprint=text,
        mark=_mark(own.mark) if own.mark else Mark(),
        technique=technique or _one_of(Technique, own.technique) or TECHNIQUES[location.type],
        commit=_sound(commit, own.commit),
        advisory=advisory,
        own_vector=vector_of(own.tool_vector, seen.own_score),
        hushed=(_suppressed(own.suppressed, seen.category),) if own.suppressed else (),
        detail=seen.detail if own.has_detail else None,
    )


def _sound(check: Callable[[T, Sequence[str]], T], given: T | None) -> T | None:
    """Return a value that is as it would be stored, ``None`` for any other."""
    try:
        return given if given is not None and check(given, ()) == given else None
    except (Rejected, Rejections):
        return None


def _one_of(kind: type[E], given: str | None) -> E | None:
    return next((one for one in kind if one.value == given), None)


def _location(seen: Location, own: OwnResult, advisory: Advisory | None) -> Location:
    if advisory is not None:
        specific = package_at(advisory.package, advisory.vulnerable_version)
        return Location(VulnerabilityType.PACKAGES, seen.where, specific)
    where = _sound(page_url, own.where)
    if where is None or seen.type is not VulnerabilityType.INPUTS:
        return seen
    is_same_page = uri_of(where).lower() == uri_of(seen.where).lower()
    return replace(seen, where=where) if is_same_page else seen


def _mark(own: OwnMark) -> Mark:
    digests = {name: _sound(digest, getattr(own, name)) for name in ("logical", "location_message", "message")}
    return Mark(**{**asdict(own), **digests})


def _advisory(own: OwnAdvisory) -> Advisory | None:
    """Return the advisory; ``None`` when a member that it needs is not as it would be stored."""
    identity, package = _advised("id", own.id), _advised("package", own.package)
    version = _advised("vulnerable_version", own.vulnerable_version)
    if identity is None or package is None or version is None:
        return None
    return Advisory(
        id=identity,
        cve=_advised("cve", own.cve) or (),
        aliases=_advised("aliases", own.aliases) or (),
        package=package,
        vulnerable_version=version,
        purl=_advised("purl", own.purl),
        fixed_version=_advised("fixed_version", own.fixed_version),
        fix=_one_of(Fix, own.fix) or Fix.UNKNOWN,
        relation=_one_of(Relation, own.relation) or Relation.UNKNOWN,
        use=_one_of(Use, own.use) or Use.UNKNOWN,
    )


def _advised(name: str, given: T | None) -> T | None:
    return _sound(ADVISORY[f"advisory.{name}"], given)


def _suppressed(own: OwnSuppression, category: str) -> SeriesSuppression:
    why = block(own.justification, MAX_EXCERPT) or None
    return SeriesSuppression(category=category, kind=line(own.kind, MAX_KIND) or "external", justification=why)


def _name_in(text: str, where: str) -> str:
    """Return the name of the member that a fingerprint was made of: ``name=value`` or ``path:name=value``."""
    return text.removeprefix(f"{where}:").partition("=")[0]
