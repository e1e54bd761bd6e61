"""Locations of weaknesses, from what tools write: paths, file urls, urls of pages and of ports (domain section 8)."""

import re
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias, assert_never
from urllib.parse import unquote, unquote_plus

from msgspec import Struct

from integrates.api.imports.read.observation import Location, SkipReason
from integrates.api.imports.read.text import line as on_one_line
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.values.text import one_line
from integrates.db_model.values.url import address, split_url, url_text
from integrates.db_model.vulnerabilities.location import MAX_FIELD, MAX_WHERE, file_path, page_url
from integrates.db_model.vulnerabilities.types import VulnerabilityType

Steps: TypeAlias = tuple[str, ...]
"""The segments of a path. The first of an absolute one is empty, or a drive in lower case."""

MAX_URI: Final = 16_384
"""Longest uri that is looked at: what is cut here is too long for any location."""
NO_FIELD: Final = "general"
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FILE: Final = re.compile(r"file:(?://(?P<host>[^/\\]*)(?=[/\\]|$))?(?P<path>.*)", re.IGNORECASE | re.DOTALL)
_ROOTED_DRIVE: Final = re.compile(r"/(?=[A-Za-z]:)")
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_ABSOLUTE: Final = re.compile(r"^(?:[A-Za-z]:)?[/\\]+")
_NOT_IN_PATHS: Final = re.compile(r"[\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What a path may not hold."""


class Uri(Struct, frozen=True):
    """A uri as a file gives it, and the folders that it is relative to, as far as they lie below the root."""

    text: str
    below: Steps = ()


class Wish(Struct, frozen=True):
    """What the caller says of the paths: the directory that they lose, and the folders that are put in front of them."""

    strip: str = ""
    add: Steps = ()


class Place(Struct, frozen=True):
    """What a uri says of a location. ``specific`` is empty for a file: its line stands elsewhere."""

    type: VulnerabilityType
    where: str
    specific: str


Bases: TypeAlias = tuple[str, ...]
"""Absolute directories, each with a ``/`` at its end."""
PlaceOf: TypeAlias = Callable[[Uri, Bases], Place | None]


def scheme(uri: str) -> str:
    """Return the scheme in lower case, empty for a relative uri. A drive letter looks like a scheme of one letter."""
    match = _SCHEME.match(uri)
    return match[0][:-1].lower() if match else ""


def wish(strip_prefix: str | None, add_prefix: str | None) -> Wish:
    """Return what the caller says of the paths, as it is compared with them."""
    added = (add_prefix or "").strip().replace("\\", "/").split("/")
    return Wish(_with_slash(_given_steps((strip_prefix or "").strip())), tuple(step for step in added if step not in {"", "."}))


def directory(given: str) -> str:
    """Return an absolute directory, a path or a file url, with a ``/`` at its end; empty for anything else."""
    steps = _given_steps(given)
    return _with_slash(steps) if _is_absolute(steps) else ""


def steps_of(uri: str) -> Steps | None:
    """Return the segments of the path of a uri, ``None`` when it is none."""
    try:
        return _steps(_local(uri))
    except (Rejected, UnicodeDecodeError):
        return None


def folder(steps: Steps) -> Steps:
    """Go up where a path does so. What would leave a relative path stays; nothing leaves the root of a disk."""
    if ".." not in steps:
        return steps
    kept: list[str] = []
    for step in steps:
        if step != ".." or not kept or kept[-1] == "..":
            kept.append(step)
        elif not _is_absolute((kept[-1],)):
            kept.pop()
    return tuple(kept)


def place_at(uri: Uri, bases: Bases, wished: Wish) -> Place | None:
    """Return the place that a uri names: a file, a page or a port; ``None`` when it names none below the root.

    ``bases`` are absolute directories of which each is the root; the longest that fits counts. Many results can share a long
    uri, so that it should be read once.
    """
    try:
        match scheme(uri.text):
            case "http" | "https":
                return _page(uri.text)
            case "tcp" | "udp":
                return _port(uri.text)
            case _:
                return Place(VulnerabilityType.LINES, file_path(_below_root(uri, bases, wished), ()), "")
    except (Rejected, UnicodeDecodeError):
        return None


def page_at(uri: str) -> Place | None:
    """Return the page that an http or https url names, with the names in its query; ``None`` for anything else."""
    try:
        return _page(uri)
    except Rejected:
        return None


def path_at(path: str, wished: Wish) -> str | None:
    """Return the path below the root that a path names, which is taken literally; ``None`` when it names none."""
    try:
        given = _steps(_with_drive(one_line(path, (), low=1, high=MAX_URI)))
        return file_path(_below(given, (), wished), ())
    except Rejected:
        return None


def rooted_path_at(path: str, wished: Wish) -> str | None:
    """Return the path below the root as :func:`path_at` does, of a tool that sees the root as the root of its disk."""
    return path_at(path, wished) or path_at(_ABSOLUTE.sub("", path[:MAX_URI]), wished)


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
        case VulnerabilityType.PORTS | VulnerabilityType.PACKAGES:
            return Location(place.type, place.where, place.specific)
        case VulnerabilityType.INPUTS:
            names = (on_one_line(name, MAX_FIELD) for name in parameters)
            return Location(place.type, place.where, next(filter(None, names), place.specific))
    assert_never(place.type)


def named_location(name: str) -> Location | None:
    """Return the location of something that has a name but no file, e.g. a package; ``None`` when nothing is left of it."""
    text = on_one_line(_NOT_IN_PATHS.sub("/", name[: 4 * MAX_WHERE]), MAX_WHERE).lstrip("=/ ")
    steps = tuple(step for step in text.split("/") if step not in {"", ".", ".."})
    try:
        where = "/".join((steps[0].rstrip(":"), *steps[1:])) if _is_absolute(steps) else "/".join(steps)
        return Location(VulnerabilityType.LINES, file_path(where, ()), "0")
    except Rejected:
        return None


def _below_root(uri: Uri, bases: Bases, wished: Wish) -> str:
    given = _steps(_local(uri.text))
    return _below(given if _is_absolute(given) else (*uri.below, *given), bases, wished)


def _below(given: Steps, bases: Bases, wished: Wish) -> str:
    """Return the path below the root: whole segments are taken away, ``src`` is no prefix of ``srcs/a.py``."""
    path = _with_slash(folder(given))
    is_stripped = bool(wished.strip) and path.startswith(wished.strip)
    beginnings = (wished.strip,) if is_stripped else (one for one in bases if path.startswith(one))
    rest = tuple(path[max(map(len, beginnings), default=0) : -1].split("/"))
    if _is_absolute(rest):
        raise Rejected(Reason.BAD_FORMAT)
    return "/".join(folder((*wished.add, *rest)))


def _given_steps(given: str) -> Steps:
    """Return the segments of a directory, relative, absolute or a file url; none when no path can begin with it."""
    try:
        return folder(_steps(_local(given) if _FILE.fullmatch(given) else _with_drive(given)))
    except (Rejected, UnicodeDecodeError):
        return ()


def _with_slash(steps: Steps) -> str:
    return "".join(f"{step}/" for step in steps)


def _is_absolute(steps: Steps) -> bool:
    return bool(steps) and (not steps[0] or _DRIVE.fullmatch(steps[0]) is not None)


def _local(uri: str) -> str:
    """Return the path of a relative uri or a file url, percent-decoded once, with ``/`` between its segments."""
    known = scheme(uri)
    if known and known != "file" and len(known) > 1:
        raise Rejected(Reason.BAD_FORMAT)
    match = _FILE.fullmatch(uri)
    host = (match["host"] or "").lower() if match else ""
    path = unquote(match["path"] if match else uri, errors="strict")
    return _with_drive(one_line(path if host in {"", "localhost"} else f"//{host}{path}", (), low=1, high=MAX_URI))


def _with_drive(path: str) -> str:
    """Return the path with ``/`` between its segments, and no ``/`` before a drive."""
    slashed = path.replace("\\", "/")
    return slashed[1:] if _ROOTED_DRIVE.match(slashed) else slashed


def _steps(path: str) -> Steps:
    """Return the segments that count; a drive is written in either case. Raise ``Rejected`` for ``C:a``: where is that?"""
    first, *rest = path.split("/")
    is_drive = _DRIVE.match(first) is not None
    if is_drive and not _DRIVE.fullmatch(first):
        raise Rejected(Reason.BAD_FORMAT)
    beginning = (first.lower() if is_drive else first,) if first not in {"", "."} else ()
    rooted = ("",) if not first and rest else ()
    return (*rooted, *beginning, *(step for step in rest if step not in {"", "."}))


def _page(uri: str) -> Place:
    parts = split_url(url_text(uri, (), high=MAX_URI), ())
    where = parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), query="", fragment="").geturl()
    return Place(VulnerabilityType.INPUTS, page_url(where, ()), _query_names(parts.query) or NO_FIELD)


def _query_names(query: str) -> str:
    """Return the sorted names in a query. Equal ones are decoded once: a file may have millions."""
    given = {one.partition("=")[0] for one in query.split("&")}
    return on_one_line(",".join(sorted({unquote_plus(name) for name in given if name})), MAX_FIELD)


def _port(uri: str) -> Place:
    parts = split_url(url_text(uri, (), high=MAX_URI), ())
    if parts.hostname is None or parts.port is None:
        raise Rejected(Reason.BAD_FORMAT)
    return Place(VulnerabilityType.PORTS, address(parts.hostname, ()), str(parts.port))
