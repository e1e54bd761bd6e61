"""Deleting files of evidence that nothing has referred to for 60 days (E8).

What an entity lists, as it is stored, is kept: also of one that was removed, which the purge of entities will take with it.
A file that was removed from its slot or replaced stays for 60 days more, so that the history of that time has its proof; one
that no version of an entity ever listed, because its change failed, goes 60 days after it came. As every upload has a key of
its own, nothing can begin to refer to a file that is being deleted, and any number of services may clean up at once.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from integrates.db_model.entity import read, revision
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import Facet
from integrates.db_model.errors import IntegratesError, StoreError
from integrates.db_model.events.facet import EVENT, event_key
from integrates.db_model.evidences.file import FOLDER, StoredFile, file_key, stored_file
from integrates.db_model.files.port import Files
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.store.port import Item, Key, Store

KEPT_FOR: Final = timedelta(days=60)
"""How long a file is kept that nothing refers to."""
_AT_ONCE: Final = 100
"""How many entities are read in one call."""
_OWNERS: Final[Sequence[tuple[Facet[Any], Callable[[str], Key]]]] = ((FINDING, finding_key), (EVENT, event_key))
"""The kinds of entities that have evidence."""


class Cleaned(Struct, frozen=True):
    """How many files were deleted, and the errors of those of which nothing could be told, by the id of their entity."""

    deleted: int = 0
    refused: Mapping[str, IntegratesError] = {}


async def clean_up(store: Store, files: Files, now: datetime, *, is_stopping: Callable[[], bool] = lambda: False) -> Cleaned:
    """Delete the files of evidence that nothing has referred to for ``KEPT_FOR``; repeating it deletes nothing more.

    Stop between two entities when ``is_stopping`` says so. Of an entity that cannot be read nothing is deleted. Raise the error
    of a store that does not answer.
    """
    before = now - KEPT_FOR
    deleted = 0
    refused: dict[str, IntegratesError] = {}
    async for owner_id, found, items in _owned(store, files, before):
        if is_stopping():
            break
        try:
            unneeded = await _unneeded(store, found, items, before)
        except StoreError:
            raise
        except IntegratesError as error:
            refused[owner_id] = error
            continue
        for file in unneeded:
            await files.delete(file.key)
        deleted += len(unneeded)
    return Cleaned(deleted, refused)


async def _owned(
    store: Store, files: Files, before: datetime
) -> AsyncIterator[tuple[str, Sequence[StoredFile], Sequence[Item | None]]]:
    """Yield the old files of each entity, with what is stored under its id, one item for each kind of entity."""
    known = [file async for key in files.keys(FOLDER) if (file := stored_file(key)) and file.at <= before]
    by_owner: dict[str, list[StoredFile]] = {}
    for file in known:
        by_owner.setdefault(file.owner_id, []).append(file)
    owners = list(by_owner)
    for begin in range(0, len(owners), _AT_ONCE):
        some, kinds = owners[begin : begin + _AT_ONCE], len(_OWNERS)
        items = await store.get([make(owner_id) for owner_id in some for _, make in _OWNERS])
        for number, owner_id in enumerate(some):
            yield owner_id, by_owner[owner_id], items[number * kinds : (number + 1) * kinds]


async def _unneeded(
    store: Store, found: Sequence[StoredFile], items: Sequence[Item | None], before: datetime
) -> list[StoredFile]:
    """Return the files of one entity that nothing has referred to since ``before``."""
    left = {file.key: file for file in found}
    for (facet, _), item in zip(_OWNERS, items, strict=True):
        if item is None:
            continue
        left = {key: file for key, file in left.items() if key not in _listed(decoded(facet, item))}
        given_up = await _given_up(store, facet, item.key) if left else {}
        left = {key: file for key, file in left.items() if given_up.get(key, before) <= before}
    return list(left.values())


def _listed(entity: Any) -> AbstractSet[str]:
    return {file_key(entity.id, one) for one in entity.evidences}


async def _given_up(store: Store, facet: Facet[Any], key: Key) -> Mapping[str, datetime]:
    """Return when each file that an entity has ever listed was listed no more; none that is listed still."""
    changes = [one for one in await read.history(store, key) if one.version == 1 or "evidences" in one.aspects]
    found: dict[str, datetime] = {}
    former: AbstractSet[str] = frozenset()
    for change, state in zip(changes, revision.states(facet, changes), strict=True):
        listed = _listed(state)
        found = {name: at for name, at in found.items() if name not in listed} | dict.fromkeys(former - listed, change.at)
        former = listed
    return found
