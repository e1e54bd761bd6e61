"""The reader of generic JSON (domain section 19, row *GENERIC JSON*)."""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw, Struct

from integrates.api.imports.read.decode import TopLevel, top_members
from integrates.api.imports.read.error import BadFile, Defect
from integrates.api.imports.read.format.generic import Rule, Seen, category_of, result_of, tool_of
from integrates.api.imports.read.mend import NULL
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.result import Result, Source, paths, scan_of
from integrates.api.imports.read.strict import each_of, made
from integrates.db_model.imports.types import ImportFormat

NAME: Final = "integrates-generic"
VERSION: Final = 1


class Report(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole file."""

    format: str
    version: int
    tool: str
    findings: tuple[Raw, ...]
    category: str | None = None
    complete: bool | None = None


def detects(top: TopLevel) -> bool:
    """Return whether the file says that it is of this format."""
    given = top_members(top).get("format", NULL)
    return bytes(memoryview(given)[: 6 * len(NAME)]) == msgspec.json.encode(NAME)


def read(content: bytes, options: Options) -> Scan:
    """Read a file of generic JSON. Raise ``TooLarge`` and ``BadFile``."""
    report = made(Report, content)
    if report.version != VERSION:
        raise BadFile((Defect("/version", f"Expected {VERSION}:"),))
    source = Source(
        format=ImportFormat.GENERIC_JSON,
        tool=tool_of(report.tool),
        category=category_of(report.category),
        complete=report.complete is not False,
    )
    return scan_of(source, _results(report, options), options)


def _results(report: Report, options: Options) -> Iterator[Result]:
    found = paths(options)
    for above, rule in each_of(Rule, report.findings, "/findings"):
        for pointer, seen in each_of(Seen, rule.vulnerabilities or (), f"{above}/vulnerabilities"):
            yield result_of(rule, seen, found, (above, pointer))
