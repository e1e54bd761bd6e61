"""Where results are: which of their locations counts, and what it names (domain section 8, *Result → Vulnerability*)."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from msgspec import Struct

from integrates.api.imports.read.location import Place, location_at
from integrates.api.imports.read.observation import Location, SkipReason
from integrates.api.imports.read.sarif.document import LogicalLocation, Region, Result, ResultLocation, Run
from integrates.api.imports.read.sarif.uri import UriOf

PlaceOf: TypeAlias = Callable[[str], Place | None]


class ResolvedLocation(Struct, frozen=True):
    """The location of a result that counts, as the file gives it, and its resolved uri."""

    uri: str
    location: ResultLocation
    region: Region


def resolved_location(result: Result, uri_of: UriOf) -> ResolvedLocation | None:
    """Return the first of the result's locations that names a file or another resource."""
    for location in result.locations or ():
        physical = location.physical_location
        uri = uri_of(physical.artifact_location) if physical and physical.artifact_location else None
        if physical and uri is not None:
            return ResolvedLocation(uri, location, physical.region or Region())
    return None


def location_of(found: ResolvedLocation, run: Run, place_of: PlaceOf) -> Location | SkipReason:
    """Return the location of the weakness, or ``BAD_PATH``."""
    logical = _logical(found.location, run)
    parameters = (one.name or one.fully_qualified_name or "" for one in logical if one.kind == "parameter")
    return location_at(place_of(found.uri), found.region.start_line or 0, parameters)


def _logical(location: ResultLocation, run: Run) -> Iterator[LogicalLocation]:
    """Yield the logical locations; one that only points at those of the run is what it points at."""
    known = run.logical_locations or ()
    for logical in location.logical_locations or ():
        index = -1 if logical.kind is not None or logical.index is None else logical.index
        yield known[index] if 0 <= index < len(known) else logical
