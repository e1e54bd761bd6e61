"""The objects above an object: in most pages they have been read already, and are shown without waiting."""

from asyncio import Future
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from integrates.api.context import Context, Info
from integrates.api.request.fold import asks_for
from integrates.api.resolve.attribute import UNREAD, Near
from integrates.api.resolve.connection import Batch, Read
from integrates.db_model.entity.facet import E, Facet, key_text
from integrates.db_model.errors import NotFound
from integrates.db_model.groups.types import Group
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.store.port import Key, Query

R = TypeVar("R")
T = TypeVar("T")
Above: TypeAlias = tuple[Facet[Any], Key]
"""The facet and the key of an object above another."""


class OfGroup(Protocol):
    """What belongs to a group."""

    @property
    def group_name(self) -> str:
        """The name of the group."""


def at_once(read: Future[T], show: Callable[[T], R]) -> R | Awaitable[R]:
    """Return what is shown of something that is being read: at once if it has been read, else something to wait for.

    For each row of a page a coroutine would cost as much as ten plain fields.
    """
    if read.done():
        return show(read.result())

    async def later() -> R:
        return show(await read)

    return later()


def existing_object(info: Info, facet: Facet[E], key: Key) -> E | Awaitable[E]:
    """Return an object that is known to exist. Raise ``NotFound`` when it was removed since."""

    def existing(found: E | None) -> E:
        if found is None:
            raise NotFound(facet.name, key_text(key))
        return found

    return at_once(info.context.loaders.entities.load((facet, key)), existing)


def above(facet: Facet[Any], key_of: Callable[[Any], Key | None]) -> Near:
    """Return the resolver of the object above another, which is known to exist unless it has no key."""

    def find(context: Context, source: Any) -> Any:
        key = key_of(source)
        return UNREAD if key is None else context.loaders.entities.peek(key) or UNREAD

    def resolve(source: Any, info: Info) -> Any:
        key = key_of(source)
        return None if key is None else existing_object(info, facet, key)

    return Near(find, resolve)


def _group_read(context: Context, source: OfGroup) -> Any:
    scope = context.scopes.groups.peek(source.group_name)
    return scope.group if scope and scope.group else UNREAD


def _group(source: OfGroup, info: Info) -> Group | Awaitable[Group | None] | None:
    return at_once(info.context.scopes.groups.load(source.group_name), lambda scope: scope.group)


group: Final = Near(_group_read, _group)
"""Shows the group of an object."""
root: Final = above(ROOT, lambda source: root_key(source.root_id))
"""Shows the root of an object."""
root_if_any: Final = above(ROOT, lambda source: root_key(source.root_id) if source.root_id else None)
"""Shows the root of an object, if it has one."""


async def permissions_for(source: OfGroup, info: Info) -> AbstractSet[str]:
    """Return the caller's permissions in the group of the object."""
    return (await info.context.scopes.groups.load(source.group_name)).permissions


def with_parents(info: Info, read: Read[T], parents: Mapping[str, Callable[[T], Above]]) -> Read[T]:
    """Read pages, and in one call for each page what its items show of the objects above them, by the names of fields."""
    asked = [above for name, above in parents.items() if asks_for(info, {name})]
    if not asked:
        return read

    async def read_both(query: Query) -> Batch[T]:
        batch = await read(query)
        wanted = (above(node) for above in asked for node in batch.nodes)
        distinct = {key: (facet, key) for facet, key in wanted}  # a page of hundreds has a few objects above it
        await info.context.loaders.entities.load_many(distinct.values())
        return batch

    return read_both
