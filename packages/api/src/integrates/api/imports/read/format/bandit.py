"""The reader of Bandit's JSON (domain section 19, row *BANDIT*)."""

from typing import Final

from msgspec import Raw, Struct

from integrates.api.imports.read.decode import TopLevel, top_members
from integrates.api.imports.read.identity import line_fingerprint
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.result import Paths, Result, Source, line_in, paths, scan_of, spared
from integrates.api.imports.read.strict import each_of, made
from integrates.db_model.imports.types import ImportFormat

_MEMBERS: Final = frozenset({"results", "metrics", "generated_at"})


class Weakness(Struct, frozen=True, gc=False):
    """The class of a weakness."""

    id: str | int | None = None


class Found(Struct, frozen=True):
    """A result. ``code`` has the lines around it, each behind its number."""

    test_id: str | None = None
    test_name: str | None = None
    issue_text: str | None = None
    more_info: str | None = None
    issue_cwe: Weakness | None = None
    issue_severity: str | None = None
    filename: str | None = None
    line_number: int | None = None
    code: str | None = None


class Failure(Struct, frozen=True, gc=False):
    """A file that could not be read."""

    filename: str | None = None


class Report(Struct, frozen=True):
    """A whole file."""

    results: tuple[Raw, ...]
    errors: tuple[Raw, ...] | None = None


def detects(top: TopLevel) -> bool:
    """Return whether the file is Bandit's."""
    return top_members(top).keys() >= _MEMBERS


def read(content: bytes, options: Options) -> Scan:
    """Read a report of Bandit. Raise ``TooLarge`` and ``BadFile``."""
    report, find = made(Report, content), paths(options)
    unread = spared((one.filename for _, one in each_of(Failure, report.errors or (), "/errors")), find)
    source = Source(format=ImportFormat.BANDIT, tool="bandit", complete=unread is not None, spared=unread or frozenset())
    return scan_of(source, (_result(one, where, find) for where, one in each_of(Found, report.results, "/results")), options)


def _result(one: Found, pointer: str, find: Paths) -> Result:
    line = _reported(one)
    where = find(one.filename) if one.filename else None
    return Result(
        pointer=pointer,
        rule_id=one.test_id,
        at=line_in(one.filename, find, one.line_number),
        uri=one.filename,
        title=": ".join(text for text in (one.test_id, one.test_name) if text),
        description="\n\n".join(text for text in (one.issue_text, one.more_info) if text),
        cwe=(one.issue_cwe.id,) if one.issue_cwe else (),
        word=one.issue_severity,
        fingerprint=line_fingerprint(where, line) if where else None,
        snippet=line,
        detail=one.issue_text,
    )


def _reported(one: Found) -> str | None:
    """Return the line at which the result is, without its number."""
    code = f"\n{one.code or ''}\n"
    for beginning in (f"\n{one.line_number} ", f"\n{one.line_number}\t"):
        start = code.find(beginning)
        if start >= 0:
            return code[start + len(beginning) : code.index("\n", start + 1)]
    return None
