"""Fields of imports."""

from typing import Any, Final

from integrates.api import connection
from integrates.api.attribute import Fields
from integrates.api.connection import Connection
from integrates.api.request import Info
from integrates.api.revision.page import history as history_of
from integrates.db_model.imports.facet import import_key
from integrates.db_model.imports.types import Import


async def history(source: Import, info: Info, **args: Any) -> Connection:
    """The revisions of the import."""
    scope = await info.context.scopes.groups.load(source.group_name)
    return await history_of(info, import_key(source.id), args, scope.permissions)


FIELDS: Final[Fields] = {
    "Import": {
        "fileName": "file.file_name",
        "sha256": "file.sha256",
        "state": "state.status",
        "reason": "state.reason",
        "position": "progress.position",
        "attempts": "progress.attempts",
        "counts": "progress.counts",
        "finishedAt": "progress.finished_at",
        "history": history,
    },
    **connection.fields_of("ImportConnection"),
}
