"""The reader of generic CSV (domain section 19, row *GENERIC CSV*): RFC 4180, one vulnerability in each line."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, TypeAlias

import msgspec
from msgspec.structs import replace

from integrates.api.imports.read.decode import Columns, TopLevel
from integrates.api.imports.read.error import BadFile, Defect
from integrates.api.imports.read.format.generic import Rule, Seen, result_of, tool_of
from integrates.api.imports.read.name import MAX_NAME
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.result import Paths, Result, Source, paths, scan_of
from integrates.api.imports.read.strict import made
from integrates.api.imports.read.text import line
from integrates.db_model.imports.types import ImportFormat

MAX_LINE: Final = 100_000
"""Most characters of one line, line breaks in quotes included."""
TOOL: Final = "tool"
OF_RULE: Final = ("rule_id", "title", "description", "recommendation", "cwe_ids")
OF_SEEN: Final = (
    "type",
    "where",
    "specific",
    "technique",
    "fingerprint",
    "severity",
    "cvss_vector",
    "snippet",
    "detail",
    "suppressed",
)
OF_ADVISORY: Final[Mapping[str, str]] = {
    "advisory": "id",
    "package": "package",
    "version": "version",
    "fixed_version": "fixed_version",
    "purl": "purl",
}
"""The columns of an advisory, and the member that each is."""
COLUMNS: Final = (TOOL, *OF_RULE, *OF_SEEN, *OF_ADVISORY)
REQUIRED: Final = frozenset({TOOL, "rule_id", "title", "type", "where", "specific"})
_NOTHING: Final = "generic"
"""The tool of a table without lines, which names none."""
_TRUTHS: Final[Mapping[str, bool]] = {"true": True, "false": False}

Cells: TypeAlias = Mapping[str, str]
"""The cells of a line by their columns, less the empty ones, unless the column is required."""
Line: TypeAlias = tuple[int, Sequence[str]]
"""The cells of a line, and its number; of one with line breaks in quotes that of the first."""


def detects(top: TopLevel) -> bool:
    """Return whether the file is a table that has the columns of this format."""
    return isinstance(top, Columns) and set(top.names) >= REQUIRED


def read(content: bytes, options: Options) -> Scan:
    """Read a table. Raise ``TooLarge`` and ``BadFile``."""
    lines = _lines(content)
    columns = _columns(next(lines, (1, ()))[1])
    first = next(lines, None)
    tool = _NOTHING if first is None else _cells(columns, first)[TOOL]
    paths_of = paths(options)
    results = (_result(tool, columns, one, paths_of) for one in chain(() if first is None else (first,), lines))
    source = Source(
        format=ImportFormat.GENERIC_CSV,
        tool=tool_of(tool),
        complete=first is not None or options.tool is not None,
    )
    return scan_of(source, results, options)


def _lines(content: bytes) -> Iterator[Line]:
    """Yield the lines of a table one by one, so that no more is looked at than may be. Blank ones at its end are none."""
    _check_text(content)
    lines = enumerate(io.TextIOWrapper(io.BytesIO(content.rstrip(b"\r\n")), encoding="utf-8", newline=""), 1)
    for number, first in lines:
        try:
            yield number, next(csv.reader(_within_limit(number, first, lines), strict=True), [])
        except csv.Error as error:
            raise _bad(number, f"This is not CSV, {error}.") from None


def _check_text(content: bytes) -> None:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise _bad(1 + content.count(b"\n", 0, error.start), "This is not UTF-8 text.") from None
    if b"\0" in content:
        raise _bad(1 + content.count(b"\n", 0, content.index(b"\0")), "There is a NUL.")


def _within_limit(number: int, first: str, rest: Iterator[tuple[int, str]]) -> Iterator[str]:
    """Yield a line and those after it, as far as one line with line breaks in quotes may reach."""
    size = 0
    for one in chain((first,), (each for _, each in rest)):
        if size + len(one.rstrip("\r\n")) > MAX_LINE:
            raise _bad(number, f"It has more than {MAX_LINE:,} characters.")
        size += len(one)
        yield one


def _columns(head: Sequence[str]) -> Sequence[str]:
    unknown = [name for name in head if name not in COLUMNS]
    if unknown:
        raise BadFile([_defect(1, f"There is no such column (unknown_column): {line(name, MAX_NAME)}") for name in unknown])
    twice = next((name for name, count in Counter(head).items() if count > 1), None)
    if twice is not None:
        raise _bad(1, f"The column `{twice}` occurs twice.")
    return head


def _cells(columns: Sequence[str], given: Line) -> Cells:
    number, cells = given
    if len(cells) != len(columns):
        raise _bad(number, f"It has {len(cells):,} cells in place of {len(columns)}.")
    return {name: cell for name, cell in zip(columns, cells, strict=True) if cell or name in REQUIRED}


def _result(tool: str, columns: Sequence[str], given: Line, paths_of: Paths) -> Result:
    number, cells = given[0], _cells(columns, given)
    if cells[TOOL] != tool:
        raise _bad(number, "`tool` is not that of the lines above.")
    try:
        found = result_of(made(Rule, _rule(cells)), made(Seen, _seen(cells)), paths_of, ("", ""))
    except BadFile as error:
        raise BadFile([Defect(one.pointer, f"In line {number}: {one.message}") for one in error.defects]) from None
    return replace(found, pointer=f"line {number}")


def _rule(cells: Cells) -> bytes:
    lists = {"cwe_ids": cells["cwe_ids"].split(";")} if "cwe_ids" in cells else {}
    return msgspec.json.encode(_among(cells, OF_RULE) | lists)


def _seen(cells: Cells) -> bytes:
    advisory = {member: cells[name] for name, member in OF_ADVISORY.items() if name in cells}
    suppressed = {"suppressed": _TRUTHS[word]} if (word := cells.get("suppressed", "").lower()) in _TRUTHS else {}
    return msgspec.json.encode(_among(cells, OF_SEEN) | suppressed | ({"advisory": advisory} if advisory else {}))


def _among(cells: Cells, names: Sequence[str]) -> dict[str, object]:
    return {name: cells[name] for name in names if name in cells}


def _defect(number: int, message: str) -> Defect:
    return Defect("", f"In line {number}: {message}")


def _bad(number: int, message: str) -> BadFile:
    return BadFile((_defect(number, message),))
