"""Bulk changes are total: every position gets exactly one outcome, whatever happens to the others."""

from __future__ import annotations

from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING

from msgspec.structs import replace

from integrates.db_model.entity import command
from integrates.db_model.errors import Corrupt, NotFound, Reason, Rejected
from integrates.db_model.findings.facet import finding_key
from integrates.db_model.store.port import ANYTHING, Add, Item, Put, Store
from integrates.db_model.testing.scene import uid
from integrates.db_model.vulnerabilities import commands
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import Vulnerability

if TYPE_CHECKING:
    from packages.db_model.tests.entity.bulk.conftest import Many

HUNDRED = 100
R1 = uid("webshop/R1")


async def test_all_are_written_in_full_transactions(store: Store, many: Many) -> None:
    await many.begin()
    counting = many.counting(many.few(store))
    written = await commands.update_each(counting.store, map(many.name, range(HUNDRED)), many.closed, many.stamp())
    assert (sorted(written.entities), written.refused) == (list(range(HUNDRED)), {})
    own = 2  # the entity and its revision
    shared = {each.key for changes in counting.writes for each in changes if isinstance(each, Add)}
    assert len(counting.writes) == ceil(HUNDRED * own / (100 - len(shared)))
    assert all(len(changes) <= 100 for changes in counting.writes)
    assert await many.is_exact()


async def test_nothing_to_change_is_as_good_as_done(store: Store, many: Many) -> None:
    await many.begin(count=10)
    keys = [many.key(number) for number in range(10)]
    await command.update_each(store, VULNERABILITY, keys, many.tagged("bulk"), many.stamp())
    counting = many.counting(store)
    again = await command.update_each(counting.store, VULNERABILITY, keys, many.tagged("bulk"), many.stamp())
    assert ({each.version for each in again.entities.values()}, len(again.entities), counting.writes) == ({2}, 10, [])


async def test_one_named_twice_is_changed_once(store: Store, many: Many) -> None:
    await many.begin(count=2)
    written = await commands.update_each(store, [many.name(0), many.name(1), many.name(0)], many.tagged("bulk"), many.stamp())
    assert (sorted(written.entities), written.refused) == ([0, 1, 2], {})
    assert [written.entities[position].version for position in range(3)] == [2, 2, 2]


async def test_one_of_a_hundred_was_removed_meanwhile(store: Store, many: Many) -> None:
    await many.begin()
    keys = [many.key(number) if number != 57 else vulnerability_key(uid("none")) for number in range(HUNDRED)]
    written = await command.update_each(store, VULNERABILITY, keys, many.tagged("bulk"), many.stamp())
    ((position, error),) = written.refused.items()
    assert isinstance(error, NotFound)
    assert (position, error.facet, error.identity) == (57, "vulnerability", uid("none"))
    assert many.is_total(written, HUNDRED)


async def test_one_of_a_hundred_cannot_be_read(store: Store, many: Many) -> None:
    await many.begin()
    (item,) = await store.get((many.key(57),))
    assert item is not None
    damaged = Item(item.key, 2, {**item.attributes, "state": "odd"}, item.index_keys)
    await store.write((Put(damaged, ANYTHING),))
    written = await commands.update_each(store, map(many.name, range(HUNDRED)), many.closed, many.stamp())
    ((position, error),) = written.refused.items()
    assert (position, type(error)) == (57, Corrupt)
    assert many.is_total(written, HUNDRED)
    assert (await store.get((many.key(57),))) == (damaged,)


async def test_a_parent_that_cannot_be_read_refuses_what_is_below_it_only(store: Store, many: Many) -> None:
    await many.begin(count=10, rules_of=("R1", "R2"))
    (item,) = await store.get((finding_key(R1),))
    assert item is not None
    await store.write((Put(Item(item.key, 9, {**item.attributes, "state": "odd"}, item.index_keys), ANYTHING),))
    written = await commands.update_each(store, map(many.name, range(10)), many.closed, many.stamp())
    assert {position: type(error) for position, error in written.refused.items()} == dict.fromkeys(range(0, 10, 2), Corrupt)
    assert many.is_total(written, 10)


async def test_an_alter_that_refuses_some(store: Store, many: Many) -> None:
    await many.begin()
    refused = {many.name(number) for number in (0, 50, 99)}

    def alter(old: Vulnerability, at: datetime) -> Vulnerability:
        if old.id in refused:
            raise Rejected(Reason.HIDDEN)
        return many.closed(old, at)

    written = await commands.update_each(store, map(many.name, range(HUNDRED)), alter, many.stamp())
    assert {position: str(error) for position, error in written.refused.items()} == dict.fromkeys((0, 50, 99), "hidden")
    assert many.is_total(written, HUNDRED)


async def test_an_alter_that_makes_some_unreadable(store: Store, many: Many) -> None:
    await many.begin(count=10)

    def alter(old: Vulnerability, at: datetime) -> Vulnerability:
        if old.id == many.name(3):
            return replace(old, state="closed")
        return replace(old, labels="urgent") if old.id == many.name(7) else many.closed(old, at)

    written = await commands.update_each(store, map(many.name, range(10)), alter, many.stamp())
    assert {position: str(error) for position, error in written.refused.items()} == {
        3: "wrong_type (state)",
        7: "wrong_type (labels)",
    }
    assert many.is_total(written, 10)
