"""The series of a file: whether what they do not report is closed (domain section 8, *close-missing left out*)."""

from collections.abc import Iterator, Mapping

from integrates.api.imports.read.observation import CHOSEN, Scan, Series, SeriesKey
from integrates.db_model.imports.types import ClosingOutcome, ImportOptions, SeriesClosing


def _outcome(series: Series, options: ImportOptions, unplaced: frozenset[SeriesKey]) -> ClosingOutcome:
    if not options.close_missing:
        return ClosingOutcome.OFF
    if series.outcome is ClosingOutcome.DONE and (series.tool, series.category) in unplaced:
        return ClosingOutcome.UNPLACED_RESULTS
    return series.outcome


def _judged(scan: Scan, options: ImportOptions) -> Iterator[tuple[Series, ClosingOutcome]]:
    unplaced = frozenset(one.series for one in scan.problems if one.reason not in CHOSEN and not one.is_foreign)
    for series in scan.series:
        outcome = _outcome(series, options, unplaced)
        failed_elsewhere = outcome is ClosingOutcome.NOT_SUCCESSFUL and (series.tool, series.category) in unplaced
        yield series, ClosingOutcome.UNPLACED_RESULTS if failed_elsewhere and series.spared else outcome


def closing_of(scan: Scan, options: ImportOptions) -> tuple[SeriesClosing, ...]:
    """Return what is known of closing before it begins."""
    return tuple(
        SeriesClosing(tool=one.tool, category=one.category, outcome=outcome) for one, outcome in _judged(scan, options)
    )


def closing_keys(scan: Scan, options: ImportOptions) -> frozenset[SeriesKey]:
    """Return the series that close what they do not report, where they looked: everywhere, or but for some files."""
    return frozenset(
        (one.tool, one.category)
        for one, outcome in _judged(scan, options)
        if outcome is ClosingOutcome.DONE or (outcome is ClosingOutcome.NOT_SUCCESSFUL and one.spared)
    )


def spared_paths(scan: Scan) -> Mapping[SeriesKey, frozenset[str]]:
    """Return the files at which the tool of each series failed: what the series saw there is not closed."""
    return {(one.tool, one.category): one.spared for one in scan.series}
