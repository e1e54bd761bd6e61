"""Uris of a run: what a location means once its bases are put before it (SARIF 2.1.0, sections 3.4 and 3.14.14)."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain, islice
from typing import Final
from urllib.parse import urljoin

from msgspec import Struct

from integrates.api.imports.read.location import MAX_URI, Bases, Steps, Uri, directory, folder, scheme, steps_of
from integrates.api.imports.read.sarif.document import ArtifactLocation, Run
from integrates.api.imports.read.text import trimmed
from integrates.db_model.vulnerabilities.location import MAX_WHERE

MAX_BASES: Final = 16
"""Longest chain of bases that is followed; a longer one is taken for a loop."""

MAX_DIRECTORIES: Final = 100
"""Most directories of a run that paths are compared with."""

_PAGES: Final = frozenset({"http", "https"})
_LOCAL: Final = re.compile(r"file:|[A-Za-z]:|[/\\]", re.IGNORECASE)
_NOWHERE: Final = Uri("")


class Uris(Struct, frozen=True):
    """The uris of a run.

    ``resolved`` returns the uri of a location, the bases of the run put before it; ``None`` when it has none, empty when they
    lead nowhere. ``bases`` are the absolute directories that the run names as its own.
    """

    resolved: Callable[[ArtifactLocation], Uri | None]
    bases: Bases


class _Base(Struct, frozen=True):
    """What is put before a relative uri: a page, or folders below the root."""

    page: str = ""
    folders: Steps = ()


def uris(run: Run) -> Uris:
    """Prepare resolving the locations of a run, each location and each base once.

    A location without a uri of its own takes that of the artifact it points at. Bases that are directories of the machine
    the tool ran on are dropped, and so are those that the run does not define.
    """
    bases = run.original_uri_base_ids or {}

    @cache
    def base(name: str, left: int) -> _Base | None:
        """Return what the base means; ``None`` when no location can be below it, because it is too long or no uri."""
        if name not in bases or not left:
            return _Base()
        uri = _uri(bases[name])
        if scheme(uri) in _PAGES:
            return _Base(uri) if len(uri) <= MAX_WHERE else None
        if _LOCAL.match(uri):
            return _Base()
        above, steps = base(bases[name].uri_base_id or "", left - 1), steps_of(uri) if uri else ()
        return None if above is None or steps is None else _below(above, uri, steps)

    @cache
    def resolved(location: ArtifactLocation) -> Uri | None:
        known = _pointed_at(location, run)
        if known is None or known.uri is None:
            return None
        uri = _uri(known)
        above = _Base() if scheme(uri) or _LOCAL.match(uri) else base(known.uri_base_id or "", MAX_BASES)
        if above is None:
            return _NOWHERE
        return Uri(_joined(above.page, uri)) if above.page else Uri(uri, above.folders)

    return Uris(resolved, tuple(dict.fromkeys(_directories(run))))


def _uri(location: ArtifactLocation | None) -> str:
    """Return the uri, no more of it than says that it is too long; many locations may share a long one."""
    return trimmed((location.uri if location else None) or "", MAX_URI + 1)


def _below(above: _Base, uri: str, steps: Steps) -> _Base | None:
    if above.page:
        page = _joined(above.page, uri)
        return _Base(page) if len(page) <= MAX_WHERE else None
    folders = folder((*above.folders, *steps))
    return _Base(folders=folders) if sum(map(len, folders)) + len(folders) <= MAX_WHERE else None


def _joined(page: str, uri: str) -> str:
    return urljoin(page if page.endswith("/") else f"{page}/", uri)


def _directories(run: Run) -> Iterator[str]:
    """Yield the absolute directories that the run calls a base of its uris, or in which the tool worked."""
    named = (run.original_uri_base_ids or {}).values()
    worked_in = (one.working_directory for one in run.invocations or ())
    local = (uri for location in chain(named, worked_in) if _LOCAL.match(uri := _uri(location)))
    yield from filter(None, map(directory, islice(local, MAX_DIRECTORIES)))


def _pointed_at(location: ArtifactLocation, run: Run) -> ArtifactLocation | None:
    artifacts = run.artifacts or ()
    if location.uri is None and location.index is not None and 0 <= location.index < len(artifacts):
        return artifacts[location.index].location
    return location
