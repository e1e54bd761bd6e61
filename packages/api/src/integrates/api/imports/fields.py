"""Fields of imports."""

from datetime import datetime
from typing import Final

from integrates.api.authorization.sight import found
from integrates.api.context import Info
from integrates.api.imports.mutations import MUTATIONS
from integrates.api.imports.work.compare import Change, Compared, Comparison
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.parent import group, root
from integrates.db_model.errors import Corrupt
from integrates.db_model.imports.progress import progress_key, progress_of
from integrates.db_model.imports.rules import is_running
from integrates.db_model.imports.types import (
    ClosingOutcome,
    Import,
    ImportArtifact,
    ImportCounts,
    ImportFormat,
    ImportOptions,
    ImportProblem,
    ImportProgress,
    ImportStatus,
    ProblemCount,
    SeriesClosing,
)


async def _progress(source: Import, info: Info) -> ImportProgress:
    found = progress_of(await info.context.loaders.items.load(progress_key(source.id)))
    if found is None:
        raise Corrupt("import_progress", source.id)
    return found


async def position(source: Import, info: Info) -> int:
    """Return the ordinal of the next result to work on."""
    return (await _progress(source, info)).position


async def attempts(source: Import, info: Info) -> int:
    """Return how often the chunk in work was taken up."""
    return (await _progress(source, info)).attempts


async def counts(source: Import, info: Info) -> ImportCounts:
    """Return the effects so far."""
    return (await _progress(source, info)).counts


async def closing(source: Import, info: Info) -> tuple[SeriesClosing, ...]:
    """Return what was closed for being missing, by series; nothing before the import is COMPLETED."""
    return (await _progress(source, info)).closing if source.state.status is ImportStatus.COMPLETED else ()


def finished_at(source: Import, _info: Info) -> datetime | None:
    """Return when the import ended."""
    return None if is_running(source) else source.state.at


BINDING: Final = Binding(
    shows={
        "ComparedPlace": Compared,
        "Comparison": Comparison,
        "Import": Import,
        "ImportArtifact": ImportArtifact,
        "ImportCounts": ImportCounts,
        "ImportOptions": ImportOptions,
        "ImportProblem": ImportProblem,
        "ProblemCount": ProblemCount,
        "SeriesClosing": SeriesClosing,
    },
    fields={
        "Query": {"import": found},
        **MUTATIONS,
        "Import": {
            "group": group,
            "root": root,
            "fileName": "file.file_name",
            "sha256": "file.sha256",
            "state": "state.status",
            "reason": "state.reason",
            "position": position,
            "attempts": attempts,
            "counts": counts,
            "closing": closing,
            "finishedAt": finished_at,
        },
    },
    enums={
        "ClosingOutcome": ClosingOutcome,
        "ComparedStatus": Change,
        "ImportFormat": ImportFormat,
        "ImportState": ImportStatus,
    },
)
