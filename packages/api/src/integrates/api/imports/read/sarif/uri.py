"""Uris of a run: what a location means once its bases are put before it (SARIF 2.1.0, sections 3.4 and 3.14.14)."""

import re
from collections.abc import Callable
from functools import cache
from typing import Final, TypeAlias
from urllib.parse import urljoin

from integrates.api.imports.read.location import MAX_URI, scheme
from integrates.api.imports.read.sarif.document import ArtifactLocation, Run

MAX_BASES: Final = 16
"""Longest chain of bases that is followed; a longer one is taken for a loop."""

_LOCAL: Final = re.compile(r"file:|[A-Za-z]:|[/\\]", re.IGNORECASE)


UriOf: TypeAlias = Callable[[ArtifactLocation], str | None]
"""The uri of a location, its bases put before it; ``None`` when it has none, empty when they lead nowhere."""


def uris(run: Run) -> UriOf:
    """Return the function that resolves the locations of a run, each location and each base once.

    A location without a uri of its own takes that of the artifact it points at. Bases that are directories of the machine
    the tool ran on are dropped, and so are those that the run does not define.
    """
    bases = run.original_uri_base_ids or {}

    @cache
    def base(name: str, left: int) -> str:
        return based(bases[name], left) if left else ""

    def based(location: ArtifactLocation, left: int) -> str:
        uri = (location.uri or "").strip()[: MAX_URI + 1]
        name = location.uri_base_id or ""
        if name not in bases or scheme(uri) or uri.startswith("/"):
            return uri
        return _joined(base(name, left - 1), uri)[: MAX_URI + 1]

    @cache
    def resolved(location: ArtifactLocation) -> str | None:
        known = _pointed_at(location, run)
        return None if known is None or known.uri is None else based(known, MAX_BASES)

    return resolved


def _pointed_at(location: ArtifactLocation, run: Run) -> ArtifactLocation | None:
    artifacts = run.artifacts or ()
    if location.uri is None and location.index is not None and 0 <= location.index < len(artifacts):
        return artifacts[location.index].location
    return location


def _joined(base: str, uri: str) -> str:
    if not base or _LOCAL.match(base):
        return uri
    directory = base if base.endswith("/") else f"{base}/"
    return urljoin(directory, uri) if scheme(base) in {"http", "https"} else f"{directory}{uri}"
