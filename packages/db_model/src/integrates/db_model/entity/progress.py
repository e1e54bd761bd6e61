"""The progress of long work as an item of its own: changed with the version read, without revisions (E10)."""

from typing import Final, Generic, TypeVar

import msgspec

from integrates.db_model.entity.encoding import to_builtins
from integrates.db_model.entity.facet import key_of
from integrates.db_model.entity.work import LongWork
from integrates.db_model.errors import Corrupt
from integrates.db_model.store.body import Body
from integrates.db_model.store.port import ABSENT, Item, Key, Put, Version

_VERSION: Final = "version"


P = TypeVar("P", bound=LongWork)


class ProgressFacet(msgspec.Struct, Generic[P], frozen=True):
    """How the progress of one kind of work is stored: under which name in the design, and its type."""

    name: str
    type: type[P]


def progress_key(facet: ProgressFacet[P], work_id: str) -> Key:
    """Build the key of the progress of a work."""
    return key_of(facet.name, {"id": work_id})


def progress_put(facet: ProgressFacet[P], work_id: str, progress: P) -> Put:
    """Return the write that stores the next version of a progress, conditional on the one that it has."""
    fields = to_builtins(progress)
    del fields[_VERSION]
    item = Item(progress_key(facet, work_id), progress.version + 1, Body(msgspec.json.encode(fields)))
    return Put(item, Version(progress.version) if progress.version else ABSENT)


def progress_of(facet: ProgressFacet[P], item: Item | None) -> P | None:
    """Read the progress out of its item. Raise ``Corrupt`` when the item is none."""
    if item is None:
        return None
    try:
        return msgspec.convert({**item.attributes, _VERSION: item.version}, facet.type)
    except msgspec.ValidationError as error:
        raise Corrupt(facet.name, item.key.pk, str(error)) from error
