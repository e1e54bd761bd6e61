"""Bulk changes at a limit: a taken claim, a full counter, what is too large, and a store that is away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from integrates.db_model.access.commands import group_member
from integrates.db_model.access.facet import GROUP_ACCESS, group_access_key
from integrates.db_model.access.types import GroupGrant, GroupRole
from integrates.db_model.entity import command, read
from integrates.db_model.entity.bulk import write_each
from integrates.db_model.entity.counter import guarded
from integrates.db_model.entity.facet import Beside
from integrates.db_model.entity.plan import Plan, needs, plan, together
from integrates.db_model.entity.transaction import gathered
from integrates.db_model.errors import (
    AlreadyExists,
    LimitExceeded,
    Reason,
    Rejected,
    Unavailable,
)
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding, ToolRule
from integrates.db_model.groups.facet import MAX_MEMBERS, group_counters_key
from integrates.db_model.store.port import ANYTHING, Add, Change, Item, Key, Put, Store
from integrates.db_model.testing.scene import add_finding, add_group, add_person, address_of, uid
from integrates.db_model.vulnerabilities import commands
from integrates.db_model.vulnerabilities.facet import VULNERABILITY

if TYPE_CHECKING:
    from packages.db_model.tests.entity.bulk.conftest import Many
    from packages.db_model.tests.entity.conftest import Intrude

HUNDRED = 100


async def news(store: Store, many: Many, taken: int) -> Mapping[int, Plan[Finding]]:
    """Plan a hundred new findings, all of which could be stored when that was decided; then one claim is taken."""
    group = await add_group(store, "webshop", many.stamp)
    first = await add_finding(store, group, "R1", many.stamp)
    made = many.stamp()
    wanted = [replace(first, id=uid(f"new{number}"), rule=ToolRule(tool="t", rule_id=str(number))) for number in range(HUNDRED)]
    given = await gathered(store, [needs(FINDING, None, new) for new in wanted])
    plans = {number: plan(FINDING, None, new, made, given) for number, new in enumerate(wanted)}
    await command.add(store, FINDING, replace(wanted[taken], id=uid("first")), many.stamp())
    return plans


async def test_a_taken_claim_at_the_77th_refuses_that_one(store: Store, many: Many) -> None:
    plans = await news(store, many, 77)
    written = await write_each(many.few(store), plans, many.refuse)
    ((position, error),) = written.refused.items()
    assert (position, type(error)) == (77, AlreadyExists)
    assert many.is_total(written, HUNDRED)
    found = await read.get_many(store, FINDING, [finding_key(uid(f"new{number}")) for number in range(HUNDRED)])
    assert [number for number, each in enumerate(found) if each is None] == [77]


@pytest.mark.parametrize("room", [0, 1, 13, 31, 32])
async def test_a_guard_at_its_bound_lets_pass_as_many_as_there_is_room_for(store: Store, many: Many, room: int) -> None:
    count = 32
    group = await add_group(store, "webshop", many.stamp)
    people = [address_of(f"p{number}") for number in range(count)]
    for person in people:
        await add_person(store, person, many.stamp)
    made = many.stamp()
    accesses = [group_member(person, group.name, GroupGrant(role=GroupRole.USER), made) for person in people]
    given = await gathered(store, [needs(GROUP_ACCESS, None, each) for each in accesses])
    plans = {number: plan(GROUP_ACCESS, None, each, made, given) for number, each in enumerate(accesses)}
    await store.write((Add(group_counters_key("webshop", 0), {"members": MAX_MEMBERS - room}, {}, ANYTHING),))
    counting = many.counting(store)
    written = await write_each(counting.store, plans, many.refuse)
    assert (len(written.entities), len(written.refused)) == (room, count - room)
    assert {str(error) for error in written.refused.values()} <= {"too_many 1,000 members of a group"}
    assert many.is_total(written, count)
    found = await read.get_many(store, GROUP_ACCESS, [group_access_key(person, "webshop") for person in people])
    assert [number for number, each in enumerate(found) if each] == sorted(written.entities)
    assert len(counting.writes) <= 2 * count


async def test_a_refusal_that_nobody_can_be_blamed_for_is_no_success(store: Store, many: Many) -> None:
    """A number without a bound is at fault: a damaged counter."""
    await many.begin(count=3)
    damaged = Key("COUNTERS#X", "COUNTERS#X")
    await store.write((Put(Item(damaged, 1, {"n": "many"}), ANYTHING),))
    decided, _ = await many.prepared(many.tagged("bulk"), range(3))
    more = Beside(Add(damaged, {"n": 1}, {}, ANYTHING), Rejected(Reason.TOO_MANY))
    plans = {number: together(made, more) for number, made in decided.items() if isinstance(made, Plan)}
    written = await write_each(store, plans, many.refuse)
    assert (written.entities, {str(error) for error in written.refused.values()}) == ({}, {"too_many"})
    assert await many.tags(3) == {(): 3}


async def test_one_that_meets_its_own_bound_twice_is_refused(store: Store, many: Many) -> None:
    await many.begin(count=1)
    decided, _ = await many.prepared(many.tagged("bulk"), range(1))
    full = Key("COUNTERS#X", "COUNTERS#X")
    twice = [Beside(guarded(full, "n", high=1), Rejected(Reason.TOO_MANY)) for _ in range(2)]
    plans = {number: together(made, *twice) for number, made in decided.items() if isinstance(made, Plan)}
    written = await write_each(store, plans, many.refuse)
    assert list(written.refused) == [0]


async def test_an_item_that_is_too_large_leaves_the_others(store: Store, many: Many) -> None:
    await many.begin(count=20)
    small = many.narrow(store, [many.name(7)])
    written = await commands.update_each(small, map(many.name, range(20)), many.tagged("bulk"), many.stamp())
    ((position, error),) = written.refused.items()
    assert isinstance(error, LimitExceeded)
    assert (position, error.limit) == (7, "item_bytes")
    assert many.is_total(written, 20)
    assert await many.tags(20) == {("bulk",): 19, (): 1}


async def test_a_write_that_is_too_large_as_a_whole_is_halved(store: Store, many: Many, intrude: Intrude) -> None:
    """A chunk is about as large as it may be: counters that grow are not in the reckoning."""
    await many.begin(count=20)

    async def before(_: int, changes: Sequence[Change]) -> None:
        if len(changes) > 20:
            raise LimitExceeded("write_bytes", 2, 1)

    written = await commands.update_each(intrude(store, before), map(many.name, range(20)), many.closed, many.stamp())
    assert (len(written.entities), written.refused) == (20, {})
    assert await many.is_exact()


@pytest.mark.parametrize("failing", ["write", "get"])
async def test_an_outage_in_the_middle_leaves_what_was_written(
    store: Store, many: Many, intrude: Intrude, failing: str
) -> None:
    """The second chunk is never answered, or a stale one cannot be read again."""
    await many.begin()
    away = False

    async def before(number: int, _: Sequence[Change]) -> None:
        nonlocal away
        if number == 1 and failing == "get":
            await commands.update_each(store, map(many.name, range(10)), many.tagged("else"), many.stamp())
        away = away or number == 2
        if away and failing == "write":
            raise Unavailable("away")

    async def get(keys: Sequence[Key]) -> tuple[Item | None, ...]:
        if away:
            raise Unavailable("away")
        return await store.get(keys)

    failed = replace(intrude(many.few(store), before), get=get if failing == "get" else store.get)
    written = await commands.update_each(failed, map(many.name, range(HUNDRED)), many.tagged("bulk"), many.stamp())
    assert many.is_total(written, HUNDRED)
    assert {type(error) for error in written.refused.values()} == {Unavailable}
    assert written.entities
    assert written.refused
    found = await read.get_many(store, VULNERABILITY, [many.key(number) for number in range(HUNDRED)])
    has = [number for number, each in enumerate(found) if each and each.labels.tags == ("bulk",)]
    assert has == sorted(written.entities)
