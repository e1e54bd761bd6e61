"""Locations of weaknesses, from what tools write: paths, file urls, urls of pages and of ports (domain section 8)."""

import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias
from urllib.parse import SplitResult, parse_qsl, unquote

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


def location_at(uri: str, line: int, parameters: Iterable[str], prefix: Prefix) -> Location | SkipReason:
    """Return the location that a uri names, or ``BAD_PATH``.

    It is ``line`` of a file (0: the whole file), its path without ``prefix`` (see :func:`segments`); or of a page the first of
    the ``parameters`` that has a name, else those of its query; or a port.
    """
    try:
        match scheme(uri):
            case "http" | "https":
                return _input(uri, parameters)
            case "tcp" | "udp":
                return _port(uri)
            case _:
                return Location(VulnerabilityType.LINES, file_path(_below_root(uri, prefix), ()), str(line))
    except (Rejected, UnicodeDecodeError):
        return SkipReason.BAD_PATH


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


def _input(uri: str, parameters: Iterable[str]) -> Location:
    parts = split_url(url_text(uri, (), high=MAX_URI), ())
    where = parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), query="", fragment="").geturl()
    return Location(VulnerabilityType.INPUTS, page_url(where, ()), field_name(_field(parts, parameters), ()))


def _field(parts: SplitResult, parameters: Iterable[str]) -> str:
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if name})
    return next(filter(None, map(str.strip, parameters)), ",".join(names)) or NO_FIELD


def _port(uri: str) -> Location:
    parts = split_url(url_text(uri, (), high=MAX_URI), ())
    if parts.hostname is None or parts.port is None:
        raise Rejected(Reason.BAD_FORMAT)
    return Location(VulnerabilityType.PORTS, address(parts.hostname, ()), str(parts.port))
