"""Fields of imports."""

from datetime import datetime
from typing import Any, Final

from integrates.api.context import Info
from integrates.api.resolve import connection
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.connection import Connection
from integrates.api.resolve.history import history as history_of
from integrates.db_model.errors import Corrupt
from integrates.db_model.imports.facet import import_key
from integrates.db_model.imports.progress import progress_key, progress_of
from integrates.db_model.imports.rules import is_running
from integrates.db_model.imports.types import Import, ImportCounts, ImportProgress


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


def finished_at(source: Import, _info: Info) -> datetime | None:
    """Return when the import ended."""
    return None if is_running(source) else source.state.at


async def history(source: Import, info: Info, **args: Any) -> Connection:
    """Return the revisions of the import."""
    scope = await info.context.scopes.groups.load(source.group_name)
    return await history_of(info, import_key(source.id), args, scope.permissions)


FIELDS: Final[Fields] = {
    "Import": {
        "fileName": "file.file_name",
        "sha256": "file.sha256",
        "state": "state.status",
        "reason": "state.reason",
        "position": position,
        "attempts": attempts,
        "counts": counts,
        "finishedAt": finished_at,
        "history": history,
    },
    **connection.fields_of("ImportConnection"),
}
