"""What the requirements need to know of an adapter that they judge."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager

import msgspec

from integrates.db_model.store.port import Item, Key, Store

Opener = Callable[[], AbstractAsyncContextManager[Store]]
Raw = Callable[[Key], Awaitable[Item | None]]
Plant = Callable[[Item], Awaitable[None]]


class Excluded(msgspec.Struct, frozen=True):
    """A requirement that cannot be judged on this adapter, and why."""

    reason: str


class Adapter(msgspec.Struct, frozen=True, kw_only=True):
    """An adapter to judge. Every handle sees the same items; they are empty when a test session begins.

    ``handle``      opens a handle.
    ``url``         is what another process opens with ``open_store``.
    ``stumbling``   opens a handle whose calls fail for a moment, each in a way that passes, before they succeed.
    ``lost``        opens a handle none of whose calls is answered; it should give up within seconds.
    ``forgetful``   opens a handle which loses the first answer to every write, after the write was done.
    ``raw``         reads an item behind the port, by other means than the adapter's own, ``None`` when it is missing.
    ``plant``       stores an item behind the port, by other means than the adapter's own; attributes are no ``Body`` then.
    ``unfit``       opens, by what is wrong with it, what is not the store one thinks. Opening or reading it is ``Unfit``.
    """

    handle: Opener
    url: str | Excluded
    stumbling: Opener | Excluded
    lost: Opener | Excluded
    forgetful: Opener | Excluded
    raw: Raw | Excluded
    plant: Plant | Excluded
    unfit: Mapping[str, Opener] | Excluded
