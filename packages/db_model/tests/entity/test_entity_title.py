"""The title of a removed finding that keeps its claim: a person may report it again, and then it gives the claim up."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from integrates.db_model.entity import claim, command, read
from integrates.db_model.errors import AlreadyExists, Stale
from integrates.db_model.findings import commands as findings
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.rules import frees_claim, given_up
from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.store.port import Change, Store
from integrates.db_model.testing.scene import add_finding, uid

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House, Intrude

    from integrates.db_model.findings.types import Finding

KEEPING = RemovalJustification.NOT_REQUIRED
TITLE = claim.claim_key("finding_title", "webshop", "one title")


async def kept(store: Store, house: House) -> Finding:
    made = await add_finding(store, house.group, "kept", house.stamp, title="One Title")
    return await house.remove_finding(made.id, KEEPING)


async def now(store: Store, finding: Finding) -> Finding:
    found = await read.get_any(store, FINDING, finding_key(finding.id))
    assert found is not None
    return found


@pytest.mark.parametrize("why", RemovalJustification)
async def test_whether_a_removed_finding_keeps_its_claim_follows_from_the_justification(
    store: Store, house: House, why: RemovalJustification
) -> None:
    made = await add_finding(store, house.group, "kept", house.stamp, title="One Title")
    assert (await house.remove_finding(made.id, why)).state.keeps_claim is not frees_claim(why)
    assert await house.holder(TITLE) == (None if frees_claim(why) else made.id)


async def test_who_reports_the_title_again_gets_it_from_the_removed_finding(store: Store, house: House) -> None:
    gone = await kept(store, house)
    again = await add_finding(store, house.group, "again", house.stamp, title="one title")
    former = await now(store, gone)
    assert (again.version, former.version, former.state.keeps_claim) == (1, gone.version + 1, False)
    assert former.state.justification is KEEPING
    assert await house.holder(TITLE) == again.id
    with pytest.raises(AlreadyExists, match="title_taken"):
        await add_finding(store, house.group, "third", house.stamp, title="ONE TITLE")
    assert await house.is_exact()


async def test_both_are_one_change_of_one_call(store: Store, house: House) -> None:
    gone = await kept(store, house)
    stamp = house.stamp()
    await findings.create(store, house.group, {"title": "One title", "description": "What it is"}, stamp, uid("again"))
    former = await now(store, gone)
    assert former.updated_at == stamp.at
    await house.remove_finding(uid("again"), RemovalJustification.DUPLICATED)
    assert await house.holder(TITLE) is None


async def test_a_finding_that_is_called_so_gets_the_title_too(store: Store, house: House) -> None:
    gone = await kept(store, house)
    other = await add_finding(store, house.group, "other", house.stamp, title="Another title")
    renamed = await findings.describe(store, other, {"title": "One title"}, house.stamp(), expected_version=1)
    assert (renamed.version, await house.holder(TITLE)) == (2, other.id)
    assert not (await now(store, gone)).state.keeps_claim
    assert await house.holder(claim.claim_key("finding_title", "webshop", "another title")) is None


async def test_what_a_rule_stands_for_stays_ignored(store: Store, house: House) -> None:
    made = await add_finding(store, house.group, "R9", house.stamp)
    await house.remove_finding(made.id, KEEPING)
    with pytest.raises(AlreadyExists, match="title_taken"):
        await findings.add(store, replace(made, id=uid("again"), version=0), house.stamp())
    assert (await now(store, made)).state.keeps_claim


async def test_of_two_who_report_it_at_once_one_gets_it(store: Store, house: House, intrude: Intrude) -> None:
    gone = await kept(store, house)

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await add_finding(store, house.group, "faster", house.stamp, title="One title")

    with pytest.raises(AlreadyExists) as caught:
        await add_finding(intrude(store, before), house.group, "slower", house.stamp, title="One title")
    assert caught.value.owner == uid("webshop/faster")
    assert (await now(store, gone)).version == gone.version + 1
    assert await read.get_any(store, FINDING, finding_key(uid("webshop/slower"))) is None
    assert await house.is_exact()


async def test_the_claim_is_not_taken_from_whoever_took_it_over_between_two_reads(store: Store, house: House) -> None:
    """The claim is met with the removed finding as its holder, and is somebody else's when that finding is read."""
    gone = await kept(store, house)
    reads = 0

    async def get(keys: Sequence[object]) -> object:
        nonlocal reads
        if finding_key(gone.id) in keys:
            reads += 1
            if reads == 1:
                await add_finding(store, house.group, "faster", house.stamp, title="One title")
        return await store.get(keys)  # type: ignore[arg-type] # keys, as the port gives them

    late = replace(store, get=get)
    with pytest.raises(AlreadyExists) as caught:
        await add_finding(late, house.group, "slower", house.stamp, title="One title")
    assert caught.value.owner == uid("webshop/faster")
    assert await house.holder(TITLE) == uid("webshop/faster")


async def test_a_finding_that_is_changed_meanwhile_is_stale_before_its_title(
    store: Store, house: House, intrude: Intrude
) -> None:
    await kept(store, house)
    other = await add_finding(store, house.group, "other", house.stamp, title="Another title")

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await findings.describe(store, other, {"threat": "Theft"}, house.stamp())

    change = partial(findings.describe, intrude(store, before), other, {"title": "One title"})
    with pytest.raises(Stale):
        await change(house.stamp(), expected_version=1)
    assert await house.holder(TITLE) == uid("webshop/kept")


async def test_only_a_removed_finding_can_give_up(store: Store, house: House) -> None:
    gone = await kept(store, house)
    stamp = house.stamp()
    made = await command.planned(store, FINDING, gone, given_up(gone), stamp)
    assert len(made.beside) == 1
    assert given_up(house.finding) == house.finding
