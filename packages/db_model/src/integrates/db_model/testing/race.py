"""A racer in its own process: advances one item by optimistic locking, and prints the versions that it wrote."""

import asyncio
import sys

from integrates.db_model.errors import Conflict
from integrates.db_model.store.port import Item, Key, Put, Store, Version
from integrates.db_model.store.url import open_store


async def advance(store: Store, key: Key) -> int | None:
    """Write the next version of an existing item. Return its number; ``None`` when another racer was first."""
    (current,) = await store.get([key])
    if current is None:
        raise LookupError(key)
    following = Item(key, current.version + 1, {"n": current.version + 1})
    try:
        await store.write([Put(following, Version(current.version))])
    except Conflict:
        return None
    return following.version


async def laps(store: Store, key: Key, count: int) -> list[int]:
    """Advance the item until ``count`` races are won. Return the versions that were written."""
    won: list[int] = []
    while len(won) < count:
        version = await advance(store, key)
        won += [] if version is None else [version]
    return won


async def _main(url: str, pk: str, count: str) -> None:
    async with open_store(url) as store:
        won = await laps(store, Key(pk, pk), int(count))
    sys.stdout.write(" ".join(map(str, won)))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
