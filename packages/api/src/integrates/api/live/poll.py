"""Finding what other processes have committed, for those who follow it in this one."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from msgspec.structs import replace

from integrates.api.live.feed import stir
from integrates.api.live.hub import OVERLAP, Followed, Hub, announce
from integrates.db_model.entity.revision import trail_queries
from integrates.db_model.store.port import Key, Query
from integrates.db_model.values.instant import SKEW

INTERVAL: Final = timedelta(seconds=1.5)
"""How long after one look at the store the next one begins, so that a change is found within two seconds."""

Poll: TypeAlias = Callable[[], Coroutine[Any, Any, timedelta]]
"""Look at the store once, and return the time after which to look again."""
_Versions: TypeAlias = Mapping[Key, int]


def _queries(name: str, now: datetime) -> Sequence[Query]:
    """Return the queries of the newest revisions of a group: their keys, at most a thousand of a month, newest first."""
    first, last = now - OVERLAP, now + SKEW
    return [replace(query, descending=True) for query in trail_queries("audit_of_group", {"name": name}, first, last, last)]


async def _find_revisions(hub: Hub, groups: Mapping[str, Followed]) -> None:
    """Tell the followers of groups of what the store shows anew; all groups are asked for in one call."""
    now = hub.now()
    asked = [(name, query) for name in groups for query in _queries(name, now)]
    pages = await hub.store.query([query for _, query in asked]) if asked else ()
    shown: dict[str, list[Key]] = {name: [] for name in groups}
    for (name, _), page in zip(asked, pages, strict=True):
        shown[name] += [item.key for item in page.items if item.key not in groups[name].told]
    keys = [key for found in shown.values() for key in found]
    items = dict(zip(keys, await hub.store.get(keys), strict=True)) if keys else {}
    for name, found in shown.items():
        revisions = [item for key in found if (item := items[key]) is not None]
        announce(groups[name], revisions, now, is_baseline=not groups[name].is_polled)
        groups[name].is_polled = True


async def _find_items(hub: Hub, known: _Versions) -> _Versions:
    """Tell the followers of items of those that have another version now, and return the versions."""
    keys = tuple(hub.followers.keys)
    items = await hub.store.get(keys) if keys else ()
    versions = {key: item.version if item else 0 for key, item in zip(keys, items, strict=True)}
    for key in [key for key, version in versions.items() if known.get(key, version) != version]:
        for feed in hub.followers.keys.get(key, ()):
            stir(feed)
    return versions


def new_poll(hub: Hub) -> Poll:
    """Return what looks at the store once for all followers of a process. Without followers it is not asked."""
    versions: _Versions = {}

    async def poll() -> timedelta:
        nonlocal versions
        await _find_revisions(hub, dict(hub.followers.groups))
        versions = await _find_items(hub, versions)
        return INTERVAL

    return poll
