"""What one subscriber has still to be told, bounded: who takes it too slowly is told that nothing is told any more."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from enum import Enum
from typing import Final, TypeAlias

import msgspec

from integrates.api.live.change import Change
from integrates.db_model.store.port import Key
from integrates.db_model.values.instant import END

MOST: Final = 1_000
"""How many changes may wait for one subscriber."""
RECHECK: Final = 60.0
"""Seconds after which it is looked again at whether a subscriber who is told nothing may still be told something."""


class Overrun(Exception):
    """More changes wait for a subscriber than may: the client has to read again what it shows."""


class Interest(msgspec.Struct, frozen=True, kw_only=True):
    """What a subscriber wants to hear of: the changes of a ``group``, or that an item under one of ``keys`` was written.

    ``doubts`` are the partition keys of what decides who the subscriber is and what they may: a write there has it looked at
    again. ``overrun`` is called once when more changes wait than may.
    """

    group: str | None = None
    keys: tuple[Key, ...] = ()
    doubts: frozenset[str] = frozenset()
    overrun: Callable[[], None] = lambda: None


class News(Enum):
    """What a subscriber is woken for, beside changes: the beginning, an item that was written, a doubt whether they may."""

    BEGIN = "begin"
    WRITTEN = "written"
    DOUBT = "doubt"


Tick: TypeAlias = Change | News
"""What an event of a stream is made of."""


class _Flags(msgspec.Struct):
    """What has happened since the subscriber was last woken: the one thing of a feed that changes."""

    is_written: bool = False
    is_doubted: bool = False
    is_overrun: bool = False


class Feed(msgspec.Struct, frozen=True, eq=False):
    """What waits for one subscriber, who follows since a moment."""

    interest: Interest
    since: datetime
    waiting: deque[Change] = msgspec.field(default_factory=deque)
    woken: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    flags: _Flags = msgspec.field(default_factory=_Flags)


Follow: TypeAlias = Callable[[Interest], AbstractContextManager[Feed]]
"""Follow what a subscriber is interested in for the time of the block."""


@contextmanager
def unheard(interest: Interest) -> Iterator[Feed]:
    """Follow nothing: whoever calls the API without a hub hears of no change."""
    yield Feed(interest, END)


def tell(feed: Feed, change: Change) -> None:
    """Have a subscriber told of a change. When too many wait, these are dropped, and the subscription is over."""
    if feed.flags.is_overrun:
        return
    if len(feed.waiting) >= MOST:
        feed.flags.is_overrun = True
        feed.waiting.clear()
        feed.interest.overrun()
    else:
        feed.waiting.append(change)
    feed.woken.set()


def stir(feed: Feed) -> None:
    """Have a subscriber told that an item was written; several times are as good as one."""
    feed.flags.is_written = True
    feed.woken.set()


def doubt(feed: Feed) -> None:
    """Have it looked at again whether a subscriber may be told anything; several times are as good as one."""
    feed.flags.is_doubted = True
    feed.woken.set()


def _next(feed: Feed) -> Tick | None:
    flags = feed.flags
    if flags.is_overrun:
        raise Overrun
    if flags.is_doubted:
        flags.is_doubted = False
        return News.DOUBT
    if flags.is_written:
        flags.is_written = False
        return News.WRITTEN
    return feed.waiting.popleft() if feed.waiting else None


async def awaited(feed: Feed, seconds: float = RECHECK) -> Tick:
    """Return what is to be told next; a doubt when there is nothing for so many seconds. Raise :class:`Overrun`."""
    while (found := _next(feed)) is None:
        feed.woken.clear()
        try:
            async with asyncio.timeout(seconds):
                await feed.woken.wait()
        except TimeoutError:
            return News.DOUBT
    return found
