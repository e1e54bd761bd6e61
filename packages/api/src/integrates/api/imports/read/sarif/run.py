"""Runs: their tool and category, and whether what they do not report is gone (domain section 8, *series*, *close-missing*)."""

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import chain

from msgspec import Struct

from integrates.api.imports.read.error import Defect
from integrates.api.imports.read.location import PlaceOf
from integrates.api.imports.read.name import series_name
from integrates.api.imports.read.observation import Series, SeriesKey
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.sarif.document import Invocation, Notification, Run
from integrates.api.imports.read.sarif.fingerprint import Name, constant_names
from integrates.api.imports.read.sarif.rule import Catalogue, catalogue
from integrates.api.imports.read.sarif.uri import Uris, uris
from integrates.db_model.imports.types import ClosingOutcome
from integrates.db_model.vulnerabilities.types import VulnerabilityType


class ToolRun(Struct, frozen=True):
    """One run of a tool: ``document`` as the file has it, with what holds for all of its results.

    ``own_tool`` is the name that the file gives the tool, ``constant`` has the names of fingerprints that are the same in all
    results.
    """

    pointer: str
    document: Run
    own_tool: str
    tool: str
    category: str
    rules: Catalogue
    uris: Uris
    constant: frozenset[Name]

    @property
    def series(self) -> SeriesKey:
        """Return the series that the run belongs to."""
        return self.tool, self.category


def name_of_tool(driver: str | None) -> str:
    """Return the name that a file gives its tool, in lower case; empty when it gives none."""
    return series_name((driver or "").lower())


def tool_run(index: int, run: Run, options: Options) -> ToolRun | Defect:
    """Prepare a run: the tool is its driver in lower case, the category its id up to the last ``/``, unless told otherwise."""
    pointer = f"/runs/{index}"
    own_tool = name_of_tool(run.tool.driver.name)
    tool = options.tool or own_tool
    if not tool and run.results:
        return Defect(f"{pointer}/tool/driver/name", "The tool has no name:")
    identity = (run.automation_details.id if run.automation_details else None) or ""
    category = series_name(identity[: identity.rfind("/") + 1]) if options.category is None else options.category
    return ToolRun(pointer, run, own_tool, tool, category, catalogue(run), uris(run), constant_names(run.results or ()))


def series_of(runs: Sequence[ToolRun], place_of: PlaceOf) -> tuple[Series, ...]:
    """Return each series once, in order of appearance. One run that is not complete makes its series incomplete."""
    found: dict[SeriesKey, list[Series]] = {}
    for one in runs:
        if one.tool:
            found.setdefault(one.series, []).append(_series(one, place_of))
    return tuple(reduce(_joined, parts) for parts in found.values())


def _joined(one: Series, other: Series) -> Series:
    outcomes = {one.outcome, other.outcome}
    worst = next(each for each in _WORST_FIRST if each in outcomes)
    whole = next((each for each in (one, other) if each.outcome is not ClosingOutcome.DONE and not each.spared), None)
    return Series(one.tool, one.category, worst, frozenset() if whole else one.spared | other.spared)


_WORST_FIRST = (ClosingOutcome.OFF, ClosingOutcome.NOT_SUCCESSFUL, ClosingOutcome.UNPLACED_RESULTS, ClosingOutcome.DONE)


def _series(run: ToolRun, place_of: PlaceOf) -> Series:
    if run.document.results is None:
        return Series(*run.series, ClosingOutcome.OFF)
    invocations = run.document.invocations or ()
    errors = [one for each in invocations for one in _errors(each)]
    if not errors and not any(map(_has_failed, invocations)):
        return Series(*run.series, ClosingOutcome.DONE)
    files = [_files(one, run, place_of) for one in errors]
    only_there = bool(errors) and all(files) and not any(map(_has_failed, invocations))
    return Series(*run.series, ClosingOutcome.NOT_SUCCESSFUL, frozenset(chain(*files)) if only_there else frozenset())


def _has_failed(invocation: Invocation) -> bool:
    return (
        invocation.execution_successful is False
        or bool(invocation.exit_signal_name)
        or bool(invocation.process_start_failure_message)
    )


def _errors(invocation: Invocation) -> Iterator[Notification]:
    told = (invocation.tool_execution_notifications, invocation.tool_configuration_notifications)
    return (one for one in chain(*(each or () for each in told)) if one.level == "error")


def _files(notification: Notification, run: ToolRun, place_of: PlaceOf) -> frozenset[str]:
    """Return the files that a notification is about, empty when one of its locations is no file."""
    physical = [one.physical_location for one in notification.locations or ()]
    uris_there = [run.uris.resolved(one.artifact_location) if one and one.artifact_location else None for one in physical]
    places = [place_of(uri, run.uris.bases) if uri is not None else None for uri in uris_there]
    files = [place.where for place in places if place and place.type is VulnerabilityType.LINES]
    return frozenset(files) if len(files) == len(places) else frozenset()
