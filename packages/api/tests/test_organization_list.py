"""The vulnerabilities of an organization: group by group, only of groups that the caller may read, whatever comes and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import stamping
from packages.api.tests.test_store_calls import counting

from integrates.api.resolve.connection import Walk, position_found, position_named
from integrates.api.resolve.cursor import Position
from integrates.db_model.access.facet import GROUP_ACCESS, group_access_key
from integrates.db_model.access.types import AccessStatus, GroupGrant, GroupRole
from integrates.db_model.entity.command import update
from integrates.db_model.testing import scene
from integrates.db_model.testing.scene import address_of
from integrates.db_model.vulnerabilities.types import VulnerabilityStatus

if TYPE_CHECKING:
    from datetime import datetime

    from packages.api.tests.conftest import World

    from integrates.db_model.access.types import GroupAccess
    from integrates.db_model.groups.types import Group

PAGE: Final = """query ($first: Int, $after: String, $filter: VulnerabilityFilter) { organization(name: "aurora") {
  vulnerabilities(first: $first, after: $after, filter: $filter) {
    edges { cursor } nodes { id group { id } } pageInfo { hasNextPage hasPreviousPage endCursor } totalCount } } }"""


async def filled(world: World, name: str, number: int, *people: str) -> Group:
    """Add a group of aurora with so many vulnerabilities, which these people may read."""
    stamp = stamping()
    group = await scene.add_group(world.store, name, stamp)
    root = await scene.add_root(world.store, group, name, stamp)
    finding = await scene.add_finding(world.store, group, "x", stamp)
    for one in range(number):
        await scene.add_vulnerability(world.store, finding, root, f"src/{one}.py", stamp)
    for person in people:
        await scene.add_member(world.store, group, address_of(person), GroupRole.USER, stamp)
    return group


async def removed(world: World, name: str, group: str) -> None:
    """Take a person out of a group."""

    def leave(old: GroupAccess, _: datetime) -> GroupAccess:
        return replace(old, access=GroupGrant(), state=replace(old.state, status=AccessStatus.REMOVED))

    await update(world.store, GROUP_ACCESS, group_access_key(address_of(name), group), leave, world.stamp())


async def page(world: World, name: str, first: int, after: str | None = None, **wanted: Any) -> Any:
    """Read one page as a person."""
    data = await world.data(name, PAGE, first=first, after=after, filter=wanted or None)
    return data["organization"]["vulnerabilities"]


async def walked(world: World, name: str, first: int, **wanted: Any) -> list[tuple[str, str]]:
    """Walk the whole list as a person: the group and the id of each."""
    found: list[tuple[str, str]] = []
    after, goes_on = None, True
    while goes_on:
        one = await page(world, name, first, after, **wanted)
        found += [(node["group"]["id"], node["id"]) for node in one["nodes"]]
        after, goes_on = one["pageInfo"]["endCursor"], one["pageInfo"]["hasNextPage"]
    return found


async def test_groups_come_by_name_at_every_page_size(world: World) -> None:
    for name, number in (("alpha", 3), ("zeta", 2), ("empty", 0)):
        await filled(world, name, number, "uri")
    whole = await walked(world, "uri", 100)
    assert [group for group, _ in whole] == ["alpha"] * 3 + ["webshop"] * 2 + ["zeta"] * 2
    assert len(set(whole)) == len(whole)
    for size in range(1, 9):
        assert await walked(world, "uri", size) == whole
    assert (await page(world, "uri", 1))["totalCount"] == len(whole)


async def test_only_groups_that_the_caller_may_read_are_walked_and_counted(world: World) -> None:
    await filled(world, "alpha", 3, "vera")
    assert {group for group, _ in await walked(world, "uri", 2)} == {"webshop"}
    assert (await page(world, "uri", 5))["totalCount"] == 2
    assert (await page(world, "vera", 5))["totalCount"] == 5
    assert (await page(world, "olga", 5))["totalCount"] == 5
    assert {group for group, _ in await walked(world, "ada", 500)} == {"alpha", "webshop"}
    foreign = await world.data("uri2", PAGE, first=5)
    assert foreign == {"organization": None}


async def test_who_may_read_no_group_sees_an_empty_list(world: World) -> None:
    await removed(world, "uri", "webshop")
    assert await page(world, "uri", 5) == {
        "edges": [],
        "nodes": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "endCursor": None},
        "totalCount": 0,
    }
    answer = await world.answer("uri", PAGE, first=5, filter={"minScore": 11})
    assert answer.body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_each_group_shows_what_the_caller_may_see_there(world: World) -> None:
    """Hana reads drafts in webshop, where she is a hacker, but not in alpha, where she is a user."""
    group = await filled(world, "alpha", 1, "hana")
    stamp = stamping()
    root = await scene.add_root(world.store, group, "more", stamp)
    finding = await scene.add_finding(world.store, group, "y", stamp)
    tenant = replace(world.aurora, group=group, root=root, finding=finding)
    draft = await world.report(tenant, "src/draft.py", VulnerabilityStatus.SUBMITTED)
    states: dict[str, Any] = {"states": ["SUBMITTED", "VULNERABLE"]}
    shown = await walked(world, "hana", 2, **states)
    assert ("alpha", draft.id) not in shown
    assert ("webshop", world.aurora.submitted.id) in shown
    assert (await page(world, "hana", 2, **states))["totalCount"] == len(shown) == 3
    assert ("alpha", draft.id) in await walked(world, "olga", 2, **states)
    everything: dict[str, Any] = {"zeroRisks": ["CONFIRMED", None]}
    assert world.aurora.hidden.id not in [one for _, one in await walked(world, "hana", 2, **everything)]
    assert world.aurora.hidden.id in [one for _, one in await walked(world, "olga", 2, **everything)]


@pytest.mark.parametrize("wanted", [{}, {"text": "src"}])
async def test_groups_that_come_and_go_neither_skip_nor_repeat(world: World, wanted: dict[str, Any]) -> None:
    await filled(world, "beta", 3, "uri")
    await filled(world, "delta", 3, "uri")
    whole = await walked(world, "uri", 100, **wanted)
    first = await page(world, "uri", 2, **wanted)
    await filled(world, "alpha", 2, "uri")
    await filled(world, "gamma", 2, "uri")
    second = await page(world, "uri", 100, first["pageInfo"]["endCursor"], **wanted)
    seen = [(node["group"]["id"], node["id"]) for node in (*first["nodes"], *second["nodes"])]
    assert [one for one in seen if one[0] != "gamma"] == whole
    assert [group for group, _ in seen].count("gamma") == 2
    await removed(world, "uri", "beta")
    rest = await page(world, "uri", 100, first["pageInfo"]["endCursor"], **wanted)
    assert [node["group"]["id"] for node in rest["nodes"]] == ["delta"] * 3 + ["gamma"] * 2 + ["webshop"] * 2


def test_a_position_is_found_by_name() -> None:
    async def read(_query: Any) -> Any:
        raise AssertionError

    walk: Walk[Any] = Walk(stretches=(None,) * 3, names=("a#0", "c#0", "c#1"), read=read)
    told = position_named(walk, Position(1, "here"))
    assert told == Position(0, "here", "c#0")
    assert position_found(walk, told) == Position(1, "here")
    assert position_found(walk, Position(0, "here", "b#0")) == Position(1, "")
    assert position_found(walk, Position(0, "here", "z#0")) == Position(3, "")
    plain: Walk[Any] = Walk(stretches=(None,), read=read)
    assert position_found(plain, position_named(plain, Position(0, "x"))) == Position(0, "x")


async def test_more_groups_take_no_more_calls(world: World) -> None:
    numbers = []
    for names in (("g-aa", "g-ab", "g-ac"), tuple(f"h-{number:02}" for number in range(20))):
        for name in names:
            await filled(world, name, 1, "uri")
        calls: list[str] = []
        answer = await world.answer("uri", PAGE, store=counting(world.store, calls), first=100)
        assert len(answer.body["data"]["organization"]["vulnerabilities"]["nodes"]) >= len(names)
        numbers.append(len(calls))
    assert numbers[1] - numbers[0] <= 1
    assert numbers[1] <= 12
