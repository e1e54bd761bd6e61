"""Uris of a run: what a location means once its bases are put before it (SARIF 2.1.0, sections 3.4 and 3.14.14)."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urljoin

from integrates.api.imports.read.location import MAX_URI, scheme
from integrates.api.imports.read.sarif.document import ArtifactLocation, Run

MAX_BASES: Final = 16
"""Longest chain of bases that is followed; a longer one is taken for a loop."""

_LOCAL: Final = re.compile(r"file:|[A-Za-z]:|[/\\]", re.IGNORECASE)


def resolved(location: ArtifactLocation, run: Run) -> str | None:
    """Return the location's uri, its bases put before it; ``None`` when it has none, empty when they lead nowhere.

    A location without a uri of its own takes that of the artifact it points at. Bases that are directories of the machine
    the tool ran on are dropped, and so are those that the run does not tell.
    """
    known = _pointed_at(location, run)
    if known is None or known.uri is None:
        return None
    return _based(known, run.original_uri_base_ids or {}, MAX_BASES)


def _pointed_at(location: ArtifactLocation, run: Run) -> ArtifactLocation | None:
    artifacts = run.artifacts or ()
    if location.uri is None and location.index is not None and 0 <= location.index < len(artifacts):
        return artifacts[location.index].location
    return location


def _based(location: ArtifactLocation, bases: Mapping[str, ArtifactLocation], left: int) -> str:
    uri = (location.uri or "").strip()[: MAX_URI + 1]
    if not left:
        return ""
    base = bases.get(location.uri_base_id or "")
    if base is None or scheme(uri) or uri.startswith("/"):
        return uri
    return _joined(_based(base, bases, left - 1), uri)[: MAX_URI + 1]


def _joined(base: str, uri: str) -> str:
    if not base or _LOCAL.match(base):
        return uri
    directory = base if base.endswith("/") else f"{base}/"
    return urljoin(directory, uri) if scheme(base) in {"http", "https"} else f"{directory}{uri}"
