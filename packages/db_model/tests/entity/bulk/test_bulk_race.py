"""Bulk changes that lose races: who lost is decided about again, and nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pytest

from integrates.db_model.entity.bulk import Decision, write_each
from integrates.db_model.errors import Raced, Reason, Rejected, Stale
from integrates.db_model.findings import commands as findings
from integrates.db_model.findings.facet import finding_key
from integrates.db_model.store.port import Change, Store
from integrates.db_model.testing.scene import scored, uid
from integrates.db_model.vulnerabilities import commands

if TYPE_CHECKING:
    from packages.db_model.tests.entity.bulk.conftest import Many
    from packages.db_model.tests.entity.conftest import Intrude

HUNDRED = 100
R1 = uid("webshop/R1")


@pytest.mark.parametrize("named", [True, False])
async def test_a4_fifty_stale_of_a_hundred_leave_in_few_transactions(store: Store, many: Many, *, named: bool) -> None:
    """Those whose version was named are told; the others are decided again and written."""
    await many.begin()
    numbers = range(HUNDRED)
    decided, decide = await many.prepared(many.tagged("bulk"), numbers, dict.fromkeys(numbers, 1) if named else None)
    others = list(numbers[1::2])
    await commands.update_each(store, map(many.name, others), many.tagged("else"), many.stamp())
    counting = many.counting(store)
    written = await write_each(counting.store, decided, decide, policy=many.AT_ONCE)
    assert many.is_total(written, HUNDRED)
    assert len(counting.writes) <= 4
    if named:
        assert sorted(written.refused) == others
        assert {(type(error), getattr(error, "current", None)) for error in written.refused.values()} == {(Stale, 2)}
        assert await many.tags() == {("bulk",): HUNDRED - len(others), ("else",): len(others)}
    else:
        assert written.refused == {}
        assert {written.entities[number].version for number in others} == {3}
        assert await many.tags() == {("bulk",): HUNDRED}


async def test_a_rule_that_refuses_when_decided_again(store: Store, many: Many, intrude: Intrude) -> None:
    """After a lost race the item is closed already: the race is no answer, the rule is."""
    await many.begin()

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await commands.update_each(store, map(many.name, (20, 77)), many.closed, many.stamp())

    written = await commands.update_each(intrude(store, before), map(many.name, range(HUNDRED)), many.closed, many.stamp())
    assert {position: str(error) for position, error in written.refused.items()} == dict.fromkeys((20, 77), "not_vulnerable")
    assert many.is_total(written, HUNDRED)
    assert await many.is_exact()


async def test_a_raced_parent_has_those_below_it_decided_again(store: Store, many: Many, intrude: Intrude) -> None:
    await many.begin(rules_of=("R1", "R2"))
    asked: list[Sequence[int]] = []
    decided, again = await many.prepared(many.closed, range(HUNDRED))

    async def decide(positions: Sequence[int]) -> Mapping[int, Decision]:
        asked.append(positions)
        return {**await again(positions), **({60: Rejected(Reason.HIDDEN)} if 60 in positions else {})}

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await findings.rescore(store, R1, scored("9.8"), many.stamp())

    written = await write_each(intrude(store, before), decided, decide, policy=many.AT_ONCE)
    assert asked == [list(range(0, HUNDRED, 2))], "those of the finding that changed, all at once"
    assert {position: str(error) for position, error in written.refused.items()} == {60: "hidden"}
    assert many.is_total(written, HUNDRED)
    assert await many.is_exact()


async def test_a_race_that_is_lost_again_and_again_is_reported(store: Store, many: Many, intrude: Intrude) -> None:
    await many.begin(count=10, rules_of=("R1", "R2"))
    decided, decide = await many.prepared(many.closed, range(10))
    rounds: list[int] = []

    async def before(_: int, changes: Sequence[Change]) -> None:
        if any(finding_key(R1).pk.removeprefix("FIN#") in change.key.pk for change in changes):
            rounds.append(len(changes))
            await findings.rescore(store, R1, scored(f"{len(rounds) % 10}.0"), many.stamp())

    written = await write_each(intrude(store, before), decided, decide, policy=many.AT_ONCE)
    assert len(rounds) == many.AT_ONCE.attempts
    assert {position: type(error) for position, error in written.refused.items()} == dict.fromkeys(range(0, 10, 2), Raced)
    assert many.is_total(written, 10)
    assert await many.is_exact()


async def test_what_was_equal_is_done_even_where_a_race_is_lost(store: Store, many: Many, intrude: Intrude) -> None:
    await many.begin(count=10)
    await commands.update_each(store, map(many.name, range(5)), many.tagged("bulk"), many.stamp())

    async def before(_: int, __: Sequence[Change]) -> None:
        await commands.update_each(store, map(many.name, range(5, 10)), many.tagged(f"t{many.stamp().at.second}"), many.stamp())

    decided, decide = await many.prepared(many.tagged("bulk"), range(10))
    written = await write_each(intrude(store, before), decided, decide, policy=many.AT_ONCE)
    assert (sorted(written.entities), sorted(written.refused)) == ([0, 1, 2, 3, 4], [5, 6, 7, 8, 9])
    assert {type(error) for error in written.refused.values()} == {Raced}
