"""Groups and organizations change and go, also several at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.db_model import groups, organizations, roots
from integrates.db_model.entity import read
from integrates.db_model.errors import AlreadyExists, NotFound, Rejected, Rejections, Stale
from integrates.db_model.groups.facet import GROUP, group_counters_keys, group_key
from integrates.db_model.groups.types import Group, GroupRemovalReason, GroupStatus
from integrates.db_model.inspection.walk import inspected
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.organizations.types import Organization, OrganizationStatus
from integrates.db_model.policies.rules import effective
from integrates.db_model.policies.types import Policies
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.store.port import Change, Item, Key, Store
from integrates.db_model.testing.scene import add_group, add_root, deactivate_root, uid

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House, Intrude

GONE = {"reason": "RENAME"}
SHOP = {"url": "https://git.example/taken", "branch": "main"}


async def aurora(store: Store) -> Organization:
    found = await read.get(store, ORGANIZATION, organization_key(uid("aurora")))
    assert found is not None
    return found


async def webshop(store: Store) -> Group | None:
    return await read.get(store, GROUP, group_key("webshop"))


async def test_one_revision_tells_what_changed(store: Store, house: House) -> None:
    made = await groups.describe(store, house.group, {"tags": ["java"]}, house.stamp(operation="update_group"))
    made = await groups.regulate(store, made, {"policies": {"max_acceptance_days": 7}}, house.stamp())
    made = await groups.reset_policies(store, made, house.stamp())
    gone = await groups.remove(store, made, GONE, house.stamp(by="gus@demo.example"))
    assert (gone.state.status, gone.state.by, gone.state.at) == (GroupStatus.DELETED, "gus@demo.example", gone.updated_at)
    past = await read.history(store, group_key("webshop"))
    assert [sorted(one.aspects) for one in past[1:]] == [["info"], ["policies"], ["policies"], ["state"]]
    assert past[-1].aspects["state"]["reason"] == GroupRemovalReason.RENAME
    assert past[1].operation == "update_group"


async def test_what_is_equal_writes_nothing(store: Store, house: House) -> None:
    set_up = await groups.regulate(store, house.group, {"policies": {"min_breaking_severity": 4.0}}, house.stamp())
    for again in (
        groups.describe(store, set_up, {"description": house.group.info.description, "tags": []}, house.stamp()),
        groups.regulate(store, set_up, {"policies": {"min_breaking_severity": Decimal("4.0")}}, house.stamp()),
        groups.regulate(store, set_up, {"policies": {}}, house.stamp()),
    ):
        assert (await again).version == set_up.version
    organization = await aurora(store)
    same = await organizations.regulate(store, organization, {"policies": {"max_acceptance_days": None}}, house.stamp())
    assert same.version == organization.version


async def test_what_is_in_force_follows_both(store: Store, house: House) -> None:
    organization = await organizations.regulate(
        store, await aurora(store), {"policies": {"days_until_it_breaks": 7, "max_acceptance_days": 30}}, house.stamp()
    )
    group = await groups.regulate(store, house.group, {"policies": {"vulnerability_grace_period": 7}}, house.stamp())
    found = effective(organization.policies, group.policies)
    assert (found.days_until_it_breaks, found.vulnerability_grace_period, found.max_acceptance_days) == (None, 7, 30)
    group = await groups.reset_policies(store, group, house.stamp())
    assert group.policies == Policies()
    assert effective(organization.policies, group.policies).days_until_it_breaks == 7


@pytest.mark.parametrize("name", [name for name in Policies.__struct_fields__ if name != "inactivity_period"])
async def test_a_reset_clears_every_policy(store: Store, house: House, name: str) -> None:
    group = await groups.regulate(store, house.group, {"policies": {name: True if "pass" in name else 5}}, house.stamp())
    assert group.policies != Policies()
    assert (await groups.reset_policies(store, group, house.stamp())).policies == Policies()


async def test_a_contradiction_with_what_is_stored_is_refused(store: Store, house: House) -> None:
    group = await groups.regulate(store, house.group, {"policies": {"vulnerability_grace_period": 7}}, house.stamp())
    with pytest.raises(Rejections, match="debt_before_grace"):
        await groups.regulate(store, group, {"policies": {"days_until_it_breaks": 7}}, house.stamp())
    organization = await aurora(store)
    set_up = await organizations.regulate(store, organization, {"policies": {"max_acceptance_severity": 4}}, house.stamp())
    with pytest.raises(Rejections, match="range_inverted"):
        await organizations.regulate(store, set_up, {"policies": {"min_acceptance_severity": 4.1}}, house.stamp())
    assert await aurora(store) == set_up


async def test_two_who_change_policies_at_once_are_judged_together(store: Store, house: House, intrude: Intrude) -> None:
    """Each is fine alone; the one that comes second is refused by what the first has set."""

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await groups.regulate(store, house.group, {"policies": {"vulnerability_grace_period": 7}}, house.stamp())

    with pytest.raises(Rejections, match="debt_before_grace"):
        await groups.regulate(intrude(store, before), house.group, {"policies": {"days_until_it_breaks": 7}}, house.stamp())
    found = await webshop(store)
    assert found is not None
    assert found.policies == Policies(vulnerability_grace_period=7)


CHANGES: dict[str, Any] = {
    "describe": lambda store, seen, stamp, **rest: groups.describe(store, seen, {"context": "x"}, stamp, **rest),
    "regulate": lambda store, seen, stamp, **rest: groups.regulate(
        store, seen, {"policies": {"max_acceptance_days": 1}}, stamp, **rest
    ),
    "reset": groups.reset_policies,
    "remove": lambda store, seen, stamp, **rest: groups.remove(store, seen, GONE, stamp, **rest),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_of_two_with_one_version_one_wins(store: Store, house: House, change: Any) -> None:
    seen = await groups.regulate(store, house.group, {"policies": {"min_breaking_severity": 1}}, house.stamp())
    both = await asyncio.gather(
        change(store, seen, house.stamp(), expected_version=2),
        groups.describe(store, seen, {"tags": ["raced"]}, house.stamp(), expected_version=2),
        return_exceptions=True,
    )
    # Who is removed while the other one decides is not there any more, which is told instead of a version.
    assert sorted(isinstance(one, Stale | NotFound) for one in both) == [False, True]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_version_is_compared_before_arguments(store: Store, house: House, change: Any) -> None:
    await groups.describe(store, house.group, {"tags": ["new"]}, house.stamp())
    seen = await webshop(store)
    with pytest.raises(Stale) as caught:
        await change(store, seen, house.stamp(), expected_version=1)
    assert caught.value.current == 2


async def test_a_bad_argument_with_a_stale_version_is_stale(store: Store, house: House) -> None:
    with pytest.raises(Stale):
        await groups.remove(store, house.group, {"reason": "OTHER"}, house.stamp(), expected_version=9)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_nothing_changes_what_was_removed(store: Store, house: House, change: Any) -> None:
    """Neither as it was seen before, nor as it is now."""
    before = await groups.regulate(store, house.group, {"policies": {"min_breaking_severity": 1}}, house.stamp())
    gone = await groups.remove(store, before, GONE, house.stamp())
    for seen in (before, gone):
        with pytest.raises(NotFound, match="webshop"):
            await change(store, seen, house.stamp())
    assert await read.get_any(store, GROUP, group_key("webshop")) == gone


async def test_a_removed_group_closes_all_its_gates_at_once(store: Store, house: House) -> None:
    await groups.remove(store, house.group, GONE, house.stamp())
    items = await store.get(group_counters_keys("webshop"))
    assert [item.attributes.get("closed") if item else None for item in items] == [1] * len(items)
    assert await house.is_exact()


async def test_the_name_of_a_removed_group_is_never_used_again(store: Store, house: House) -> None:
    await groups.remove(store, house.group, GONE, house.stamp())
    for organization in ("aurora", "third"):
        with pytest.raises(AlreadyExists, match="name_taken") as caught:
            await add_group(store, "webshop", house.stamp, organization=organization)
        assert caught.value.path == ("name",)


async def test_an_organization_with_groups_stays(store: Store, house: House) -> None:
    organization = await aurora(store)
    with pytest.raises(Rejected, match=r"^has_groups$"):
        await organizations.remove(store, organization, house.stamp())
    with pytest.raises(Stale):
        await organizations.remove(store, organization, house.stamp(), expected_version=organization.version + 1)
    assert await aurora(store) == organization


async def test_an_organization_goes_with_its_last_group(store: Store, house: House) -> None:
    second = await add_group(store, "payments", house.stamp)
    for group in (house.group, second):
        with pytest.raises(Rejected, match="has_groups"):
            await organizations.remove(store, await aurora(store), house.stamp())
        await groups.remove(store, group, GONE, house.stamp())
    gone = await organizations.remove(store, await aurora(store), house.stamp(by="gus@demo.example"))
    assert (gone.state.status, gone.state.by) == (OrganizationStatus.DELETED, "gus@demo.example")
    for late in (
        organizations.remove(store, gone, house.stamp()),
        organizations.describe(store, gone, {"country": "CO"}, house.stamp()),
        organizations.regulate(store, gone, {"policies": {}}, house.stamp()),
    ):
        with pytest.raises(NotFound):
            await late


async def test_a_group_that_is_added_meanwhile_keeps_the_organization(store: Store, house: House, intrude: Intrude) -> None:
    await groups.remove(store, house.group, GONE, house.stamp())

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await add_group(store, "payments", house.stamp)

    with pytest.raises(Rejected, match="has_groups"):
        await organizations.remove(intrude(store, before), await aurora(store), house.stamp())
    assert (await aurora(store)).state.status is OrganizationStatus.ACTIVE


async def test_no_group_is_added_to_an_organization_that_goes_meanwhile(store: Store, house: House, intrude: Intrude) -> None:
    await groups.remove(store, house.group, GONE, house.stamp())
    seen = await aurora(store)

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await organizations.remove(store, seen, house.stamp())

    given = {"name": "payments", "description": "The payments"}
    with pytest.raises(NotFound) as caught:
        await groups.create(intrude(store, before), seen, given, house.stamp())
    assert (caught.value.facet, caught.value.path) == ("organization", ("organization_id",))
    assert await read.get_any(store, GROUP, group_key("payments")) is None


async def test_of_a_removal_and_an_addition_at_once_one_is_refused(store: Store, house: House) -> None:
    await groups.remove(store, house.group, GONE, house.stamp())
    seen = await aurora(store)
    given = {"name": "payments", "description": "The payments"}
    removal, addition = await asyncio.gather(
        organizations.remove(store, seen, house.stamp()),
        groups.create(store, seen, given, house.stamp()),
        return_exceptions=True,
    )
    assert isinstance(removal, Rejected) != isinstance(addition, NotFound)


async def test_the_location_of_a_root_in_a_removed_group_may_be_taken_over(store: Store, house: House) -> None:
    payments = await add_group(store, "payments", house.stamp)
    held = await add_root(store, house.group, "held", house.stamp, **SHOP)
    with pytest.raises(AlreadyExists, match="location_taken"):
        await add_root(store, payments, "taker", house.stamp, **SHOP)
    await groups.remove(store, house.group, GONE, house.stamp())
    taker = await add_root(store, payments, "taker", house.stamp, **SHOP)
    assert await house.holder(house.location(taker)) == taker.id
    assert await read.get(store, ROOT, root_key(held.id)) == held, "nothing below a removed group is touched"
    assert [each async for part in inspected(store, house.stamp().at) for each in part.differences] == []
    third = await add_group(store, "tills", house.stamp)
    with pytest.raises(AlreadyExists, match="location_taken"):
        await add_root(store, third, "late", house.stamp, **SHOP)


async def test_a_root_may_move_to_a_location_of_a_removed_group(store: Store, house: House) -> None:
    payments = await add_group(store, "payments", house.stamp)
    await add_root(store, house.group, "held", house.stamp, **SHOP)
    mover = await add_root(store, payments, "mover", house.stamp, url=SHOP["url"], branch="other")
    await groups.remove(store, house.group, GONE, house.stamp())
    moved = await roots.describe(store, mover, mover.kind, {"branch": "main"}, house.stamp())
    assert await house.holder(house.location(moved)) == mover.id
    assert await house.holder(house.location(mover)) is None


async def test_a_root_comes_back_to_a_location_of_a_removed_group(store: Store, house: House) -> None:
    payments = await add_group(store, "payments", house.stamp)
    away = await add_root(store, payments, "away", house.stamp, **SHOP)
    away_now = await deactivate_root(store, away.id, house.stamp())
    await add_root(store, house.group, "held", house.stamp, **SHOP)
    with pytest.raises(AlreadyExists, match="location_taken"):
        await roots.activate(store, away_now, house.stamp())
    await groups.remove(store, house.group, GONE, house.stamp())
    back = await roots.activate(store, away_now, house.stamp())
    assert await house.holder(house.location(back)) == away.id


async def test_a_taken_nickname_is_told_beside_a_location_that_is_free_to_take(store: Store, house: House) -> None:
    payments = await add_group(store, "payments", house.stamp)
    await add_root(store, house.group, "held", house.stamp, **SHOP)
    await add_root(store, payments, "taken", house.stamp, branch="another")
    await groups.remove(store, house.group, GONE, house.stamp())
    other = await add_root(store, payments, "other", house.stamp, branch="other")
    taken = replace(other, id=uid("new"), version=0, location=replace(other.location, **SHOP))
    with pytest.raises(AlreadyExists, match="nickname_taken"):
        await roots.add(store, replace(taken, info=replace(taken.info, nickname="taken")), house.stamp())
    assert await read.get(store, ROOT, root_key(uid("new"))) is None


async def test_of_two_who_take_a_location_over_one_has_it(store: Store, house: House) -> None:
    takers = [await add_group(store, name, house.stamp) for name in ("payments", "tills")]
    await add_root(store, house.group, "held", house.stamp, **SHOP)
    await groups.remove(store, house.group, GONE, house.stamp())
    both = await asyncio.gather(
        *(add_root(store, group, group.name, house.stamp, **SHOP) for group in takers), return_exceptions=True
    )
    assert sorted(isinstance(one, AlreadyExists) for one in both) == [False, True]


async def test_a_location_that_was_taken_over_meanwhile_is_taken(store: Store, house: House) -> None:
    """Of two who find that the holder is in a removed group, the second finds the first one there, who is not."""
    takers = [await add_group(store, name, house.stamp) for name in ("payments", "tills")]
    held = await add_root(store, house.group, "held", house.stamp, **SHOP)
    await groups.remove(store, house.group, GONE, house.stamp())
    first: list[str] = []

    async def get(keys: Sequence[Key]) -> Sequence[Item | None]:
        found = await store.get(keys)
        if tuple(keys) == (group_key(house.group.name),) and not first:
            first.append((await add_root(store, takers[0], "first", house.stamp, **SHOP)).id)
        return found

    with pytest.raises(AlreadyExists, match="location_taken"):
        await add_root(replace(store, get=get), takers[1], "second", house.stamp, **SHOP)
    assert [await house.holder(house.location(held))] == first
