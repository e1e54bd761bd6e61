"""Who follows what in this process, and the commits that they are told of.

What this process commits is told at once: a wrapper around the store looks at each write when it has succeeded. What other
processes commit is found by asking the store now and then (:mod:`integrates.api.live.poll`).
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from integrates.api.grouping import grouped
from integrates.api.live.change import changes_of
from integrates.api.live.feed import Feed, Follow, Interest, doubt, stir, tell
from integrates.db_model.entity.revision import Head, audited, head_of
from integrates.db_model.errors import Corrupt
from integrates.db_model.store.port import Change, Item, Key, Put, Store
from integrates.db_model.values.instant import SKEW

K = TypeVar("K")

OVERLAP: Final = timedelta(seconds=10)
"""How far back the store is asked for what others have committed: indexes may lag, and clocks differ a little."""
_REMEMBERED: Final = 2 * OVERLAP + SKEW
"""How long a revision is remembered as told: longer than it is among those asked for, also when its host's clock is fast."""
_MOST_KNOWN: Final = 20_000
"""How many revisions of a group are remembered as told; beyond that the one told first is forgotten, and may be told again."""
_LOG: Final = logging.getLogger("integrates.api")


class Followed(msgspec.Struct, eq=False):
    """One group with followers: their feeds, and the revisions that they have been told of, each with the moment of that.

    ``is_polled``: the store was asked once, so that all that it shows anew was committed since.
    """

    feeds: set[Feed] = msgspec.field(default_factory=set)
    told: OrderedDict[Key, datetime] = msgspec.field(default_factory=OrderedDict)
    is_polled: bool = False


class Followers(msgspec.Struct, frozen=True, eq=False):
    """The followers of one process: by the name of a group, by the key of an item, and by what would cast doubt on them."""

    groups: dict[str, Followed] = msgspec.field(default_factory=dict)
    keys: dict[Key, set[Feed]] = msgspec.field(default_factory=dict)
    doubts: dict[str, set[Feed]] = msgspec.field(default_factory=dict)


class Hub(msgspec.Struct, frozen=True, eq=False):
    """What tells the subscribers of one process.

    ``store`` is the store whose writes they are told of: whoever writes in this process uses it. ``follow`` is how one follows
    something. ``ended`` is set when the service is about to stop: then every stream ends.
    """

    store: Store
    follow: Follow
    followers: Followers
    now: Callable[[], datetime]
    ended: asyncio.Event


def new_hub(store: Store, now: Callable[[], datetime]) -> Hub:
    """Return the hub of a process over its store. ``now`` returns an aware UTC date."""
    followers = Followers()

    async def write(changes: Sequence[Change]) -> None:
        await store.write(changes)
        try:
            _publish(followers, changes, now)
        except Exception:  # noqa: BLE001 -- what was committed is committed, whatever becomes of telling it
            _LOG.exception("a commit could not be told")

    return Hub(replace(store, write=write), _follow(followers, now), followers, now, asyncio.Event())


def _publish(followers: Followers, changes: Sequence[Change], now: Callable[[], datetime]) -> None:
    """Tell the followers of what was committed."""
    if followers.groups:
        items = [change.item for change in changes if isinstance(change, Put)]
        named = ((name, item) for item in items if (name := audited(item)) and name in followers.groups)
        for name, pairs in grouped(named, lambda pair: pair[0]).items():
            announce(followers.groups[name], [item for _, item in pairs], now())
    for change in changes:
        for feed in followers.keys.get(change.key, ()):
            stir(feed)
        for feed in followers.doubts.get(change.key.pk, ()):
            doubt(feed)


def _readable(revisions: Iterable[Item]) -> Iterator[tuple[Head, Item]]:
    """Yield the revisions with their heads. One that cannot be read is logged, and keeps nobody from the others."""
    for item in revisions:
        try:
            yield head_of(item), item
        except Corrupt:
            _LOG.exception("a revision cannot be told")


def announce(followed: Followed, revisions: Iterable[Item], now: datetime, *, is_baseline: bool = False) -> None:
    """Tell those who follow a group of those revisions that they have not been told of.

    ``is_baseline``: some may be older than the beginning of a subscription, which is not told of them.
    """
    fresh = [item for item in revisions if item.key not in followed.told]
    for change in changes_of(_readable(fresh)):
        for feed in followed.feeds if change.items else ():
            if not is_baseline or change.at >= feed.since:
                tell(feed, change)
    followed.told.update((item.key, now) for item in fresh)
    while followed.told and (len(followed.told) > _MOST_KNOWN or now - next(iter(followed.told.values())) > _REMEMBERED):
        followed.told.popitem(last=False)


def _follow(followers: Followers, now: Callable[[], datetime]) -> Follow:
    @contextmanager
    def follow(interest: Interest) -> Iterator[Feed]:
        feed = Feed(interest, now())
        if interest.group is not None:
            followers.groups.setdefault(interest.group, Followed()).feeds.add(feed)
        _enter(followers.keys, interest.keys, feed)
        _enter(followers.doubts, interest.doubts, feed)
        try:
            yield feed
        finally:
            _leave(followers.keys, interest.keys, feed)
            _leave(followers.doubts, interest.doubts, feed)
            if interest.group is not None:
                followed = followers.groups[interest.group]
                followed.feeds.discard(feed)
                if not followed.feeds:
                    del followers.groups[interest.group]

    return follow


def _enter(table: dict[K, set[Feed]], names: Iterable[K], feed: Feed) -> None:
    for name in names:
        table.setdefault(name, set()).add(feed)


def _leave(table: dict[K, set[Feed]], names: Iterable[K], feed: Feed) -> None:
    for name in names:
        table[name].discard(feed)
        if not table[name]:
            del table[name]
