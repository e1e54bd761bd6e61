"""The reader of Semgrep's JSON (domain section 19, row *SEMGREP*)."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Raw, Struct, inspect

from integrates.api.imports.read.decode import TopLevel, top_members
from integrates.api.imports.read.identity import fingerprint, line_fingerprint
from integrates.api.imports.read.mend import NULL, decoded_or, tolerant
from integrates.api.imports.read.observation import Fingerprint, Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.result import IN_SOURCE, Paths, Result, Source, line_in, paths, scan_of, spared
from integrates.api.imports.read.strict import each_of, made
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.vulnerabilities.types import Suppression

_WITHHELD: Final = "requires login"
"""What stands for what Semgrep tells only those who are logged in."""
_FINGERPRINT: Final = "matchBasedId/v1"
"""The name that the fingerprint has in Semgrep's SARIF."""
_ERROR: Final = "error"
_CUT_SHORT: Final = frozenset(
    {
        "Fixpoint timeout",
        "OOM during interfile analysis",
        "Out of memory",
        "Stack overflow",
        "Timeout",
        "Timeout during interfile analysis",
    }
)
"""Warnings after which Semgrep itself takes nothing for fixed, because it gave a file up (``is_scan_failure``)."""
_TEXT: Final[msgspec.json.Decoder[str]] = msgspec.json.Decoder(str)


class Position(Struct, frozen=True, gc=False):
    """Where a result begins."""

    line: int | float | None = None


class Metadata(Struct, frozen=True):
    """What the author of a rule says of it."""

    cwe: str | int | tuple[str | int, ...] | None = None


_METADATA: Final = tolerant(inspect.type_info(Metadata))


class Extra(Struct, frozen=True):
    """All but what was found where."""

    message: str | None = None
    metadata: Raw = NULL
    severity: str | None = None
    fix: str | None = None
    lines: str | None = None
    fingerprint: str | None = None
    is_ignored: bool | None = None


class Found(Struct, frozen=True):
    """A result."""

    check_id: str | None = None
    path: str | None = None
    start: Position | None = None
    extra: Extra | None = None


class Failure(Struct, frozen=True):
    """What went wrong. Its type is a text where it is one of those that matter."""

    level: str | None = None
    path: str | None = None
    type: Raw = NULL


class Report(Struct, frozen=True):
    """A whole file."""

    results: tuple[Raw, ...]
    errors: tuple[Raw, ...]


def detects(top: TopLevel) -> bool:
    """Return whether the file is Semgrep's. Bandit's has ``metrics``, too."""
    names = top_members(top).keys()
    return {"results", "errors"} <= names and "metrics" not in names


def read(content: bytes, options: Options) -> Scan:
    """Read a report of Semgrep. Raise ``TooLarge`` and ``BadFile``."""
    report, find = made(Report, content), paths(options)
    unread = spared(_unread(report), find)
    source = Source(format=ImportFormat.SEMGREP, tool="semgrep", complete=unread is not None, spared=unread or frozenset())
    return scan_of(source, (_result(one, where, find) for where, one in each_of(Found, report.results, "/results")), options)


def _unread(report: Report) -> Iterator[str | None]:
    """Yield the files at which Semgrep failed, ``None`` where it does not say at which."""
    for _, one in each_of(Failure, report.errors, "/errors"):
        if (one.level or _ERROR).lower() == _ERROR or decoded_or(_TEXT, one.type, None) in _CUT_SHORT:
            yield one.path


def _result(one: Found, pointer: str, find: Paths) -> Result:
    extra = one.extra or Extra()
    location = line_in(one.path, find, one.start.line if one.start else None)
    lines = _told(extra.lines)
    return Result(
        pointer=pointer,
        rule_id=one.check_id,
        at=location,
        uri=one.path,
        title=one.check_id.rpartition(".")[2] if one.check_id else None,
        description=extra.message,
        recommendation=extra.fix,
        cwe=_classes(extra.metadata),
        word=extra.severity,
        fingerprint=_fingerprint(_told(extra.fingerprint), find(one.path) if one.path else None, lines),
        suppression=Suppression(kind=IN_SOURCE) if extra.is_ignored else None,
        snippet=lines,
        detail=extra.message,
    )


def _told(text: str | None) -> str | None:
    return None if text is None or text.strip() == _WITHHELD else text


def _classes(given: Raw) -> Sequence[str | int | None]:
    """Return the classes that the author of a rule gives, if that is what stands there: the metadata have no form."""
    metadata = _METADATA(given)
    cwe = metadata.cwe if isinstance(metadata, Metadata) else None
    return cwe if isinstance(cwe, tuple) else (cwe,)


def _fingerprint(given: str | None, where: str | None, lines: str | None) -> Fingerprint | None:
    """Return Semgrep's own, as its SARIF has it, else that of the first line."""
    own = (given or "").strip()
    if own:
        return fingerprint(_FINGERPRINT, f"{_FINGERPRINT}={own}")
    return line_fingerprint(where, (lines or "").partition("\n")[0]) if where else None
