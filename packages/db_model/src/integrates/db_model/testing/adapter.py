"""What the requirements need to know of the adapter that they judge."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager

import msgspec

from integrates.db_model.store.port import Item, Key, Store

Opener = Callable[[], AbstractAsyncContextManager[Store]]
Raw = Callable[[Key], Awaitable[Item | None]]
Plant = Callable[[Item], Awaitable[None]]
Lose = Callable[[], Awaitable[None]]
Vanishing = Callable[[], AbstractAsyncContextManager[tuple[Store, Lose]]]


class Excluded(msgspec.Struct, frozen=True):
    """A requirement that cannot be judged on this adapter, and why."""

    reason: str


class Adapter(msgspec.Struct, frozen=True, kw_only=True):
    """An adapter to judge. Every handle sees the same items; there are none when a test session begins.

    ``handle``      opens a handle.
    ``url``         is what another process opens with ``open_store``.
    ``stumbling``   opens a handle each of whose calls fails with a transient error before it succeeds.
    ``lost``        opens a handle whose calls are never answered; it should give up within seconds.
    ``forgetful``   opens a handle that loses the first answer to each write, after the write was done.
    ``raw``         reads an item behind the port, by other means than the adapter's own; ``None`` when it is missing.
    ``plant``       stores an item behind the port, by other means than the adapter's own. Its attributes are no ``Body``.
    ``unfit``       has, by what is wrong, openers of stores that cannot be used. Opening or reading one is ``Unfit``.
    ``vanishing``   has, by what happens, openers of a store of its own, each with what takes it away while it is open.
    """

    handle: Opener
    url: str | Excluded
    stumbling: Opener | Excluded
    lost: Opener | Excluded
    forgetful: Opener | Excluded
    raw: Raw | Excluded
    plant: Plant | Excluded
    unfit: Mapping[str, Opener] | Excluded
    vanishing: Mapping[str, Vanishing] | Excluded = Excluded("the adapter's tests do not say how its store is taken away")
