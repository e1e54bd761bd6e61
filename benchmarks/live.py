"""What it costs to tell many subscribers what happens: CPU for each event, and the time until all know.

Run it with ``python benchmarks/live.py``: a hub over a store in memory in this process, and as many subscriptions to one group
as are asked for, half of them of a manager, from whom nothing is hidden, and half of a user, for whom each change is looked
at anew.
"""

import argparse
import asyncio
import itertools
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from integrates.api.authorization.actor import Actor, Means
from integrates.api.context import Call
from integrates.api.execute import Api, new_api
from integrates.api.live.hub import Hub, new_hub
from integrates.api.live.poll import new_poll
from integrates.api.request.answer import Answer
from integrates.api.subscribe import Stream, Terms, subscribe
from integrates.db_model.access.types import GroupRole
from integrates.db_model.files.memory import memory_files
from integrates.db_model.store.memory import memory_store
from integrates.db_model.testing import scene
from integrates.db_model.vulnerabilities.commands import update_each
from integrates.db_model.vulnerabilities.types import Vulnerability

NOW: Final = datetime(2026, 6, 20, tzinfo=UTC)
ROLES: Final = {"greta": GroupRole.GROUP_MANAGER, "uri": GroupRole.USER}
QUERY: Final = 'subscription { groupChanged(groupName: "webshop") { at by operation count items { kind id version } } }'
COMMITS: Final = 20
_NUMBERS: Final = itertools.count()


async def _filled(hub: Hub, number: int) -> tuple[str, ...]:
    """Make the group with its people and vulnerabilities, and return the ids of these."""
    stamp = scene.ticking(NOW)
    group = await scene.add_group(hub.store, "webshop", stamp)
    for name, role in ROLES.items():
        await scene.add_member(hub.store, group, scene.address_of(name), role, stamp)
    root = await scene.add_root(hub.store, group, "backend", stamp)
    finding = await scene.add_finding(hub.store, group, "rule", stamp, score="7.5")
    added = [await scene.add_vulnerability(hub.store, finding, root, f"src/{each}.py", stamp) for each in range(number)]
    return tuple(one.id for one in added)


def _call(hub: Hub, name: str) -> Call:
    return Call(
        actor=Actor(scene.address_of(name), Means.SESSION),
        store=hub.store,
        files=memory_files(),
        now=lambda: NOW,
        new_id=lambda: scene.uid(next(_NUMBERS)),
        new_jti=str,
        sign_token=lambda token, _jti: token.id,
        sign_invitation=lambda _access, jti: jti,
        cursor_key=b"",
        spawn=lambda work: work.close(),
        request_id="benchmark",
        follow=hub.follow,
    )


async def _still() -> bool:
    return True


async def _stream(api: Api, hub: Hub, name: str) -> Stream:
    found = await subscribe(api, {"query": QUERY}, _call(hub, name), Terms(still_holds=_still, seconds=60))
    if isinstance(found, Answer):
        raise SystemExit(str(found.body))
    await anext(found)
    return found


def _tagged(old: Vulnerability, _at: datetime) -> Vulnerability:
    return replace(old, labels=replace(old.labels, tags=(f"tag-{next(_NUMBERS)}",)))


async def _told(hub: Hub, streams: Sequence[Stream], ids: Sequence[str]) -> tuple[float, float, float]:
    """Change vulnerabilities by one call, and return milliseconds of CPU and of the clock until all know, and the events."""
    cpu, begun = time.process_time(), time.perf_counter()
    await update_each(hub.store, ids, _tagged, scene.ticking(NOW)())
    changed = time.process_time()
    waiting = len(next(iter(hub.followers.groups["webshop"].feeds)).waiting)
    for _ in range(waiting):
        await asyncio.gather(*(anext(one) for one in streams))
    ended = time.process_time()
    return 1_000 * (ended - changed), 1_000 * (time.perf_counter() - begun - (changed - cpu)), waiting * len(streams)


async def measure(subscribers: int) -> None:
    """Print a line for a change of one, of 30 and of 300 vulnerabilities: the median of several changes."""
    hub, api = new_hub(memory_store(), lambda: NOW), new_api()
    ids = await _filled(hub, 300)
    streams = [await _stream(api, hub, list(ROLES)[number % len(ROLES)]) for number in range(subscribers)]
    for number in (1, 30, 300):
        found = sorted([await _told(hub, streams, ids[:number]) for _ in range(COMMITS)])
        cpu, clock, events = found[COMMITS // 2]
        print(f"{number:>4} changed: {events:>6.0f} events, {cpu / events:>7.3f} CPU-ms each, all told after {clock:>7.1f} ms")
    poll = new_poll(hub)
    await poll()
    begun = time.process_time()
    for _ in range(COMMITS):
        await poll()
    print(f"look at the store, {1_000 * (time.process_time() - begun) / COMMITS:.3f} CPU-ms")
    for stream in streams:
        await stream.aclose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=100)
    asyncio.run(measure(parser.parse_args().subscribers))
