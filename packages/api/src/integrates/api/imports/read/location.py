"""Locations of weaknesses, from what tools write: paths, file urls, urls of pages and of ports (domain section 8)."""

import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias, assert_never
from urllib.parse import parse_qsl, unquote

from msgspec import Struct

from integrates.api.imports.read.observation import Location, SkipReason
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.values.text import one_line
from integrates.db_model.values.url import address, split_url, url_text
from integrates.db_model.vulnerabilities.location import field_name, file_path, page_url
from integrates.db_model.vulnerabilities.types import VulnerabilityType

Prefix: TypeAlias = Sequence[str]
"""The segments to take away from the beginning of paths."""

MAX_URI: Final = 16_384
"""Longest uri that is looked at: what is cut here is too long for any location."""
NO_FIELD: Final = "general"
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FILE: Final = re.compile(r"file:(?://(?P<host>[^/\\]*)(?=[/\\]|$))?(?P<path>.*)", re.IGNORECASE | re.DOTALL)
_ROOTED_DRIVE: Final = re.compile(r"/(?=[A-Za-z]:)")
_DRIVE: Final = re.compile(r"[A-Za-z]:")


def scheme(uri: str) -> str:
    """Return the scheme in lower case, empty for a relative uri. A drive letter looks like a scheme of one letter."""
    match = _SCHEME.match(uri)
    return match[0][:-1].lower() if match else ""


def segments(prefix: str | None) -> Prefix:
    """Return the segments of a prefix to take away: of a relative directory, an absolute one or a file url.

    One that no path can begin with takes nothing away.
    """
    text = (prefix or "").strip()
    try:
        found = _segments(_local(text) if _FILE.fullmatch(text) else text.replace("\\", "/"))
    except (Rejected, UnicodeDecodeError):
        return ()
    return found if found[-1:] != [""] else found[:-1]


class Place(Struct, frozen=True):
    """What a uri says of a location. ``specific`` is empty for a file: its line stands elsewhere."""

    type: VulnerabilityType
    where: str
    specific: str


def place_at(uri: str, prefix: Prefix) -> Place | None:
    """Return the place that a uri names: a file, its path without ``prefix`` (see :func:`segments`), a page or a port.

    Many results can share a long uri, so that it should be read once.
    """
    try:
        match scheme(uri):
            case "http" | "https":
                return _page(uri)
            case "tcp" | "udp":
                return _port(uri)
            case _:
                return Place(VulnerabilityType.LINES, file_path(_below_root(uri, prefix), ()), "")
    except (Rejected, UnicodeDecodeError):
        return None


def location_at(place: Place | None, line: int, parameters: Iterable[str]) -> Location | SkipReason:
    """Return the location at a place, or ``BAD_PATH``.

    It is ``line`` of a file (0: the whole file); or of a page the first of the ``parameters`` that has a name, else those of
    its query; or a port.
    """
    if place is None:
        return SkipReason.BAD_PATH
    match place.type:
        case VulnerabilityType.LINES:
            return Location(place.type, place.where, str(line))
        case VulnerabilityType.PORTS:
            return Location(place.type, place.where, place.specific)
        case VulnerabilityType.INPUTS:
            return _field(place, next(filter(None, map(str.strip, parameters)), place.specific))
    assert_never(place.type)


def _below_root(uri: str, prefix: Prefix) -> str:
    """Return the path below the root: whole segments are taken away, ``src`` is no prefix of ``srcs/a.py``."""
    steps = _segments(_local(uri))
    path = "/".join(steps[len(prefix) :] if steps[: len(prefix)] == list(prefix) else steps)
    if _DRIVE.match(path):
        raise Rejected(Reason.BAD_FORMAT)
    return path


def _local(uri: str) -> str:
    """Return the path of a relative uri or a file url, percent-decoded once, with ``/`` between its segments."""
    known = scheme(uri)
    if known and known != "file" and len(known) > 1:
        raise Rejected(Reason.BAD_FORMAT)
    match = _FILE.fullmatch(uri)
    host = (match["host"] or "").lower() if match else ""
    path = unquote(match["path"] if match else uri, errors="strict")
    text = one_line(path if host in {"", "localhost"} else f"//{host}{path}", (), low=1, high=MAX_URI)
    return _ROOTED_DRIVE.sub("", text.replace("\\", "/"), count=1) if match else text.replace("\\", "/")


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment != "."]


def _page(uri: str) -> Place:
    parts = split_url(url_text(uri, (), high=MAX_URI), ())
    where = parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), query="", fragment="").geturl()
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if name})
    return Place(VulnerabilityType.INPUTS, page_url(where, ()), ",".join(names) or NO_FIELD)


def _field(page: Place, name: str) -> Location | SkipReason:
    try:
        return Location(page.type, page.where, field_name(name, ()))
    except Rejected:
        return SkipReason.BAD_PATH


def _port(uri: str) -> Place:
    parts = split_url(url_text(uri, (), high=MAX_URI), ())
    if parts.hostname is None or parts.port is None:
        raise Rejected(Reason.BAD_FORMAT)
    return Place(VulnerabilityType.PORTS, address(parts.hostname, ()), str(parts.port))
