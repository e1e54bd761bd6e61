"""What other processes commit is found; what a subscriber does not take is bounded; imports are followed to their end."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.test_import_mutation import IMPORT as RUN
from packages.api.tests.test_import_mutation import sarif
from packages.api.tests.test_live import GROUP, IMPORT, Listener, begun, labelled, told

from integrates.api.live import feed as feed_module
from integrates.api.live.feed import MOST, Feed, Interest, News, Overrun, awaited, stir
from integrates.api.live.hub import OVERLAP, announce, new_hub
from integrates.api.live.poll import INTERVAL, new_poll
from integrates.api.subscribe import Unseen
from integrates.api.upload import in_memory
from integrates.db_model.entity.revision import history_query
from integrates.db_model.store.port import ANYTHING, Put
from integrates.db_model.testing.scene import address_of
from integrates.db_model.values.instant import SKEW
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.facet import vulnerability_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.api.tests.conftest import World


@pytest.fixture
def listener(world: World) -> Listener:
    return Listener(world, new_hub(world.store, world.now))


@pytest.fixture
def elsewhere(world: World) -> Listener:
    """Another process on the same store."""
    return Listener(world, new_hub(world.store, world.now))


async def test_a_change_of_another_process_is_found_once(listener: Listener, elsewhere: Listener) -> None:
    vulnerable, poll = listener.world.aurora.vulnerable, new_poll(listener.hub)
    async with aclosing(await listener.stream("greta")) as stream:
        await begun(stream)
        await labelled(elsewhere, vulnerable.id)
        assert await poll() == INTERVAL <= timedelta(seconds=2)
        change = await told(stream)
        assert (change["operation"], [item["id"] for item in change["items"]]) == ("label_it", [vulnerable.id])
        await poll()
        (following,) = listener.hub.followers.groups["webshop"].feeds
        assert not following.waiting


async def test_what_this_process_told_is_not_found_again(listener: Listener) -> None:
    async with aclosing(await listener.stream("greta")) as stream:
        await begun(stream)
        await labelled(listener, listener.world.aurora.vulnerable.id)
        await new_poll(listener.hub)()
        (following,) = listener.hub.followers.groups["webshop"].feeds
        assert len(following.waiting) == 1


async def test_a_poll_that_sees_a_commit_first_tells_it_for_both(listener: Listener) -> None:
    async with aclosing(await listener.stream("greta")) as stream:
        await begun(stream)
        inner, poll = listener.world.store, new_poll(listener.hub)

        async def write(changes: Sequence[Any]) -> None:
            await inner.write(changes)
            await poll()

        hub = new_hub(replace(inner, write=write), listener.world.now)
        hub.followers.groups.update(listener.hub.followers.groups)
        await labelled(Listener(listener.world, hub), listener.world.aurora.vulnerable.id)
        (following,) = listener.hub.followers.groups["webshop"].feeds
        assert len(following.waiting) == 1


async def test_what_was_changed_before_is_not_told(listener: Listener, elsewhere: Listener) -> None:
    aurora = listener.world.aurora
    await labelled(elsewhere, aurora.safe.id)
    async with aclosing(await listener.stream("greta")) as stream:
        await begun(stream)
        await labelled(elsewhere, aurora.vulnerable.id)
        await new_poll(listener.hub)()
        assert [item["id"] for item in (await told(stream))["items"]] == [aurora.vulnerable.id]
        (following,) = listener.hub.followers.groups["webshop"].feeds
        assert not following.waiting


async def test_what_is_committed_late_is_told_however_old_its_date(listener: Listener, elsewhere: Listener) -> None:
    """Its date was taken before the subscription, and the commit took until after the first look."""
    aurora, poll = listener.world.aurora, new_poll(listener.hub)
    stamp = listener.world.stamp("slow")
    async with aclosing(await listener.stream("greta")) as stream:
        await begun(stream)
        await poll()
        await vulnerabilities.update(
            elsewhere.hub.store,
            aurora.vulnerable.id,
            lambda old, _: replace(old, labels=replace(old.labels, tags=("a",))),
            stamp,
        )
        await poll()
        assert (await told(stream))["operation"] == "slow"


async def test_without_followers_the_store_is_not_asked(world: World) -> None:
    async def never(_asked: object) -> Any:
        raise AssertionError("nobody follows anything")

    hub = new_hub(replace(world.store, get=never, query=never), world.now)
    assert await new_poll(hub)() == INTERVAL


async def test_all_groups_are_asked_for_in_one_call(listener: Listener) -> None:
    calls, inner = list[int](), listener.world.store

    async def query(queries: Sequence[Any]) -> Any:
        calls.append(len(queries))
        return await inner.query(queries)

    hub = new_hub(replace(inner, query=query), listener.world.now)
    with hub.follow(Interest(group="webshop")), hub.follow(Interest(group="cargo")), hub.follow(Interest(group="webshop")):
        await new_poll(hub)()
    assert calls == [2]


async def test_a_month_that_ends_is_read_together_with_the_next(listener: Listener, elsewhere: Listener) -> None:
    world = listener.world
    late = world.aurora.vulnerable.created_at.replace(day=30, hour=23, minute=59, second=59, microsecond=999_000)
    hub = new_hub(world.store, lambda: late + timedelta(seconds=3))
    with hub.follow(Interest(group="webshop")) as following:
        poll = new_poll(hub)
        await poll()
        stamp = replace(world.stamp("late"), at=late)
        await vulnerabilities.update(
            elsewhere.hub.store,
            world.aurora.vulnerable.id,
            lambda old, _: replace(old, labels=replace(old.labels, tags=("a",))),
            stamp,
        )
        await poll()
        assert [change.operation for change in following.waiting] == ["late"]


async def test_one_call_that_changes_many_is_told_once_for_each_commit(listener: Listener) -> None:
    world, root = listener.world, listener.world.aurora.root
    content = sarif(*(("r1", "app/a.py", line) for line in range(1, 131)))
    query = """subscription { groupChanged(groupName: "webshop", kinds: [VULNERABILITY]) { count changeId items { id } } }"""
    async with aclosing(await listener.stream("greta", query, unused=None)) as stream:
        await anext(stream)
        await world.answer("hana", RUN, store=listener.hub.store, root=root.id, file=in_memory("scan.sarif", content))
        (following,) = listener.hub.followers.groups["webshop"].feeds
        changes = list(following.waiting)
        events = [await told(stream) for change in changes if any(item.kind == "VULNERABILITY" for item in change.items)]
    assert sum(event["count"] for event in events) == 130
    assert {len(event["items"]) == min(100, event["count"]) for event in events} == {True}
    assert len({event["changeId"] for event in events}) == 1


async def test_an_import_is_followed_to_its_end(listener: Listener) -> None:
    world, root = listener.world, listener.world.aurora.root
    content = sarif(*(("r1", "app/a.py", line) for line in range(1, 2000)))
    sent = asyncio.create_task(
        world.answer("hana", RUN, store=listener.hub.store, root=root.id, file=in_memory("scan.sarif", content))
    )
    while not (found := (await world.data("uri", LATEST))["group"]["imports"]["nodes"]):  # noqa: ASYNC110 -- asked by the API
        await asyncio.sleep(0)
    async with aclosing(await listener.stream("uri", IMPORT, id=found[0]["id"])) as stream:
        states = [answer.body["data"]["importProgress"]["state"] async for answer in stream]
    await sent
    assert (states[0], states[-1], len(states) > 2) == ("RUNNING", "COMPLETED", True)
    assert set(states[:-1]) == {"RUNNING"}


LATEST = '{ group(name: "webshop") { imports(first: 1) { nodes { id state } } } }'


async def test_an_import_that_has_ended_is_told_once(listener: Listener) -> None:
    world, content = listener.world, sarif(("r1", "app/a.py", 1))
    await world.answer("hana", RUN, root=world.aurora.root.id, file=in_memory("scan.sarif", content))
    (found,) = (await world.data("uri", LATEST))["group"]["imports"]["nodes"]
    async with aclosing(await listener.stream("uri", IMPORT, id=found["id"])) as stream:
        events = [answer.body["data"]["importProgress"] async for answer in stream]
    assert events == [{"id": found["id"], "state": "COMPLETED", "position": 1}]


async def test_an_item_that_another_process_wrote_is_found(listener: Listener) -> None:
    world = listener.world
    key = listener.world.aurora.vulnerable
    poll = new_poll(listener.hub)
    with listener.hub.follow(Interest(keys=(vulnerability_key(key.id),))) as following:
        await poll()
        assert not following.flags.is_written
        await vulnerabilities.update(
            world.store, key.id, lambda old, _: replace(old, labels=replace(old.labels, tags=("a",))), world.stamp()
        )
        await poll()
        assert await awaited(following) is News.WRITTEN


async def test_too_many_that_wait_end_the_subscription(listener: Listener) -> None:
    overruns = list[int]()
    world = listener.world
    with listener.hub.follow(Interest(group="webshop", overrun=lambda: overruns.append(1))) as following:
        await labelled(listener, world.aurora.vulnerable.id)
        (change,) = following.waiting
        for _ in range(MOST - 1):
            feed_module.tell(following, change)
        assert (len(following.waiting), overruns) == (MOST, [])
        feed_module.tell(following, change)
        feed_module.tell(following, change)
        assert (len(following.waiting), overruns) == (0, [1])
        with pytest.raises(Overrun):
            await awaited(following)


async def test_what_is_remembered_as_told_is_bounded(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrates.api.live.hub._MOST_KNOWN", 3)
    world = listener.world
    with listener.hub.follow(Interest(group="webshop")):
        followed = listener.hub.followers.groups["webshop"]
        for _ in range(5):
            await labelled(listener, world.aurora.vulnerable.id)
        assert len(followed.told) == 3
        announce(followed, [], world.now() + OVERLAP + SKEW)  # until then a revision of a fast clock may be found again
        assert len(followed.told) == 3
        announce(followed, [], world.now() + 2 * OVERLAP + SKEW + timedelta(seconds=1))
        assert len(followed.told) == 0


async def test_silence_is_a_doubt(listener: Listener) -> None:
    with listener.hub.follow(Interest(group="webshop")) as following:
        assert await awaited(following, 0) is News.DOUBT


async def test_several_writes_wake_once(listener: Listener) -> None:
    with listener.hub.follow(Interest(group="webshop")) as following:
        stir(following)
        stir(following)
        assert await awaited(following, 0) is News.WRITTEN
        assert await awaited(following, 0) is News.DOUBT


async def test_in_silence_it_is_looked_at_whether_the_caller_still_may(
    listener: Listener, elsewhere: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process takes the role away, which no commit of this one tells."""
    async with aclosing(await listener.stream("uri")) as stream:
        await begun(stream)
        leave = 'mutation ($email: String!) { removeGroupMember(groupName: "webshop", email: $email) { errors { reason } } }'
        await elsewhere.world.answer("greta", leave, store=elsewhere.hub.store, email=address_of("uri"))
        monkeypatch.setattr("integrates.api.live.fields.awaited", lambda feed: awaited(feed, 0))
        with pytest.raises(Unseen):
            await anext(stream)


async def test_a_commit_stays_one_whatever_becomes_of_telling_it(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_feed: Feed, _change: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("integrates.api.live.hub.tell", broken)
    with listener.hub.follow(Interest(group="webshop")):
        await labelled(listener, listener.world.aurora.vulnerable.id)
    assert "a commit could not be told" in caplog.text
    assert GROUP


async def test_a_revision_that_cannot_be_read_keeps_nobody_from_the_others(
    listener: Listener, elsewhere: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    aurora, store, poll = listener.world.aurora, listener.world.store, new_poll(listener.hub)
    async with aclosing(await listener.stream("greta")) as stream:
        await begun(stream)
        await labelled(elsewhere, aurora.safe.id)
        (page,) = await store.query([history_query(vulnerability_key(aurora.safe.id), limit=1, descending=True)])
        odd = replace(page.items[0], attributes={**page.items[0].attributes, "at": "yesterday"})
        await store.write([Put(odd, ANYTHING)])
        await labelled(elsewhere, aurora.vulnerable.id)
        await poll()
        await poll()
        assert [item["id"] for item in (await told(stream))["items"]] == [aurora.vulnerable.id]
        assert [line.message for line in caplog.records] == ["a revision cannot be told"]
