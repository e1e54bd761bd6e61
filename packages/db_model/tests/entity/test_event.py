"""Events in a store: what they are about, how they change, and who wins (domain section 3)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.db_model.tests.entity.holding import (
    OVER,
    now,
)

from integrates.db_model import events
from integrates.db_model.entity import command, read
from integrates.db_model.errors import NotFound, Rejected, Rejections
from integrates.db_model.events.facet import EVENT, event_key, events_of_group
from integrates.db_model.events.types import EventInfo, EventStatus, EventType
from integrates.db_model.store.port import Change
from integrates.db_model.testing.scene import add_event, deactivate_root, uid

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House, Intrude


async def test_events_are_listed_by_id_and_in_one_state_by_their_date(house: House) -> None:
    names = ("early", "late", "over")
    made = [await add_event(house.store, house.group, name, house.stamp, kind=EventType.OTHER) for name in names]
    over = await events.solve(house.store, made[2], OVER, house.stamp())
    of_group = await read.everything(house.store, EVENT, events_of_group("webshop"))
    assert [one.id for one in of_group] == sorted(one.id for one in made)
    assert await read.everything(house.store, EVENT, events_of_group("webshop", EventStatus.CREATED)) == tuple(made[:2])
    assert await read.everything(house.store, EVENT, events_of_group("webshop", EventStatus.SOLVED)) == (over,)
    assert await read.everything(house.store, EVENT, events_of_group("rival")) == ()


async def test_a_new_event_needs_an_active_root_of_the_group(house: House) -> None:
    stamp = house.stamp()
    given = {"type": "VPN_ISSUES", "description": "No answer", "event_date": stamp.at}
    found = await events.create(house.store, house.group, house.root, given, stamp, uid("new"))
    assert (found.root_id, found.info) == (house.root.id, EventInfo(type=EventType.VPN_ISSUES, description="No answer"))
    await deactivate_root(house.store, house.root.id, house.stamp())
    with pytest.raises(Rejections, match=r"inactive_root \(root_id\)"):
        await events.create(house.store, house.group, house.root, given, house.stamp(), uid("newer"))
    with pytest.raises(Rejections, match=r"wrong_parent \(root_id\)"):
        await events.create(house.store, house.other, house.root, given, house.stamp(), uid("newer"))


async def test_a_root_that_is_deactivated_meanwhile_is_noticed(house: House, intrude: Intrude) -> None:
    async def deactivate(number: int, _changes: Sequence[Change]) -> None:
        if number == 1:
            await deactivate_root(house.store, house.root.id, house.stamp())

    with pytest.raises(Rejections, match="inactive_root"):
        await add_event(intrude(house.store, deactivate), house.group, "event", house.stamp, root=house.root)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"description": ""}, "required (description)"),
        ({"description": "a" * 301}, "too_long (description)"),
        ({"type": "NOTHING"}, "bad_format (type)"),
        ({"event_date": None}, "required (event_date)"),
    ],
)
async def test_arguments_of_a_new_event(house: House, given: Mapping[str, Any], told: str) -> None:
    stamp = house.stamp()
    whole = {"type": "OTHER", "description": "a" * 300, "event_date": stamp.at, **given}
    with pytest.raises(Rejections) as caught:
        await events.create(house.store, house.group, None, whole, stamp, uid("new"))
    assert str(caught.value).startswith(told)


async def test_an_event_has_happened(house: House) -> None:
    stamp = house.stamp()
    given = {"type": "OTHER", "description": "Later", "event_date": stamp.at + timedelta(microseconds=1)}
    with pytest.raises(Rejections, match=r"in_future \(event_date\)"):
        await events.create(house.store, house.group, None, given, stamp, uid("new"))
    assert (
        await events.create(house.store, house.group, None, {**given, "event_date": stamp.at}, stamp, uid("new"))
    ).version == 1


async def test_a_solved_event_never_changes(house: House) -> None:
    event = await add_event(house.store, house.group, "event", house.stamp)
    await events.solve(house.store, event, OVER, house.stamp())
    with pytest.raises(Rejected, match="event_solved"):
        await events.describe(house.store, event, {"description": "New"}, house.stamp())
    with pytest.raises(Rejected, match="event_solved"):
        await command.update(
            house.store,
            EVENT,
            event_key(event.id),
            lambda old, _: replace(old, info=replace(old.info, description="New")),
            house.stamp(),
        )


@pytest.mark.parametrize("change", ["describe", "claim_solution", "solve"])
async def test_of_two_with_one_version_one_wins(house: House, change: str) -> None:
    event = await add_event(house.store, house.group, "event", house.stamp)
    given = {
        "describe": ({"description": "This"}, {"description": "That"}),
        "claim_solution": ({"comments": "It works again"},) * 2,
        "solve": (OVER, OVER),
    }[change]
    act = getattr(events, change)
    done = await asyncio.gather(
        *(act(house.store, event, each, house.stamp(), expected_version=event.version) for each in given),
        return_exceptions=True,
    )
    kinds = sorted(type(one).__name__ for one in done)
    assert kinds in (["Event", "Stale"], ["Event", "Rejected"])
    assert (await now(house, EVENT, event_key(event.id))).version == 2


async def test_a_removed_group_has_no_events(house: House) -> None:
    event = await add_event(house.store, house.group, "event", house.stamp)
    await house.remove_group()
    with pytest.raises(NotFound, match="group"):
        await events.describe(house.store, event, {"description": "New"}, house.stamp())
    with pytest.raises(NotFound, match="group"):
        await add_event(house.store, house.group, "another", house.stamp)
