"""Deleting files of evidence that nothing has referred to for 60 days (E8).

What an entity lists, as it is stored, is kept: also of one that was removed, which the purge of entities will take with it.
A file that was removed from its slot or replaced stays for 60 days more, so that the history of that time has its proof; one
that no version of an entity ever listed, because its change failed, goes 60 days after it came. As every upload has a key of
its own, nothing can begin to refer to a file that is being deleted, and any number of services may clean up at once.

No entity is deleted from a store, so a file of one that the store does not know belongs to another store, or to what this one
has lost: it is kept and counted.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeVar

from msgspec import Struct, ValidationError, convert
from msgspec.structs import replace

from integrates.db_model.entity import read, revision
from integrates.db_model.entity.encoding import decoded, lifted
from integrates.db_model.entity.facet import Facet, id_in
from integrates.db_model.entity.revision import Revision
from integrates.db_model.errors import Corrupt, IntegratesError, ModelError
from integrates.db_model.events.facet import EVENT, event_key
from integrates.db_model.evidences.file import FOLDER, StoredFile, file_key, stored_file
from integrates.db_model.evidences.types import Evidence
from integrates.db_model.files.port import Files
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.store.port import Item, Key, Store

KEPT_FOR: Final = timedelta(days=60)
"""How long a file is kept that nothing refers to."""
AT_ONCE: Final = 100
"""How many old files are held and looked at together."""
_PAGE: Final = 50
"""How many revisions are read in one call; the newest mostly tell enough."""
_OWNERS: Final[Sequence[tuple[Facet[Any], Callable[[str], Key]]]] = ((FINDING, finding_key), (EVENT, event_key))
"""The kinds of entities that have evidence."""


class Dated(Protocol):
    """What the key of a file tells."""

    @property
    def at(self) -> datetime:
        """When the file came."""


F = TypeVar("F", bound=Dated)


class Cleaned(Struct, frozen=True):
    """How many files were deleted, how many old ones were kept because the store does not know their entity, and the errors of
    those of which nothing could be told, by the id of their entity.
    """

    deleted: int = 0
    unknown: int = 0
    refused: Mapping[str, IntegratesError] = {}


class _Owned(Struct, frozen=True):
    """Old files of one entity, and what is stored under its id, one item for each kind of entity."""

    owner_id: str
    keys: AbstractSet[str]
    items: Sequence[Item | None]


async def clean_up(store: Store, files: Files, now: datetime, *, is_stopping: Callable[[], bool] = lambda: False) -> Cleaned:
    """Delete the files of evidence that nothing has referred to for ``KEPT_FOR``; repeating it deletes nothing more.

    Files are looked at while they are being listed, ``AT_ONCE`` at a time. Stop between two of them when ``is_stopping`` says
    so. Of an entity that cannot be read or is unknown nothing is deleted. Raise the error of a store that does not answer.
    """
    before, made = now - KEPT_FOR, Cleaned()
    async for some in old_files(files, FOLDER, stored_file, before, is_stopping):
        for owned in await _owned(store, some):
            if is_stopping():
                return made
            made = await _cleaned(store, files, before, owned, made)
    return made


async def old_files(
    files: Files, folder: str, told: Callable[[str], F | None], before: datetime, is_stopping: Callable[[], bool]
) -> AsyncIterator[Sequence[F]]:
    """Yield the files of a folder that came before a moment, some at a time, as they are listed, until it is to stop.

    ``told`` returns what the key of a file tells, ``None`` when it is another one's.
    """
    some: tuple[F, ...] = ()
    async for key in files.keys(folder):
        if is_stopping():
            return
        file = told(key)
        if file is None or file.at > before:
            continue
        some = (*some, file)
        if len(some) == AT_ONCE:
            yield some
            some = ()
    if some:
        yield some


async def _owned(store: Store, some: Sequence[StoredFile]) -> Sequence[_Owned]:
    """Return some files by their entities, which are read in one call."""
    owners, kinds = tuple(dict.fromkeys(file.owner_id for file in some)), len(_OWNERS)
    items = await store.get([make(owner_id) for owner_id in owners for _, make in _OWNERS])
    return [
        _Owned(
            owner_id,
            frozenset(file.key for file in some if file.owner_id == owner_id),
            items[number * kinds : (number + 1) * kinds],
        )
        for number, owner_id in enumerate(owners)
    ]


async def _cleaned(store: Store, files: Files, before: datetime, owned: _Owned, made: Cleaned) -> Cleaned:
    """Delete what is unneeded of the files of one entity, and return what has been made by then."""
    if not any(owned.items):
        return replace(made, unknown=made.unknown + len(owned.keys))
    try:
        unneeded = await _unneeded(store, owned, before)
    except ModelError as error:
        return replace(made, refused={**made.refused, owned.owner_id: error})
    for key in unneeded:
        await files.delete(key)
    return replace(made, deleted=made.deleted + len(unneeded))


async def _unneeded(store: Store, owned: _Owned, before: datetime) -> AbstractSet[str]:
    """Return the keys of the files of one entity that nothing has referred to since ``before``."""
    left = owned.keys
    for (facet, _), item in zip(_OWNERS, owned.items, strict=True):
        if item is None:
            continue
        entity = decoded(facet, item)
        left -= _keys(entity.id, entity.evidences)
        if left and (entity.updated_at is None or entity.updated_at > before):
            left = await _not_listed_since(store, facet, item.key, left, before)
    return left


async def _not_listed_since(
    store: Store, facet: Facet[Any], key: Key, left: AbstractSet[str], before: datetime
) -> AbstractSet[str]:
    """Return which of the files no state of an entity since ``before`` listed; its newest revisions are read first."""
    query = revision.history_query(key, limit=_PAGE, descending=True)
    async for page in read.pages(store, query):
        for one in map(revision.of_item, page):
            if "evidences" not in one.aspects:
                continue
            left -= _listed_by(facet, one)
            if not left or one.at <= before:
                return left
    return left


def _listed_by(facet: Facet[Any], one: Revision) -> AbstractSet[str]:
    """Return the keys of the files that an entity listed after a change of its evidence."""
    identity = id_in(one.entity_key)
    found = lifted(facet, one.aspects, one.schema)["evidences"]
    try:
        evidences = convert(found or (), tuple[Evidence, ...])
    except ValidationError as error:
        raise Corrupt(facet.name, identity, str(error)) from error
    return _keys(identity, evidences)


def _keys(owner_id: str, evidences: Sequence[Evidence]) -> AbstractSet[str]:
    return {file_key(owner_id, one) for one in evidences}
