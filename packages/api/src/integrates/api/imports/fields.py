"""Fields of imports."""

from typing import Final

from integrates.api.authorization.sight import found
from integrates.api.context import Info
from integrates.api.imports.change import ImportChange, ImportEffect, changes
from integrates.api.imports.mutations import MUTATIONS
from integrates.api.imports.work.compare import Change, Compared, Comparison
from integrates.api.resolve.attribute import Shown
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.parent import group, root
from integrates.api.resolve.progress import in_progress, load_progress
from integrates.db_model.imports.facet import IMPORT_PROGRESS
from integrates.db_model.imports.rules import finished_at
from integrates.db_model.imports.types import (
    ClosingOutcome,
    Import,
    ImportArtifact,
    ImportCounts,
    ImportFormat,
    ImportOptions,
    ImportProblem,
    ImportStatus,
    ProblemCount,
    SeriesClosing,
)


async def closing(source: Import, info: Info) -> tuple[SeriesClosing, ...]:
    """Return what was closed for being missing, by series; nothing before the import is COMPLETED."""
    return (
        (await load_progress(info, IMPORT_PROGRESS, source.id)).closing if source.state.status is ImportStatus.COMPLETED else ()
    )


BINDING: Final = Binding(
    shows={
        "ComparedPlace": Compared,
        "Comparison": Comparison,
        "Import": Import,
        "ImportArtifact": ImportArtifact,
        "ImportChange": ImportChange,
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
            "position": in_progress(IMPORT_PROGRESS, "position"),
            "attempts": in_progress(IMPORT_PROGRESS, "attempts"),
            "counts": in_progress(IMPORT_PROGRESS, "counts"),
            "changes": changes,
            "closing": closing,
            "finishedAt": Shown(finished_at),
        },
    },
    enums={
        "ClosingOutcome": ClosingOutcome,
        "ComparedStatus": Change,
        "ImportEffect": ImportEffect,
        "ImportFormat": ImportFormat,
        "ImportState": ImportStatus,
    },
)
