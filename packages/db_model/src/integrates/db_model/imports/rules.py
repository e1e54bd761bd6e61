"""What an import may be, and its life: pure changes of its progress and its state (domain section 8)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.entity.rules import ENTITY, MAX_COUNT, by
from integrates.db_model.entity.work import LEASE
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.imports.types import (
    Import,
    ImportCounts,
    ImportFormat,
    ImportProgress,
    ImportState,
    ImportStatus,
    SeriesClosing,
)
from integrates.db_model.values.check import Arguments, as_given, at_most, number, one_of, remembered, whole_of
from integrates.db_model.values.text import (
    category,
    digest,
    file_name,
    identifier,
    multi_line,
    name,
    one_line,
    prefix,
    tool_name,
    word,
)
from integrates.db_model.vulnerabilities.location import file_path
from integrates.db_model.vulnerabilities.types import Technique

C = TypeVar("C", bound=Struct)

MAX_BYTES: Final = 20 * 1024 * 1024
MAX_PROBLEMS: Final = 100
MAX_URI: Final = 300
"""Most characters of the location of a problem that are kept."""
MAX_IMAGE: Final = 600
MAX_TAG: Final = 128
MAX_DIGEST: Final = 200
MAX_POINTER: Final = 10_000
"""Longer than any JSON pointer that a reader makes."""


class GivenImport(Struct, frozen=True, kw_only=True):
    """The checked arguments of an import; ``file`` is the file's name."""

    file: str
    format: ImportFormat | None = None
    manifest: str | None = None
    close_missing: bool = True
    strip_prefix: str | None = None
    add_prefix: str | None = None
    technique: Technique | None = None
    category: str | None = None
    tool: str | None = None


def _manifest(value: str, path: Sequence[str]) -> str:
    """Return the path of a file that names packages. Raise ``Rejected`` (``bad_path``)."""
    try:
        return file_path(value.strip().removeprefix("./"), path)
    except Rejected:
        raise Rejected(Reason.BAD_PATH, path) from None


def _category(value: str, path: Sequence[str]) -> str:
    """Return the category that an import is given, with a ``/`` at its end, as those in files have."""
    text = category(value, path)
    return category(text if not text or text.endswith("/") else f"{text}/", path)


def _tool(value: str, path: Sequence[str]) -> str:
    """Return the name of the tool that an import is given, in lower case as those in files are."""
    return tool_name(value, path).lower()


ARGUMENTS: Final = Arguments(
    GivenImport,
    {
        "file": file_name,
        "format": one_of(ImportFormat),
        "manifest": _manifest,
        "close_missing": as_given,
        "strip_prefix": prefix,
        "add_prefix": prefix,
        "technique": one_of(Technique),
        "category": _category,
        "tool": _tool,
    },
)
"""What an import is given."""

_FIELDS: Final = whole_of(
    Import,
    {
        **ENTITY,
        "id": identifier,
        "group_name": remembered(name),
        "organization_id": remembered(identifier),
        "root_id": remembered(identifier),
        "file.file_name": file_name,
        "file.sha256": digest,
        "file.size": number(0, MAX_BYTES),
        "options.manifest": file_path,
        "options.strip_prefix": prefix,
        "options.add_prefix": prefix,
        "options.category": category,
        "options.tool": tool_name,
        "artifact.name": lambda value, path: one_line(value, path, low=1, high=MAX_IMAGE),
        "artifact.tag": lambda value, path: one_line(value, path, low=1, high=MAX_TAG),
        "artifact.digest": lambda value, path: one_line(value, path, low=1, high=MAX_DIGEST),
        "problems": at_most(MAX_PROBLEMS),
        "problems.pointer": lambda value, path: multi_line(value, path, low=0, high=MAX_POINTER),
        "problems.reason": word,
        "problems.uri": lambda value, path: multi_line(value, path, low=0, high=MAX_URI),
        "problem_counts.reason": word,
        "problem_counts.count": number(1, MAX_COUNT),
        "state.by": by,
        "state.reason": word,
    },
)


def whole(record: Import) -> Iterator[Rejected]:
    """Yield each refusal of an import in any state (E13)."""
    refused = _FIELDS(record)
    yield from refused or explained(record)


class OfImport(Protocol):
    """What has the state of an import, of either kind."""

    @property
    def state(self) -> ImportState:
        """How far it has come."""


def explained(record: OfImport) -> Iterator[Rejected]:
    """Yield a refusal unless an import has a reason just when it has failed."""
    is_failed = record.state.status is ImportStatus.FAILED
    if is_failed and record.state.reason is None:
        yield Rejected(Reason.REQUIRED, ("state", "reason"))
    if not is_failed and record.state.reason is not None:
        yield Rejected(Reason.INCONSISTENT, ("state", "reason"))


def is_running(record: OfImport) -> bool:
    """Return whether the import is not finished."""
    return record.state.status is ImportStatus.RUNNING


def finished_at(record: OfImport) -> datetime | None:
    """Return when an import ended; ``None`` while it runs."""
    return None if is_running(record) else record.state.at


def added_up(one: C, other: C) -> C:
    """Return the counts of both together."""
    return type(one)(**{name: getattr(one, name) + getattr(other, name) for name in one.__struct_fields__})


def begun(
    counts: ImportCounts, closing: tuple[SeriesClosing, ...], at: datetime, worker: str, token_id: str | None
) -> ImportProgress:
    """Return the progress of an import that begins; ``counts`` are of results that are no work."""
    return ImportProgress(lease_until=at + LEASE, counts=counts, closing=closing, worker=worker, token_id=token_id)


def with_plan(progress: ImportProgress, plan: str, at: datetime) -> ImportProgress:
    """Record the plan that was made, by its SHA-256."""
    return replace(progress, plan=plan, lease_until=at + LEASE)


class Step(Struct, frozen=True, kw_only=True):
    """What a chunk has done: the next position, what it counted, and what it closed, by tool and category."""

    position: int
    counts: ImportCounts = ImportCounts()
    closed: Mapping[tuple[str, str], int] = {}


def advanced(progress: ImportProgress, step: Step, at: datetime) -> ImportProgress:
    """Record a chunk that is done, with a fresh lease."""
    closing = tuple(replace(one, closed=one.closed + step.closed.get((one.tool, one.category), 0)) for one in progress.closing)
    return replace(
        progress,
        position=step.position,
        counts=added_up(progress.counts, step.counts),
        closing=closing,
        attempts=0,
        lease_until=at + LEASE,
    )


def completed(record: Import, by: str, at: datetime) -> Import:
    """Record that everything is done."""
    return replace(record, state=ImportState(status=ImportStatus.COMPLETED, at=at, by=by))


def failed(record: Import, reason: str, by: str, at: datetime) -> Import:
    """Record that the import ends early; the chunks done so far stay."""
    return replace(record, state=ImportState(status=ImportStatus.FAILED, at=at, by=by, reason=reason))
