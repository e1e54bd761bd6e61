"""Roots of every kind: where they may be, what may be found there, and how they are changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.db_model import groups
from integrates.db_model.entity import command, read
from integrates.db_model.entity.listing import listing
from integrates.db_model.errors import AlreadyExists, NotFound, Rejected, Rejections, Stale
from integrates.db_model.groups.facet import MAX_ROOTS, group_guard
from integrates.db_model.roots import commands as roots
from integrates.db_model.roots.argument import described
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.roots.types import Criticality, GitLocation, ImageLocation, ImageRoot, Location, Root, RootKind
from integrates.db_model.store.port import Change, Store
from integrates.db_model.testing.scene import add_group, add_root_at, add_vulnerability, deactivate_root, uid
from integrates.db_model.vulnerabilities.types import VulnerabilityType

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House, Intrude

GIVEN: Mapping[RootKind, Mapping[str, Any]] = {
    RootKind.GIT: {"url": "https://git.example/new", "branch": "main"},
    RootKind.IMAGE: {"reference": "ghcr.io/shop/web:1.2"},
    RootKind.IP: {"address": "192.0.2.7"},
    RootKind.URL: {"url": "https://shop.example/app?a=1"},
}
PLACES: Mapping[RootKind, tuple[VulnerabilityType, str]] = {
    RootKind.GIT: (VulnerabilityType.LINES, "src/a.py"),
    RootKind.IMAGE: (VulnerabilityType.LINES, "etc/shadow"),
    RootKind.IP: (VulnerabilityType.PORTS, "192.0.2.7"),
    RootKind.URL: (VulnerabilityType.INPUTS, "https://shop.example/login"),
}
"""Something in a root of each kind that :data:`GIVEN` makes."""
REFUSED: Mapping[RootKind, str] = {
    RootKind.GIT: "location_taken (url)",
    RootKind.IMAGE: "location_taken (reference)",
    RootKind.IP: "location_taken (address)",
    RootKind.URL: "location_taken (url)",
}


def location(kind: RootKind, **given: Any) -> Location:
    return described(kind, {**GIVEN[kind], "nickname": "x", **given})[0]


@pytest.mark.parametrize("kind", RootKind)
async def test_a_root_is_stored_with_its_kind_and_found_again(store: Store, house: House, kind: RootKind) -> None:
    made = await add_root_at(store, house.group, "new", house.stamp, location(kind))
    assert await read.get(store, ROOT, root_key(made.id)) == made
    listed = await read.everything(store, ROOT, listing("group_root", "roots_of_group", {"group_name": house.group.name}))
    assert {one.id: one for one in listed} == {made.id: made, house.root.id: house.root}
    (first,) = await read.history(store, root_key(made.id))
    assert first.aspects["kind"] == kind
    assert await read.as_of(store, ROOT, root_key(made.id), first.at) == made
    assert await house.is_exact()


@pytest.mark.parametrize("kind", RootKind)
async def test_one_place_is_that_of_one_root(store: Store, house: House, kind: RootKind) -> None:
    place = location(kind)
    first = await add_root_at(store, house.group, "first", house.stamp, place)
    with pytest.raises(AlreadyExists) as caught:
        await add_root_at(store, house.group, "second", house.stamp, place)
    assert (str(caught.value), caught.value.owner) == (REFUSED[kind], first.id)
    await deactivate_root(store, first.id, house.stamp())
    second = await add_root_at(store, house.group, "second", house.stamp, place)
    with pytest.raises(AlreadyExists) as caught:
        await command.update(store, ROOT, root_key(first.id), lambda old, _: replace(old, state=first.state), house.stamp())
    assert (str(caught.value), caught.value.owner) == (REFUSED[kind], second.id)
    with pytest.raises(AlreadyExists, match="nickname_taken"):
        await roots.describe(store, second, kind, {"nickname": "first"}, house.stamp())
    assert await house.is_exact()


@pytest.mark.parametrize(
    ("kind", "is_free"), [(RootKind.GIT, False), (RootKind.IMAGE, False), (RootKind.IP, True), (RootKind.URL, True)]
)
async def test_a_place_belongs_to_the_organization_or_to_the_group(
    store: Store, house: House, kind: RootKind, *, is_free: bool
) -> None:
    place, sister = location(kind), await add_group(store, "payments", house.stamp)
    await add_root_at(store, house.group, "first", house.stamp, place)
    await add_root_at(store, house.other, "first", house.stamp, place)
    if is_free:
        await add_root_at(store, sister, "first", house.stamp, place)
    else:
        with pytest.raises(AlreadyExists, match="location_taken"):
            await add_root_at(store, sister, "first", house.stamp, place)


DISTINCT: Sequence[Location] = (
    location(RootKind.IMAGE, reference="web"),
    location(RootKind.IMAGE, reference="web:1"),
    location(RootKind.IMAGE, reference="web:2"),
    location(RootKind.IMAGE, reference="shop/web"),
    location(RootKind.IMAGE, reference="ghcr.io/shop/web"),
    location(RootKind.IP, address="192.0.2.7"),
    location(RootKind.IP, address="192.0.2.8"),
    location(RootKind.URL, url="https://shop.example"),
    location(RootKind.URL, url="http://shop.example:443"),
    location(RootKind.URL, url="https://shop.example:444"),
    location(RootKind.URL, url="https://www.shop.example"),
    location(RootKind.URL, url="https://shop.example/app"),
    location(RootKind.URL, url="https://shop.example/app?a=1"),
)


async def test_what_differs_in_any_part_is_another_place(store: Store, house: House) -> None:
    for number, place in enumerate(DISTINCT):
        await add_root_at(store, house.group, f"root{number}", house.stamp, place)


@pytest.mark.parametrize("kind", RootKind)
async def test_of_two_at_once_one_gets_the_place(store: Store, house: House, kind: RootKind) -> None:
    adding = (add_root_at(store, house.group, name, house.stamp, location(kind)) for name in ("first", "second"))
    found = await asyncio.gather(*adding, return_exceptions=True)
    assert sorted(str(one) for one in found if isinstance(one, BaseException)) == [REFUSED[kind]]
    assert await house.is_exact()


async def test_a_group_has_so_many_roots_of_all_kinds(store: Store, house: House) -> None:
    await store.write((group_guard(house.group.name, "roots", by=MAX_ROOTS - 1, high=MAX_ROOTS),))
    with pytest.raises(Rejected, match="too_many"):
        await add_root_at(store, house.group, "one-more", house.stamp, location(RootKind.IMAGE))


@pytest.mark.parametrize("kind", RootKind)
async def test_what_is_found_in_a_root_lies_there(store: Store, house: House, kind: RootKind) -> None:
    root, (type_, where) = await add_root_at(store, house.group, "new", house.stamp, location(kind)), PLACES[kind]
    for other, (another, elsewhere) in PLACES.items():
        if another is not type_:
            is_page = (kind, another) == (RootKind.GIT, VulnerabilityType.INPUTS)
            with pytest.raises(Rejections, match=rf"outside_root \({'where' if is_page else 'type'}\)"):
                await add_vulnerability(store, house.finding, root, elsewhere, house.stamp, type=another, identity=uid(other))
    found = await add_vulnerability(store, house.finding, root, where, house.stamp, type=type_)
    assert (found.root_id, found.type) == (root.id, type_)
    assert await house.is_exact()


CHANGES: Mapping[str, tuple[RootKind, Mapping[str, Any], Callable[[Any], object], object]] = {
    "url": (RootKind.GIT, {"url": "https://git.example/other.git"}, lambda new: new.location.url, "https://git.example/other"),
    "branch": (RootKind.GIT, {"branch": "next"}, lambda new: new.location.branch, "next"),
    "gitignore": (RootKind.GIT, {"gitignore": ["a/"]}, lambda new: new.location.gitignore, ("a/",)),
    "reference": (
        RootKind.IMAGE,
        {"reference": "ubuntu"},
        lambda new: new.location,
        ImageLocation(registry="docker.io", repository="library/ubuntu"),
    ),
    **{f"nickname of {kind}": (kind, {"nickname": "renamed"}, lambda new: new.info.nickname, "renamed") for kind in RootKind},
    **{
        f"criticality of {kind}": (kind, {"criticality": "LOW"}, lambda new: new.info.criticality, Criticality.LOW)
        for kind in RootKind
    },
}


@pytest.mark.parametrize(("kind", "given", "read_of", "expected"), CHANGES.values(), ids=CHANGES)
async def test_what_is_given_changes_and_the_rest_stays(
    store: Store, house: House, kind: RootKind, given: Mapping[str, Any], read_of: Callable[[Any], object], expected: object
) -> None:
    root = await add_root_at(store, house.group, "new", house.stamp, location(kind))
    left_out = dict.fromkeys(("nickname", "criticality"))
    changed = await roots.describe(store, root, kind, {**left_out, **given}, house.stamp())
    assert read_of(changed) == expected
    assert changed.version == root.version + 1
    (_, second) = await read.history(store, root_key(root.id))
    assert len(second.aspects) == 1
    again = await roots.describe(store, changed, kind, given, house.stamp())
    assert again == changed
    assert await house.is_exact()


async def test_the_place_that_a_root_leaves_is_free(store: Store, house: House) -> None:
    root = await add_root_at(store, house.group, "new", house.stamp, location(RootKind.IMAGE))
    moved = await roots.describe(store, root, RootKind.IMAGE, {"reference": "ubuntu", "nickname": "other"}, house.stamp())
    await add_root_at(store, house.group, "again", house.stamp, location(RootKind.IMAGE))
    taken = {**GIVEN[RootKind.IMAGE], "nickname": "again"}
    with pytest.raises(Rejections) as caught:
        await roots.describe(store, moved, RootKind.IMAGE, taken, house.stamp())
    assert [str(one) for one in caught.value.refusals] == ["location_taken (reference)", "nickname_taken (nickname)"]


RELOCATIONS: Mapping[RootKind, tuple[Location, str]] = {
    RootKind.GIT: (location(RootKind.GIT, branch="next"), "has_vulnerabilities (branch)"),
    RootKind.IMAGE: (location(RootKind.IMAGE, reference="ghcr.io/shop/web:1.3"), "has_vulnerabilities (reference)"),
    RootKind.IP: (location(RootKind.IP, address="192.0.2.8"), "has_vulnerabilities (address)"),
    RootKind.URL: (location(RootKind.URL, url="https://shop.example/app?a=2"), "has_vulnerabilities (url)"),
}


@pytest.mark.parametrize("kind", RootKind)
async def test_a_root_that_had_a_vulnerability_stays_where_it_is(store: Store, house: House, kind: RootKind) -> None:
    """Its name and what it excludes may change."""
    root, (type_, where) = await add_root_at(store, house.group, "new", house.stamp, location(kind)), PLACES[kind]
    await add_vulnerability(store, house.finding, root, where, house.stamp, type=type_)
    elsewhere, expected = RELOCATIONS[kind]
    with pytest.raises(Rejections) as caught:
        await command.update(store, ROOT, root_key(root.id), lambda old, _: replace(old, location=elsewhere), house.stamp())
    assert str(caught.value) == expected
    assert await read.get(store, ROOT, root_key(root.id)) == root
    renamed = await roots.describe(store, root, kind, {"nickname": "renamed"}, house.stamp())
    assert (renamed.location, renamed.info.nickname) == (root.location, "renamed")
    assert await house.is_exact()


async def test_a_root_of_another_kind_is_refused(store: Store, house: House) -> None:
    root = await add_root_at(store, house.group, "new", house.stamp, location(RootKind.IMAGE))
    with pytest.raises(Rejected) as caught:
        await roots.describe(store, root, RootKind.GIT, {"branch": "-rf"}, house.stamp())
    assert (caught.value.reason, caught.value.path) == ("wrong_root_kind", ("id",))
    with pytest.raises(Stale):
        await roots.describe(store, root, RootKind.GIT, {"branch": "-rf"}, house.stamp(), expected_version=7)


@pytest.mark.parametrize("kind", RootKind)
async def test_a_root_stays_of_its_kind(store: Store, house: House, kind: RootKind) -> None:
    other = RootKind.IP if kind is RootKind.IMAGE else RootKind.IMAGE
    root = await add_root_at(store, house.group, "new", house.stamp, location(kind))

    def alter(old: Root, _: datetime) -> Root:
        return replace(roots.new_root(old.id, house.group, location(other), old.info, house.stamp()), version=old.version)

    with pytest.raises(Rejections) as caught:
        await command.update(store, ROOT, root_key(root.id), alter, house.stamp())
    assert "fixed (kind)" in [str(one) for one in caught.value.refusals]
    assert await read.get(store, ROOT, root_key(root.id)) == root


async def test_a_location_of_another_kind_is_refused(store: Store, house: House) -> None:
    odd: Any = replace(house.root, id=uid("odd"), location=location(RootKind.IMAGE))
    with pytest.raises(Rejections):
        await roots.add(store, odd, house.stamp())
    assert await read.get(store, ROOT, root_key(odd.id)) is None


async def test_a_change_that_names_no_version_is_decided_again(store: Store, house: House, intrude: Intrude) -> None:
    root = await add_root_at(store, house.group, "new", house.stamp, location(RootKind.IMAGE))

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await roots.describe(store, root, RootKind.IMAGE, {"reference": "ubuntu"}, house.stamp())

    changed = await roots.describe(intrude(store, before), root, RootKind.IMAGE, {"nickname": "renamed"}, house.stamp())
    assert isinstance(changed, ImageRoot)
    assert (changed.location.repository, changed.info.nickname, changed.version) == ("library/ubuntu", "renamed", 3)


async def test_a_root_that_is_gone_is_not_changed(store: Store, house: House) -> None:
    gone = replace(house.root, id=uid("gone"))
    with pytest.raises(Stale):
        await roots.describe(store, gone, RootKind.GIT, {"nickname": "renamed"}, house.stamp(), expected_version=1)
    with pytest.raises(NotFound):
        await roots.describe(store, gone, RootKind.GIT, {"nickname": "renamed"}, house.stamp())


async def test_a_root_of_a_removed_group_does_not_come_back(store: Store, house: House) -> None:
    out = await deactivate_root(store, house.root.id, house.stamp())
    await groups.remove(store, house.group, {"reason": "NO_SYSTEM"}, house.stamp())
    with pytest.raises(NotFound):
        await roots.activate(store, out, house.stamp())
    assert await read.get(store, ROOT, root_key(out.id)) == out


async def test_a_root_written_before_there_were_other_kinds_is_read(store: Store, house: House) -> None:
    """What the store has is what it always had."""
    (item,) = await store.get((root_key(house.root.id),))
    assert item is not None
    assert item.attributes["kind"] == "GIT"
    assert item.attributes["location"] == {"url": "https://git.example/shop", "branch": "backend", "gitignore": []}
    assert isinstance(house.root.location, GitLocation)
