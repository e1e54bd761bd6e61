"""The progress of an import of decisions as an item: changed with the version read, without revisions (E10)."""

from typing import Final

import msgspec

from integrates.db_model.decision_imports.types import DecisionProgress
from integrates.db_model.entity.encoding import to_builtins
from integrates.db_model.entity.facet import key_of
from integrates.db_model.errors import Corrupt
from integrates.db_model.store.body import Body
from integrates.db_model.store.port import ABSENT, Item, Key, Put, Version

_FACET: Final = "decision_import_progress"


def decision_progress_key(import_id: str) -> Key:
    """Build the key of the progress of an import of decisions."""
    return key_of(_FACET, {"id": import_id})


def decision_progress_put(import_id: str, progress: DecisionProgress) -> Put:
    """Return the write that stores the next version of a progress, conditional on the one that it has."""
    fields = to_builtins(progress)
    del fields["version"]
    item = Item(decision_progress_key(import_id), progress.version + 1, Body(msgspec.json.encode(fields)))
    return Put(item, Version(progress.version) if progress.version else ABSENT)


def decision_progress_of(item: Item | None) -> DecisionProgress | None:
    """Read the progress out of its item. Raise ``Corrupt`` when the item is none."""
    if item is None:
        return None
    try:
        return msgspec.convert({**item.attributes, "version": item.version}, DecisionProgress)
    except msgspec.ValidationError as error:
        raise Corrupt(_FACET, item.key.pk, str(error)) from error
