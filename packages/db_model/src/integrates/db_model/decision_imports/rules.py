"""What an import of decisions may be, and its life: pure changes of its progress and its state (domain section 21)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.decision_imports.types import (
    DecisionCounts,
    DecisionFormat,
    DecisionImport,
    DecisionProblem,
    DecisionProgress,
    SuppressionsAs,
)
from integrates.db_model.entity.rules import ENTITY, by
from integrates.db_model.entity.work import LEASE
from integrates.db_model.errors import Rejected
from integrates.db_model.imports.rules import MAX_BYTES, MAX_PROBLEMS, added_up, explained
from integrates.db_model.imports.types import ImportState, ImportStatus
from integrates.db_model.values.check import Arguments, as_given, number, one_of, remembered, whole_of
from integrates.db_model.values.text import digest, file_name, identifier, name, word


class GivenDecisions(Struct, frozen=True, kw_only=True):
    """The checked arguments of an import of decisions; ``file`` is the file's name."""

    file: str
    format: DecisionFormat | None = None
    suppressions_as: SuppressionsAs = SuppressionsAs.ACCEPTANCE
    dry_run: bool = False


ARGUMENTS: Final = Arguments(
    GivenDecisions,
    {
        "file": file_name,
        "format": one_of(DecisionFormat),
        "suppressions_as": one_of(SuppressionsAs),
        "dry_run": as_given,
    },
)
"""What an import of decisions is given."""

_FIELDS: Final = whole_of(
    DecisionImport,
    {
        **ENTITY,
        "id": identifier,
        "group_name": remembered(name),
        "organization_id": remembered(identifier),
        "root_id": remembered(identifier),
        "file.file_name": file_name,
        "file.sha256": digest,
        "file.size": number(0, MAX_BYTES),
        "state.by": by,
        "state.reason": word,
    },
)


def whole(record: DecisionImport) -> Iterator[Rejected]:
    """Yield each refusal of an import of decisions in any state (E13)."""
    refused = _FIELDS(record)
    yield from refused or explained(record)


class Advance(Struct, frozen=True, kw_only=True):
    """What a chunk has done: where the next one begins, what it counted, and what came to nothing."""

    position: int
    done_id: str = ""
    counts: DecisionCounts = DecisionCounts()
    problems: Sequence[DecisionProblem] = ()


def advanced_by(progress: DecisionProgress, step: Advance, at: datetime) -> DecisionProgress:
    """Record a chunk that is done, with a fresh lease; of all problems the first are kept."""
    return replace(
        progress,
        position=step.position,
        done_id=step.done_id,
        counts=added_up(progress.counts, step.counts),
        problems=(*progress.problems, *step.problems)[:MAX_PROBLEMS],
        attempts=0,
        lease_until=at + LEASE,
    )


def ended(record: DecisionImport, reason: str | None, by: str, at: datetime) -> DecisionImport:
    """Record that everything is done or, with a reason, that the import ends early; what was decided so far stays."""
    status = ImportStatus.COMPLETED if reason is None else ImportStatus.FAILED
    return replace(record, state=ImportState(status=status, at=at, by=by, reason=reason))
