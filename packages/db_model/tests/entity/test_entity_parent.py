"""What an entity is part of: its parents exist, belong together, and stay as they were read until it is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from msgspec.structs import replace

from integrates.db_model.access.commands import group_member, organization_member
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, group_access_key
from integrates.db_model.access.types import GroupGrant, GroupRole, OrganizationRole
from integrates.db_model.entity import command, read
from integrates.db_model.entity.facet import Facet, entity_key
from integrates.db_model.entity.types import Entity
from integrates.db_model.errors import ModelError, NotFound, Rejections
from integrates.db_model.findings.facet import FINDING
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.roots.facet import ROOT
from integrates.db_model.store.port import Change, Store
from integrates.db_model.testing.scene import add_finding, add_group, add_root, address_of, deactivate_root, sighted, uid
from integrates.db_model.vulnerabilities import commands
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.types import ClosingReason, VulnerabilityLocation, VulnerabilityType

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House, Intrude

ONE, BACKEND = uid("one"), uid("webshop/backend")
URI = address_of("uri")


Make: TypeAlias = "Callable[[House], tuple[Facet[Any], Entity]]"


def member(house: House, **members: object) -> tuple[Facet[Any], Entity]:
    made = group_member(URI, "webshop", GroupGrant(role=GroupRole.USER), house.stamp())
    return GROUP_ACCESS, replace(made, **members)


def officer(house: House, **members: object) -> tuple[Facet[Any], Entity]:
    made = organization_member(URI, uid("aurora"), OrganizationRole.USER, house.stamp())
    return ORGANIZATION_ACCESS, replace(made, **members)


def root(house: House, **members: object) -> tuple[Facet[Any], Entity]:
    info, location = replace(house.root.info, nickname="new"), replace(house.root.location, branch="new")
    return ROOT, replace(house.root, **{"id": uid("new"), "info": info, "location": location, **members})


def finding(house: House, **members: object) -> tuple[Facet[Any], Entity]:
    return FINDING, replace(house.finding, **{"id": uid("new"), "rule": ToolRule(tool="t", rule_id="new"), **members})


def vulnerability(house: House, **members: object) -> tuple[Facet[Any], Entity]:
    location = replace(house.one.location, where="new.py")
    return VULNERABILITY, replace(house.one, **{"id": uid("new"), "location": location, **members})


NONE, RIVAL = uid("none"), uid("boreal")
MISFITS: Mapping[str, tuple[Make, str]] = {
    "a root with another tenant's organization": (lambda h: root(h, organization_id=RIVAL), "wrong_parent (organization_id)"),
    "a root in a group of another tenant": (lambda h: root(h, group_name="rival"), "wrong_parent (organization_id)"),
    "a root in no group": (lambda h: root(h, group_name="none"), "group (group_name)"),
    "a finding with another tenant's organization": (
        lambda h: finding(h, organization_id=RIVAL),
        "wrong_parent (organization_id)",
    ),
    "a finding in no group": (lambda h: finding(h, group_name="none"), "group (group_name)"),
    "a vulnerability with another tenant's organization": (
        lambda h: vulnerability(h, organization_id=RIVAL),
        "wrong_parent (organization_id)",
    ),
    "a vulnerability in no group": (lambda h: vulnerability(h, group_name="none"), "group (group_name)"),
    "a vulnerability of no finding": (lambda h: vulnerability(h, finding_id=NONE), "finding (finding_id)"),
    "a vulnerability of another group's finding": (
        lambda h: vulnerability(h, finding_id=uid("rival/R1")),
        "wrong_parent (finding_id)",
    ),
    "a vulnerability in no root": (lambda h: vulnerability(h, root_id=NONE), "group_root (root_id)"),
    "a vulnerability in another group's root": (
        lambda h: vulnerability(h, root_id=uid("rival/backend")),
        "wrong_parent (root_id)",
    ),
    "a vulnerability in an inactive root": (lambda h: vulnerability(h, root_id=uid("webshop/old")), "inactive_root (root_id)"),
    "a page in a git root": (
        lambda h: vulnerability(
            h,
            type=VulnerabilityType.INPUTS,
            location=VulnerabilityLocation(where="https://shop.example/login", specific="user"),
        ),
        "outside_root (where)",
    ),
    "a member of no group": (lambda h: member(h, group_name="none"), "group (group_name)"),
    "a member whom nobody knows": (lambda h: member(h, email=address_of("none")), "stakeholder (email)"),
    "a member of no organization": (lambda h: officer(h, organization_id=NONE), "organization (organization_id)"),
    "a member of an organization whom nobody knows": (lambda h: officer(h, email=address_of("none")), "stakeholder (email)"),
    "a group of no organization": (
        lambda h: (GROUP, replace(h.group, info=replace(h.group.info, name="brand-new", organization_id=NONE))),
        "organization (organization_id)",
    ),
}


def told(error: ModelError) -> str:
    if isinstance(error, NotFound):
        return f"{error.facet} ({'.'.join(error.path)})"
    return str(error)


@pytest.mark.parametrize(("make", "expected"), MISFITS.values(), ids=MISFITS)
async def test_what_has_no_fitting_parent_is_refused(store: Store, house: House, make: Make, expected: str) -> None:
    await add_root(store, house.other, "backend", house.stamp)
    await add_finding(store, house.other, "R1", house.stamp)
    await add_root(store, house.group, "old", house.stamp)
    await deactivate_root(store, uid("webshop/old"), house.stamp())
    facet, new = make(house)
    with pytest.raises((NotFound, Rejections)) as caught:
        await command.add(store, facet, new, house.stamp())
    assert told(caught.value) == expected
    assert await read.get_any(store, facet, entity_key(facet, new)) is None
    assert await house.is_exact()


@pytest.mark.parametrize("make", [root, finding, vulnerability, member, officer], ids=lambda make: make.__name__)
async def test_what_has_fitting_parents_is_stored(store: Store, house: House, make: Make) -> None:
    facet, new = make(house)
    made = await command.add(store, facet, new, house.stamp())
    assert await read.get(store, facet, entity_key(facet, new)) == made
    assert await house.is_exact()


async def test_no_membership_waits_for_a_group_to_be_founded(store: Store, house: House) -> None:
    facet, access = member(house, group_name="later")
    with pytest.raises(NotFound):
        await command.add(store, facet, access, house.stamp())
    await add_group(store, "later", house.stamp)
    assert await read.get_any(store, GROUP_ACCESS, group_access_key(URI, "later")) is None
    assert await house.is_exact("later")


BELOW: Sequence[Make] = (root, finding, vulnerability, member)


@pytest.mark.parametrize("make", BELOW, ids=lambda make: make.__name__)
@pytest.mark.parametrize("meanwhile", [True, False])
async def test_nothing_begins_below_a_removed_group(
    store: Store, house: House, intrude: Intrude, make: Make, *, meanwhile: bool
) -> None:
    """Not even where the group is removed between reading and writing."""
    facet, new = make(house)
    made = house.stamp()

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await house.remove_group()

    if not meanwhile:
        await before(1, ())
    with pytest.raises(NotFound) as caught:
        await command.add(intrude(store, before) if meanwhile else store, facet, new, made)
    assert told(caught.value) == "group (group_name)"
    assert await read.get_any(store, facet, entity_key(facet, new)) is None
    assert await house.is_exact()


async def test_a_reopening_needs_its_root_active(store: Store, house: House, intrude: Intrude) -> None:
    await commands.close(store, ONE, ClosingReason.VERIFIED, house.stamp())

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await deactivate_root(store, BACKEND, house.stamp())

    with pytest.raises(Rejections, match="inactive_root"):
        await commands.reopen(intrude(store, before), ONE, sighted(house.finding, "one.py"), house.stamp())
    assert await house.is_exact()
