"""Storing roots at locations that roots of removed groups hold, which may be taken over (E8)."""

from collections.abc import Iterator

from msgspec.structs import replace

from integrates.db_model.entity import command, read
from integrates.db_model.entity.claim import holder_of
from integrates.db_model.entity.facet import Facet, claims_of
from integrates.db_model.entity.plan import needs, plan
from integrates.db_model.entity.transaction import gathered, write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, Raced, Reason, Rejections
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.roots.facet import LOCATION, ROOT, root_key
from integrates.db_model.roots.types import Root
from integrates.db_model.store.port import Store


def _holders(error: AlreadyExists | Rejections) -> Iterator[str]:
    """Yield the ids of the roots that hold a location; no root where another one was faster, or where more is at fault."""
    refusals = error.refusals if isinstance(error, Rejections) else (error,)
    for one in refusals:
        if isinstance(one, AlreadyExists) and one.reason is Reason.LOCATION_TAKEN and one.owner:
            yield one.owner


async def _is_vacant(store: Store, holder: str) -> bool:
    """Return whether a root is in a group that was removed, for good."""
    root = await read.get_any(store, ROOT, root_key(holder))
    return root is not None and await read.get(store, GROUP, group_key(root.group_name)) is None


async def established(store: Store, facet: Facet[Root], old: Root | None, new: Root, stamp: Stamp) -> Root:
    """Plan and write a root as :func:`integrates.db_model.entity.command.committed` does, and return it as stored.

    It takes the location of a root in a removed group, which itself stays as it is. Raise ``Raced`` when another root takes it
    first.
    """
    try:
        return await command.committed(store, facet, old, new, stamp)
    except (AlreadyExists, Rejections) as error:
        holder = next(_holders(error), None)
        if holder is None or not await _is_vacant(store, holder):
            raise
    given = await gathered(store, (needs(facet, old, new),))
    vacant = frozenset(key for key, kind in claims_of(facet, new).items() if kind == LOCATION)
    if any(holder_of(given.items[key]) != holder for key in vacant):  # somebody else took it over meanwhile
        raise Raced(new.id)
    made = plan(facet, old, new, stamp, replace(given, vacant=vacant))
    await write(store, (made,))
    return made.entity
