"""The reader of Nuclei's results (domain section 19, row *NUCLEI*): one on each line, a list of them, or a single one."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from ipaddress import ip_address
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from integrates.api.imports.read.collect import Nothing
from integrates.api.imports.read.decode import TopLevel, first_of, top_members
from integrates.api.imports.read.error import BadFile, Defect, pointed
from integrates.api.imports.read.identity import fingerprint
from integrates.api.imports.read.location import MAX_URI, Place, location_at, page_at
from integrates.api.imports.read.mend import elements_of
from integrates.api.imports.read.observation import Location, Scan, SkipReason
from integrates.api.imports.read.rating import Candidate
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.result import Result, Source, scan_of
from integrates.api.imports.read.strict import each_of, made
from integrates.db_model.errors import Rejected
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.values.url import address, split_url, url_text
from integrates.db_model.vulnerabilities.types import VulnerabilityType

_PAGES: Final = "http"
"""The type of the templates that look at pages; others look at what listens at a port."""


class Classification(Struct, frozen=True, rename="kebab"):
    """What kind of weakness it is."""

    cwe_id: str | tuple[str, ...] | None = None
    cvss_metrics: str | None = None


class About(Struct, frozen=True):
    """What a template says of itself."""

    name: str | None = None
    description: str | None = None
    remediation: str | None = None
    severity: str | None = None
    classification: Classification | None = None


class Matched(Struct, frozen=True, rename="kebab"):
    """A template that matched. Version 2 began to name members with a dash."""

    info: About
    template_id: str | None = None
    old_template_id: str | None = msgspec.field(default=None, name="templateID")
    matched_at: str | None = None
    old_matched_at: str | None = msgspec.field(default=None, name="matched")
    type: str | None = None
    matcher_name: str | None = None
    old_matcher_name: str | None = msgspec.field(default=None, name="matcher_name")
    matcher_status: bool | None = None
    ip: str | None = None
    extracted_results: tuple[str, ...] | None = None
    old_extracted_results: tuple[str, ...] | None = msgspec.field(default=None, name="extracted_results")


class Port(Struct, frozen=True):
    """What listens where."""

    host: str
    number: str


def detects(top: TopLevel) -> bool:
    """Return whether the file is Nuclei's."""
    names = (top_members(top) or first_of(top)).keys()
    return "info" in names and ("template-id" in names or "templateID" in names)


def read(content: bytes, options: Options) -> Scan:
    """Read results of Nuclei. Raise ``TooLarge`` and ``BadFile``."""
    listed = elements_of(content)
    given = (("", made(Matched, content)),) if listed is None else each_of(Matched, listed, "")
    return scan_of(Source(format=ImportFormat.NUCLEI, tool="nuclei"), _results(given, options), options)


def _results(given: Iterable[tuple[str, Matched]], options: Options) -> Iterator[Result | Nothing]:
    page, port = cache(page_at), cache(port_at)  # many templates match at one place
    for pointer, one in given:
        if one.template_id is None and one.old_template_id is None:
            raise BadFile((Defect(pointed(pointer, "template-id"), "The member is missing:"),))
        if one.matcher_status is False:
            yield Nothing.FINE
        elif one.type == _PAGES:
            yield _described(one, pointer, _page(one, page))
        else:
            yield _listening(one, pointer, port, by_address=options.by_address)


def _uri(one: Matched) -> str | None:
    return one.matched_at or one.old_matched_at


def _matcher(one: Matched) -> str:
    return one.matcher_name or one.old_matcher_name or ""


def _page(one: Matched, page: Callable[[str], Place | None]) -> Location | SkipReason:
    uri = _uri(one)
    return location_at(page(uri), 0, (_matcher(one),)) if uri else SkipReason.NO_LOCATION


def _listening(one: Matched, pointer: str, port: Callable[[str], Port | None], *, by_address: bool) -> Result:
    uri = _uri(one)
    found = port(uri) if uri else None
    if found is None:
        return _described(one, pointer, SkipReason.BAD_PATH if uri else SkipReason.NO_LOCATION)
    host = (ip_of(one.ip) if by_address else None) or found.host
    result = _described(one, pointer, Location(VulnerabilityType.PORTS, host, found.number))
    return replace(result, fingerprint=fingerprint("matcher", f"{host}:{found.number}|{_matcher(one)}"))


def _described(one: Matched, pointer: str, at: Location | SkipReason) -> Result:
    kind = one.info.classification or Classification()
    extracted = one.extracted_results or one.old_extracted_results or ()
    return Result(
        pointer=pointer,
        rule_id=one.template_id or one.old_template_id,
        at=at,
        uri=_uri(one),
        title=one.info.name,
        description=one.info.description,
        recommendation=one.info.remediation,
        cwe=(kind.cwe_id,) if isinstance(kind.cwe_id, str) else kind.cwe_id or (),
        word=one.info.severity,
        vectors=(Candidate(kind.cvss_metrics),) if kind.cvss_metrics else (),
        detail="\n".join(extracted),
    )


def port_at(text: str) -> Port | None:
    """Return the host and port in a url, a host with or without a port, or an ip address; no port is 0."""
    try:
        given = url_text(text, (), high=MAX_URI)
        alone = ip_of(given)
        if alone is not None:
            return Port(alone, "0")
        parts = split_url(given if "://" in given else f"//{given}", ())
        return Port(address((parts.hostname or "").removesuffix("."), ()), str(parts.port or 0))
    except Rejected:
        return None


def ip_of(text: str | None) -> str | None:
    """Return an ip address in its canonical spelling, without the dot that Nuclei puts behind some."""
    try:
        return str(ip_address((text or "").removesuffix(".")))
    except ValueError:
        return None
