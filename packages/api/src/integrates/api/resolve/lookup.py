"""Reading by ids that come from outside: a malformed id is treated as not found."""

from collections.abc import Callable, Sequence
from typing import Final

from integrates.db_model.entity import read
from integrates.db_model.entity.facet import E, Facet
from integrates.db_model.entity.loader import Loaders, load_many
from integrates.db_model.store.port import Key, Store

_LONGEST: Final = 254


def key_for(make: Callable[[str], Key], identity: str) -> Key | None:
    """Return the key of an id; ``None`` for a malformed one."""
    if not identity.isprintable() or len(identity) > _LONGEST:
        return None
    try:
        return make(identity)
    except ValueError:
        return None


async def find_many(
    loaders: Loaders, facet: Facet[E], make: Callable[[str], Key], identities: Sequence[str]
) -> tuple[E | None, ...]:
    """Read live entities by id, aligned with the ids."""
    keys = [key_for(make, identity) for identity in identities]
    found = iter(await load_many(loaders, facet, [key for key in keys if key]))
    return tuple(next(found) if key else None for key in keys)


async def find(loaders: Loaders, facet: Facet[E], make: Callable[[str], Key], identity: str) -> E | None:
    """Read one live entity by id."""
    return (await find_many(loaders, facet, make, (identity,)))[0]


async def find_any(store: Store, facet: Facet[E], make: Callable[[str], Key], identity: str) -> E | None:
    """Read one entity by id, removed or not."""
    key = key_for(make, identity)
    return await read.get_any(store, facet, key) if key else None
