"""What a report says, read here as the service reads it: loaded only where the service has not told it."""

from collections.abc import Sequence

from msgspec import Struct

from integrates.api.imports.read.observation import SkipReason
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.errors import IntegratesError
from integrates.db_model.imports.types import ImportFormat
from integrates.server.client.call import Attachment
from integrates.server.pipeline.scan import Said


class Told(Struct, frozen=True, kw_only=True):
    """The series that the report is of, its paths that lead out of the repository, and whether they are uris."""

    series: frozenset[tuple[str, str]] = frozenset()
    outside: Sequence[str | None] = ()
    is_encoded: bool = False


def told_by_file(file: Attachment, said: Said) -> Told:
    """Return what a report says; nothing of one that cannot be read, which the service tells better."""
    try:
        kind = ImportFormat(said.arguments()["format"]) if said.format else None
        given = Options(format=kind, manifest=said.manifest, category=said.category, tool=said.tool)
        scan = read(file.content, given)
    except (IntegratesError, ValueError):
        return Told()
    return Told(
        series=frozenset((one.tool, one.category) for one in scan.series),
        outside=[one.uri for one in scan.problems if one.reason is SkipReason.BAD_PATH],
        is_encoded=scan.format is ImportFormat.SARIF,
    )
