"""What is removed takes nothing in any more, and a finding goes only when nothing is left below it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

import pytest
from msgspec.structs import replace

from integrates.db_model.entity import command, read, transaction
from integrates.db_model.errors import NotFound, Raced, Rejected
from integrates.db_model.findings import commands as findings
from integrates.db_model.findings.facet import (
    FINDING,
    FINDING_SHARDS,
    finding_counters_key,
    finding_counters_keys,
    finding_key,
    finding_shard,
)
from integrates.db_model.findings.types import Finding, FindingStateStatus, RemovalJustification
from integrates.db_model.groups.facet import GROUP, GROUP_SHARDS, group_shard
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.roots.types import Root
from integrates.db_model.store.port import Change, Store
from integrates.db_model.testing.scene import HANA, add_finding, add_root, add_vulnerability, deactivate_root, uid
from integrates.db_model.vulnerabilities import commands, rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Vulnerability,
    ZeroRisk,
    ZeroRiskStatus,
)

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House, Intrude

ONE, R1, BACKEND = uid("one"), uid("webshop/R1"), uid("webshop/backend")


def closed(old: Vulnerability, at: datetime) -> Vulnerability:
    return rules.closed(old, ClosingReason.VERIFIED, by=HANA, at=at)


def counted_in(shard: int, finding: Finding) -> str:
    """Return the nickname of a root whose vulnerabilities of a finding that shard counts."""
    key = finding_counters_key(finding.id, shard)
    return next(name for name in map(str, range(99)) if finding_shard(finding.id, uid(f"webshop/{name}")) == key)


async def test_nothing_is_counted_below_a_removed_group(store: Store, house: House, intrude: Intrude) -> None:
    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await house.remove_group()

    with pytest.raises(NotFound, match="webshop"):
        await commands.close(intrude(store, before), ONE, ClosingReason.VERIFIED, house.stamp())
    with pytest.raises(NotFound, match="webshop"):
        await findings.rescore(store, R1, None, house.stamp())
    assert await read.get(store, VULNERABILITY, vulnerability_key(ONE)) == house.one
    assert await house.is_exact()


async def test_no_root_is_active_again_below_a_removed_group(store: Store, house: House, intrude: Intrude) -> None:
    await deactivate_root(store, BACKEND, house.stamp())

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await house.remove_group()

    def alter(old: Root, _: datetime) -> Root:
        return replace(old, state=house.root.state)

    with pytest.raises(NotFound) as caught:
        await command.update(intrude(store, before), ROOT, root_key(BACKEND), alter, house.stamp())
    assert (caught.value.facet, caught.value.path) == ("group", ("group_name",))
    assert await house.holder(house.location(house.root)) is None


async def test_every_gate_of_a_removed_group_is_closed(store: Store, house: House) -> None:
    """Each call passes through one of them, by its change id."""
    stamps = {group_shard("webshop", made): made for made in (house.stamp() for _ in range(200))}
    assert len(stamps) == GROUP_SHARDS
    plans = [
        await command.planned(store, VULNERABILITY, house.one, closed(house.one, made.at), made) for made in stamps.values()
    ]
    await house.remove_group()
    for made in plans:
        with pytest.raises(Raced):
            await transaction.write(store, (made,))
    assert await house.is_exact()


async def test_a_group_that_returns_opens_its_gates(store: Store, house: House) -> None:
    gone = await house.remove_group()
    made = await command.planned(store, GROUP, gone, replace(gone, state=house.group.state), house.stamp())
    await transaction.write(store, (made,))
    await commands.close(store, ONE, ClosingReason.VERIFIED, house.stamp())
    assert await house.is_exact()


@pytest.mark.parametrize("shard", range(FINDING_SHARDS))
@pytest.mark.parametrize("meanwhile", [True, False])
async def test_nothing_begins_below_a_removed_finding(
    store: Store, house: House, intrude: Intrude, shard: int, *, meanwhile: bool
) -> None:
    other = await add_finding(store, house.group, "R2", house.stamp)
    place = await add_root(store, house.group, counted_in(shard, other), house.stamp)

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await house.remove_finding(other.id)

    if not meanwhile:
        await before(1, ())
    with pytest.raises(NotFound) as caught:
        await add_vulnerability(intrude(store, before) if meanwhile else store, other, place, "late.py", house.stamp)
    assert (caught.value.facet, caught.value.path) == ("finding", ("finding_id",))
    assert await house.is_exact()


@pytest.mark.parametrize("shard", range(FINDING_SHARDS))
async def test_a_finding_is_not_removed_while_something_begins_below_it(store: Store, house: House, shard: int) -> None:
    other = await add_finding(store, house.group, "R2", house.stamp)
    place = await add_root(store, house.group, counted_in(shard, other), house.stamp)
    removal = await house.removal(other)
    await add_vulnerability(store, other, place, "late.py", house.stamp, house.draft)
    with pytest.raises(Raced):
        await transaction.write(store, (removal,))
    assert await house.is_exact()


def hidden(old: Vulnerability, at: datetime) -> Vulnerability:
    return replace(old, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=at, by=HANA))


Lead: TypeAlias = "Callable[[House, Store, str], Awaitable[Vulnerability]] | None"
LEFT: Mapping[str, tuple[bool, Lead]] = {
    "submitted": (True, None),
    "rejected": (True, lambda h, store, one: commands.update(store, one, h.rejected, h.stamp())),
    "vulnerable": (False, None),
    "safe": (False, lambda h, store, one: commands.update(store, one, closed, h.stamp())),
    "hidden": (False, lambda h, store, one: commands.update(store, one, hidden, h.stamp())),
}


@pytest.mark.parametrize(("is_draft", "lead"), LEFT.values(), ids=LEFT)
@pytest.mark.parametrize("shard", [0, FINDING_SHARDS - 1])
async def test_a_finding_with_a_vulnerability_left_is_not_removed(
    store: Store, house: House, shard: int, *, is_draft: bool, lead: Lead
) -> None:
    """Whatever its state, and wherever it is counted; when it is removed, the finding may go."""
    other = await add_finding(store, house.group, "R2", house.stamp)
    place = await add_root(store, house.group, counted_in(shard, other), house.stamp)
    left = await add_vulnerability(store, other, place, "left.py", house.stamp, house.draft if is_draft else lambda new: new)
    if lead:
        await lead(house, store, left.id)
    keys = (finding_key(other.id), *finding_counters_keys(other.id))
    before = await store.get(keys)
    with pytest.raises(Rejected, match="not_empty"):
        await house.remove_finding(other.id)
    assert await store.get(keys) == before
    await commands.update(store, left.id, house.removed(RemovalJustification.DUPLICATED), house.stamp())
    assert (await house.remove_finding(other.id)).state.status is FindingStateStatus.DELETED
    assert await house.is_exact()


async def test_of_several_vulnerabilities_the_last_one_keeps_the_finding(store: Store, house: House) -> None:
    known = await house.known()
    two = await add_vulnerability(store, known, house.root, "two.py", house.stamp)
    for each in (house.one, two):
        with pytest.raises(Rejected, match="not_empty"):
            await house.remove_finding(R1)
        await commands.update(store, each.id, house.removed(RemovalJustification.FALSE_POSITIVE), house.stamp())
    assert (await house.remove_finding(R1)).state.status is FindingStateStatus.DELETED
    assert await house.is_exact()


@pytest.mark.parametrize("shard", range(FINDING_SHARDS))
@pytest.mark.parametrize("is_draft", [True, False])
async def test_a_finding_that_gets_a_vulnerability_meanwhile_is_not_removed(
    store: Store, house: House, intrude: Intrude, shard: int, *, is_draft: bool
) -> None:
    """The lost race is decided again, by the rule."""
    other = await add_finding(store, house.group, "R2", house.stamp)
    place = await add_root(store, house.group, counted_in(shard, other), house.stamp)

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await add_vulnerability(store, other, place, "x.py", house.stamp, house.draft if is_draft else lambda new: new)

    racing = replace(house, store=intrude(store, before))
    with pytest.raises(Rejected, match="not_empty"):
        await racing.remove_finding(other.id)
    now = await read.get(store, FINDING, finding_key(other.id))
    assert now is not None
    assert now.version == (1 if is_draft else 2)
    assert await house.is_exact()


async def test_a_finding_goes_that_got_and_lost_a_vulnerability_meanwhile(store: Store, house: House, intrude: Intrude) -> None:
    """What is counted at the moment of the write decides, not what was counted when somebody asked."""
    known = await house.known()
    two = await add_vulnerability(store, known, house.root, "two.py", house.stamp)
    await commands.update(store, ONE, house.removed(RemovalJustification.DUPLICATED), house.stamp())
    await commands.update(store, two.id, house.removed(RemovalJustification.DUPLICATED), house.stamp())

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            three = await add_vulnerability(store, known, house.root, "three.py", house.stamp)
            await commands.update(store, three.id, house.removed(RemovalJustification.DUPLICATED), house.stamp())

    gone = await replace(house, store=intrude(store, before)).remove_finding(R1)
    assert gone.state.status is FindingStateStatus.DELETED
    assert await house.is_exact()


async def test_many_findings_are_removed_but_those_with_vulnerabilities(store: Store, house: House) -> None:
    others = [await add_finding(store, house.group, f"R{number}", house.stamp) for number in range(2, 5)]
    keys = [finding_key(each) for each in (others[0].id, R1, others[1].id, others[2].id)]
    alter = house.removed_finding(RemovalJustification.DUPLICATED)
    written = await command.update_each(store, FINDING, keys, alter, house.stamp())
    assert {at: str(error) for at, error in written.refused.items()} == {1: "not_empty"}
    assert sorted(written.entities) == [0, 2, 3]
    assert await house.is_exact()
