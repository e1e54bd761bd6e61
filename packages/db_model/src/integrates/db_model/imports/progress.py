"""The progress of an import as an item: changed with the version read, without revisions (E10)."""

from typing import Final

import msgspec

from integrates.db_model.entity.encoding import to_builtins
from integrates.db_model.entity.facet import key_of
from integrates.db_model.errors import Corrupt
from integrates.db_model.imports.types import ImportProgress
from integrates.db_model.store.body import Body
from integrates.db_model.store.port import ABSENT, Item, Key, Put, Version

_FACET: Final = "import_progress"


def progress_key(import_id: str) -> Key:
    """Build the key of the progress of an import."""
    return key_of(_FACET, {"id": import_id})


def put(import_id: str, progress: ImportProgress) -> Put:
    """Return the write that stores the next version of a progress, conditional on the one that it has."""
    fields = to_builtins(progress)
    del fields["version"]
    item = Item(progress_key(import_id), progress.version + 1, Body(msgspec.json.encode(fields)))
    return Put(item, Version(progress.version) if progress.version else ABSENT)


def progress_of(item: Item | None) -> ImportProgress | None:
    """Read the progress out of its item. Raise ``Corrupt`` when the item is none."""
    if item is None:
        return None
    try:
        return msgspec.convert({**item.attributes, "version": item.version}, ImportProgress)
    except msgspec.ValidationError as error:
        raise Corrupt(_FACET, item.key.pk, str(error)) from error
