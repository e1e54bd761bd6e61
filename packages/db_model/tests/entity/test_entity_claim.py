"""Names, titles and locations are claimed: taken once, and freed or kept when what had them is removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from integrates.db_model.entity import claim, command
from integrates.db_model.errors import AlreadyExists
from integrates.db_model.findings import rules as finding_rules
from integrates.db_model.findings.facet import FINDING
from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.store.port import Change, Key, Store
from integrates.db_model.testing.requirements.sample import new
from integrates.db_model.testing.scene import (
    add_finding,
    add_group,
    add_vulnerability,
    sighted,
    uid,
)
from integrates.db_model.vulnerabilities import commands
from integrates.db_model.vulnerabilities.identity import identity_claim, numbered_claims

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House, Intrude

ONE = uid("one")
FREEING, KEEPING = RemovalJustification.DUPLICATED, RemovalJustification.FALSE_POSITIVE


def test_claims_of_parts_do_not_run_together() -> None:
    assert claim.claim_key("root_location", "a", "bc") != claim.claim_key("root_location", "ab", "c")
    assert claim.claim_key("root_location", "a") != claim.claim_key("root_nickname", "a")


@pytest.mark.parametrize("there, expected", [([], 0), ([2], 0), ([1, 2, 4], 2), ([1, 2, 3, 5, 6], 3), (range(1, 131), 130)])
async def test_the_numbers_of_claims_end_before_the_first_that_is_free(
    store: Store, there: Sequence[int], expected: int
) -> None:
    await store.write([new("numbered", f"{number:04}") for number in there])
    alone, beside = (lambda number: Key("numbered", f"{number:04}")), (lambda number: Key("beside", f"{number:04}"))
    found, nothing = await numbered_claims(store, (alone, beside))
    assert [item.key.sk for item in found] == [f"{number:04}" for number in range(1, expected + 1)]
    assert nothing == ()


async def test_the_name_of_a_group_is_never_used_again(store: Store, house: House) -> None:
    await house.remove_group()
    for organization in ("aurora", "boreal"):
        with pytest.raises(AlreadyExists, match="name_taken"):
            await add_group(store, "webshop", house.stamp, organization=organization)


@pytest.mark.parametrize("titled", [True, False])
async def test_the_claim_of_a_removed_finding_is_freed_or_kept_by_the_reason(
    store: Store, house: House, *, titled: bool
) -> None:
    for why in RemovalJustification:
        title = f"Of {why.value}" if titled else None
        made = await add_finding(store, house.group, why.value, house.stamp, title=title)
        with pytest.raises(AlreadyExists, match="title_taken"):
            await command.add(store, FINDING, replace(made, id=uid(f"early {why}")), house.stamp())
        await house.remove_finding(made.id, why)
        new = replace(made, id=uid(f"again {why}"))
        if finding_rules.frees_claim(why):
            assert (await command.add(store, FINDING, new, house.stamp())).version == 1
        else:
            with pytest.raises(AlreadyExists, match="title_taken"):
                await command.add(store, FINDING, new, house.stamp())
    assert await house.is_exact()


@pytest.mark.parametrize(("why", "number"), [(FREEING, 1), (KEEPING, 2)])
async def test_the_identity_of_a_removed_vulnerability_is_freed_or_kept_by_the_reason(
    store: Store, house: House, why: RemovalJustification, number: int
) -> None:
    with pytest.raises(AlreadyExists, match="place_reported"):
        await add_vulnerability(store, house.finding, house.root, "one.py", house.stamp, identity=uid("two"))
    await commands.update(store, ONE, house.removed(why), house.stamp())
    assert await house.holder(identity_claim(house.one.identity)) == (None if number == 1 else ONE)
    known = await house.known()
    again = await add_vulnerability(store, known, house.root, "one.py", house.stamp, identity=uid("two"))
    assert again.number == number
    assert await house.holder(identity_claim(again.identity)) == uid("two")
    assert await house.is_exact()


async def test_a_vulnerability_that_moved_keeps_its_identity(store: Store, house: House) -> None:
    moved = await commands.move(store, ONE, sighted(house.finding, "two.py"), house.stamp())
    assert (moved.location.where, moved.identity) == ("two.py", house.one.identity)
    assert await house.holder(identity_claim(house.one.identity)) == ONE
    known = await house.known()
    again = await add_vulnerability(store, known, house.root, "one.py", house.stamp, identity=uid("two"))
    assert again.number == 2


async def test_places_reported_at_once_get_different_numbers_or_are_refused(
    store: Store, house: House, intrude: Intrude
) -> None:
    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            known = await house.known()
            await add_vulnerability(store, known, house.root, "two.py", house.stamp, identity=uid("first"))

    with pytest.raises(AlreadyExists) as caught:
        await add_vulnerability(intrude(store, before), house.finding, house.root, "two.py", house.stamp)
    assert (caught.value.reason, caught.value.owner) == ("place_reported", uid("first"))
    assert await house.is_exact()


async def test_a_value_that_was_taken_and_freed_meanwhile_is_free(store: Store, house: House, intrude: Intrude) -> None:
    async def come_and_go(name: str) -> None:
        made = await add_finding(store, house.group, name, house.stamp, title="One title")
        await house.remove_finding(made.id, FREEING)

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await come_and_go("second")

    await come_and_go("first")
    assert (await add_finding(intrude(store, before), house.group, "third", house.stamp, title="One title")).version == 1
