"""The reader of Checkov's JSON (domain section 19, row *CHECKOV*)."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Final

import msgspec
from msgspec import Raw, Struct

from integrates.api.imports.read.decode import TopLevel, first_of, top_members
from integrates.api.imports.read.identity import fingerprint
from integrates.api.imports.read.mend import NULL, decoded_or, elements_of, parts_of
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.result import IN_SOURCE, Paths, Result, Source, line_in, rooted_paths, scan_of, spared
from integrates.api.imports.read.strict import each_of, made
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.vulnerabilities.types import Suppression

_REPORT: Final = frozenset({"check_type", "results"})
_SUMMARY: Final = frozenset({"passed", "failed", "checkov_version"})
_SECRETS: Final = "secrets"
"""The check whose code is not kept: it shows the beginning of a secret."""
_ORIGINS: Final = 100
"""Most passed checks of a type that are looked at for the folder in which Checkov ran."""


class Verdict(Struct, frozen=True, gc=False):
    """What became of a check."""

    suppress_comment: str | None = None


class Origin(Struct, frozen=True, gc=False):
    """A file, as it is called on the disk and below the folder in which Checkov ran."""

    file_abs_path: str | None = None
    repo_file_path: str | None = None


class Check(Struct, frozen=True):
    """A check that failed, or that a person left out."""

    check_id: str | None = None
    check_name: str | None = None
    guideline: str | None = None
    severity: str | None = None
    repo_file_path: str | None = None
    file_path: str | None = None
    file_line_range: tuple[int, ...] | None = None
    resource: str | None = None
    check_result: Raw = NULL
    code_block: Raw = NULL


class Results(Struct, frozen=True):
    """The checks of one type."""

    failed_checks: tuple[Raw, ...] | None = None
    skipped_checks: tuple[Raw, ...] | None = None
    parsing_errors: tuple[Raw, ...] | None = None
    passed_checks: Raw = NULL


class Summary(Struct, frozen=True, gc=False):
    """How many there are of each; it stands alone when Checkov found no file that it knows."""

    failed: int | None = None
    parsing_errors: int | None = None


class Report(Struct, frozen=True):
    """What one type of check found."""

    check_type: str
    results: Results
    summary: Raw = NULL


_ORIGIN: Final[msgspec.json.Decoder[Origin]] = msgspec.json.Decoder(Origin)
_VERDICT: Final[msgspec.json.Decoder[Verdict]] = msgspec.json.Decoder(Verdict)
_CODE: Final[msgspec.json.Decoder[tuple[tuple[int, str], ...]]] = msgspec.json.Decoder(tuple[tuple[int, str], ...])
_COUNTS: Final[msgspec.json.Decoder[Summary]] = msgspec.json.Decoder(Summary)


def detects(top: TopLevel) -> bool:
    """Return whether the file is Checkov's."""
    names = top_members(top).keys()
    return names >= _REPORT or names >= _SUMMARY or first_of(top).keys() >= _REPORT


def read(content: bytes, options: Options) -> Scan:
    """Read a report of Checkov, or one for each type of check. Raise ``TooLarge`` and ``BadFile``."""
    reports, find = tuple(_reports(content)), rooted_paths(options)
    unread = spared(_unread(reports), find)
    whole = unread is not None and not any(map(_keeps_back, reports))
    source = Source(format=ImportFormat.CHECKOV, tool="checkov", complete=whole, spared=unread or frozenset())
    return scan_of(source, chain.from_iterable(_results(where, one, find) for where, one in reports), options)


def _reports(content: bytes) -> Iterator[tuple[str, Report]]:
    """Yield the reports with their pointers. A summary that stands alone is one in which no check is listed."""
    members = parts_of(content)
    if members is None:
        yield from each_of(Report, made(tuple[Raw, ...], content), "")
    elif members.keys() >= _REPORT:
        yield "", made(Report, content)
    else:
        yield "", Report("", Results(), Raw(msgspec.json.encode(made(Summary, content))))


def _keeps_back(placed: tuple[str, Report]) -> bool:
    """Return whether a report counts what it does not list, as one with ``--quiet`` does with files that cannot be parsed."""
    _, report = placed
    counts = decoded_or(_COUNTS, report.summary, Summary())
    unlisted = report.results.failed_checks is None and counts.failed != 0
    return unlisted or (counts.parsing_errors or 0) > len(report.results.parsing_errors or ())


def _unread(reports: Sequence[tuple[str, Report]]) -> Iterator[str | None]:
    """Yield the files that could not be parsed, below the folder in which Checkov ran; ``None`` where that is not known."""
    folder = next(_folders(reports), None)
    for pointer, report in reports:
        for _, name in each_of(str, report.results.parsing_errors or (), f"{pointer}/results/parsing_errors"):
            file = name.replace("\\", "/")
            if folder is not None and file.startswith(f"{folder}/"):
                yield file[len(folder) :]
            else:
                yield None if file.startswith("/") else file


def _folders(reports: Sequence[tuple[str, Report]]) -> Iterator[str]:
    """Yield the folder in which Checkov ran, for each check that tells it."""
    for _, report in reports:
        results = report.results
        passed = elements_of(results.passed_checks) or ()
        for checks in (results.failed_checks or (), results.skipped_checks or (), passed):
            for check in islice(checks, _ORIGINS):
                origin = decoded_or(_ORIGIN, check, Origin())
                on_disk, below = (origin.file_abs_path or "").replace("\\", "/"), origin.repo_file_path
                if below and on_disk.endswith(below):
                    yield on_disk.removesuffix(below)


def _results(pointer: str, report: Report, find: Paths) -> Iterator[Result]:
    results, shown = report.results, report.check_type != _SECRETS
    for where, one in each_of(Check, results.failed_checks or (), f"{pointer}/results/failed_checks"):
        yield _result(one, where, find, None, shown=shown)
    for where, one in each_of(Check, results.skipped_checks or (), f"{pointer}/results/skipped_checks"):
        why = (decoded_or(_VERDICT, one.check_result, Verdict()).suppress_comment or "").strip()
        yield _result(one, where, find, Suppression(kind=IN_SOURCE, justification=why or None), shown=shown)


def _result(one: Check, pointer: str, find: Paths, suppression: Suppression | None, *, shown: bool) -> Result:
    file = one.repo_file_path or one.file_path
    where = find(file) if file else None
    return Result(
        pointer=pointer,
        rule_id=one.check_id,
        at=line_in(file, find, next(iter(one.file_line_range or ()), None)),
        uri=file,
        title=one.check_name,
        recommendation=one.guideline,
        word=one.severity,
        fingerprint=fingerprint("resource", f"{where}:resource={one.resource}") if where and one.resource else None,
        suppression=suppression,
        snippet="".join(text for _, text in decoded_or(_CODE, one.code_block, ())) if shown else None,
    )
