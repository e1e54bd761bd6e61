"""Locations: where SARIF says that a vulnerability is, so that reading it gives the same place."""

from collections.abc import Mapping
from typing import Any, Final, assert_never
from urllib.parse import quote

from integrates.api.exports.sarif.rule import present
from integrates.api.imports.read.location import NO_FIELD
from integrates.db_model.roots.types import Root
from integrates.db_model.values.url import bracketed, uri_of
from integrates.db_model.vulnerabilities.location import MAX_WHERE
from integrates.db_model.vulnerabilities.types import Mark, Vulnerability, VulnerabilityType

_WHOLE_FILE: Final = "0"


def told_at(found: Vulnerability, root: Root) -> Mapping[str, Any]:
    """Return the ``location`` of a vulnerability. Paths are relative to the root, which the run has as a base of uris."""
    return present(
        physicalLocation=present(
            artifactLocation=present(uri=_uri(found), uriBaseId=root.info.nickname if is_path(found) else None),
            region=_region(found),
        ),
        logicalLocations=_logical(found),
    )


def is_shown(found: Vulnerability) -> bool:
    """Return whether the snippet has a place in SARIF: a region needs a line or an offset."""
    return bool(_begin(found))


def is_path(found: Vulnerability) -> bool:
    """Return whether it is at a path, which is relative to that of the root."""
    return found.type in {VulnerabilityType.LINES, VulnerabilityType.PACKAGES}


def _uri(found: Vulnerability) -> str:
    where = found.location.where
    match found.type:
        case VulnerabilityType.LINES | VulnerabilityType.PACKAGES:
            # What begins like a drive is not one when another segment stands before it.
            return f"./{quote(where)}" if ":" in where.partition("/")[0] else quote(where)
        case VulnerabilityType.INPUTS:
            uri = uri_of(where)
            return uri if len(uri) <= MAX_WHERE else where  # else it could not be read again
        case VulnerabilityType.PORTS:
            return f"tcp://{bracketed(where)}:{found.location.specific}"
    assert_never(found.type)


def _begin(found: Vulnerability) -> Mapping[str, Any]:
    mark = found.tool.mark if found.tool else Mark()
    is_line = found.type is VulnerabilityType.LINES and found.location.specific != _WHOLE_FILE
    begin = present(
        startLine=int(found.location.specific) if is_line else None,
        charOffset=mark.char_offset,
        byteOffset=mark.byte_offset,
    )
    return {**begin, "startColumn": mark.start_column} if begin and mark.start_column else begin


def _region(found: Vulnerability) -> Mapping[str, Any]:
    begin = _begin(found)
    return {**begin, **present(snippet=present(text=found.location.snippet))} if begin else {}


def _logical(found: Vulnerability) -> list[Mapping[str, Any]]:
    specific = found.location.specific
    if found.type is VulnerabilityType.INPUTS and specific != NO_FIELD:
        return [{"name": specific, "kind": "parameter"}]
    return [{"name": specific, "kind": "package"}] if found.type is VulnerabilityType.PACKAGES else []
