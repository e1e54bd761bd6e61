"""Places of results (domain section 8, *Result → Vulnerability*, rows *place* to *PORTS*)."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias
from urllib.parse import SplitResult, parse_qsl, unquote

from msgspec import Struct

from integrates.api.imports.read.observation import Place, Reason
from integrates.api.imports.read.sarif.document import Location, LogicalLocation, Region, Result, Run
from integrates.api.imports.read.sarif.uri import MAX_URI, resolved, scheme
from integrates.db_model import errors
from integrates.db_model.values.text import one_line
from integrates.db_model.values.url import address, split_url, url_text
from integrates.db_model.vulnerabilities.location import field_name, file_path, page_url
from integrates.db_model.vulnerabilities.types import VulnerabilityType

Prefix: TypeAlias = Sequence[str]
"""The segments to take away from the beginning of paths."""

NO_FIELD: Final = "general"
_FILE: Final = re.compile(r"file:(?://(?P<host>[^/\\]*)(?=[/\\]|$))?(?P<path>.*)", re.IGNORECASE | re.DOTALL)
_ROOTED_DRIVE: Final = re.compile(r"/(?=[A-Za-z]:)")
_DRIVE: Final = re.compile(r"[A-Za-z]:")


class Spot(Struct, frozen=True):
    """The location of a result that counts, and its resolved uri."""

    uri: str
    location: Location
    region: Region


def spotted(result: Result, run: Run) -> Spot | None:
    """Return the first of the result's locations that names a file or another resource."""
    for location in result.locations or ():
        physical = location.physical_location
        uri = resolved(physical.artifact_location, run) if physical and physical.artifact_location else None
        if physical and uri is not None:
            return Spot(uri, location, physical.region or Region())
    return None


def located(spot: Spot, run: Run, prefix: Prefix) -> Place | Reason:
    """Return the place of a spot, ``prefix`` (see :func:`segments`) taken away, or ``BAD_PATH``."""
    try:
        return _place(spot, run, prefix)
    except (errors.Rejected, UnicodeDecodeError):
        return Reason.BAD_PATH


def segments(prefix: str | None) -> Prefix:
    """Return the segments of a prefix to take away: of a relative directory, an absolute one or a file url.

    One that no path can begin with takes nothing away.
    """
    text = (prefix or "").strip()
    try:
        found = _segments(_local(text) if _FILE.fullmatch(text) else text.replace("\\", "/"))
    except (errors.Rejected, UnicodeDecodeError):
        return ()
    return found if found[-1:] != [""] else found[:-1]


def _place(spot: Spot, run: Run, prefix: Prefix) -> Place:
    match scheme(spot.uri):
        case "http" | "https":
            return _input(spot.uri, _logical(spot.location, run))
        case "tcp" | "udp":
            return _port(spot.uri)
        case _:
            path = file_path(_below_root(spot.uri, prefix), ())
            return Place(VulnerabilityType.LINES, path, str(spot.region.start_line or 0))


def _below_root(uri: str, prefix: Prefix) -> str:
    """Return the path below the root: whole segments are taken away, ``src`` is no prefix of ``srcs/a.py``."""
    steps = _segments(_local(uri))
    path = "/".join(steps[len(prefix) :] if steps[: len(prefix)] == list(prefix) else steps)
    if _DRIVE.match(path):
        raise errors.Rejected(errors.Reason.BAD_FORMAT)
    return path


def _local(uri: str) -> str:
    """Return the path of a relative uri or a file url, percent-decoded once, with ``/`` between its segments."""
    known = scheme(uri)
    if known and known != "file" and len(known) > 1:
        raise errors.Rejected(errors.Reason.BAD_FORMAT)
    match = _FILE.fullmatch(uri)
    host = (match["host"] or "").lower() if match else ""
    path = unquote(match["path"] if match else uri, errors="strict")
    text = one_line(path if host in {"", "localhost"} else f"//{host}{path}", (), low=1, high=MAX_URI)
    return _ROOTED_DRIVE.sub("", text.replace("\\", "/"), count=1) if match else text.replace("\\", "/")


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment != "."]


def _input(uri: str, logical: Iterator[LogicalLocation]) -> Place:
    parts = split_url(url_text(uri, (), high=MAX_URI), ())
    where = parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), query="", fragment="").geturl()
    return Place(VulnerabilityType.INPUTS, page_url(where, ()), field_name(_field(parts, logical), ()))


def _field(parts: SplitResult, logical: Iterator[LogicalLocation]) -> str:
    parameters = ((one.name or one.fully_qualified_name or "").strip() for one in logical if one.kind == "parameter")
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if name})
    return next(filter(None, parameters), ",".join(names)) or NO_FIELD


def _logical(location: Location, run: Run) -> Iterator[LogicalLocation]:
    """Yield the logical locations; one that only points at those of the run is what it points at."""
    known = run.logical_locations or ()
    for logical in location.logical_locations or ():
        index = -1 if logical.kind is not None or logical.index is None else logical.index
        yield known[index] if 0 <= index < len(known) else logical


def _port(uri: str) -> Place:
    parts = split_url(url_text(uri, (), high=MAX_URI), ())
    if parts.hostname is None or parts.port is None:
        raise errors.Rejected(errors.Reason.BAD_FORMAT)
    return Place(VulnerabilityType.PORTS, address(parts.hostname, ()), str(parts.port))
