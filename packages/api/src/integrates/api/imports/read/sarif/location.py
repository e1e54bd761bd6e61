"""Where results are: which of their locations counts, and what it names (domain section 8, *Result → Vulnerability*)."""

from collections.abc import Iterator

from msgspec import Struct

from integrates.api.imports.read.location import Place, Uri, location_at
from integrates.api.imports.read.observation import Location, SkipReason
from integrates.api.imports.read.sarif.document import (
    LogicalLocation,
    PhysicalLocation,
    Region,
    Result,
    ResultLocation,
    Run,
)
from integrates.api.imports.read.sarif.uri import Uris
from integrates.db_model.vulnerabilities.location import MAX_WHERE


class ResolvedLocation(Struct, frozen=True):
    """The location of a result that counts, as the file gives it, and its resolved uri."""

    uri: Uri
    location: ResultLocation
    physical: PhysicalLocation

    @property
    def region(self) -> Region:
        """Return the part of the file."""
        return self.physical.region or Region()


def resolved_location(result: Result, uris: Uris) -> ResolvedLocation | None:
    """Return the first of the result's locations that names a file or another resource."""
    for location in result.locations or ():
        physical = location.physical_location
        uri = uris.resolved(physical.artifact_location) if physical and physical.artifact_location else None
        if physical and uri is not None:
            return ResolvedLocation(uri, location, physical)
    return None


def location_of(found: ResolvedLocation, run: Run, place: Place | None) -> Location | SkipReason:
    """Return the location of the weakness, or ``BAD_PATH``."""
    named = (one for one in logical_locations(found.location, run) if one.kind == "parameter")
    parameters = (one.name or one.fully_qualified_name or "" for one in named)
    return location_at(place, found.region.start_line or 0, parameters)


def first_logical(result: Result, run: Run) -> LogicalLocation | None:
    """Return the first logical location of a result that has a name."""
    found = (one for each in result.locations or () for one in logical_locations(each, run))
    return next((one for one in found if (name_of(one) or "")[:MAX_WHERE].strip()), None)


def name_of(logical: LogicalLocation) -> str | None:
    """Return what a logical location is called."""
    return logical.fully_qualified_name or logical.name


def logical_locations(location: ResultLocation, run: Run) -> Iterator[LogicalLocation]:
    """Yield the logical locations; what one does not say itself, it has from that of the run that it points at."""
    known = run.logical_locations or ()
    for own in location.logical_locations or ():
        if own.index is None or not 0 <= own.index < len(known):
            yield own
        else:
            there = known[own.index]
            yield LogicalLocation(
                name=own.name or there.name,
                fully_qualified_name=own.fully_qualified_name or there.fully_qualified_name,
                kind=own.kind or there.kind,
            )
