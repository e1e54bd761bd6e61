"""Where a root is, and what it is called: its location and its nickname are its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from integrates.db_model.entity import command, read, transaction
from integrates.db_model.entity.facet import key_text
from integrates.db_model.errors import AlreadyExists, Raced, Rejected, Rejections
from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.roots import commands as roots
from integrates.db_model.roots.facet import ROOT, root_counters_key, root_key
from integrates.db_model.roots.types import Root
from integrates.db_model.store.port import Change, Store
from integrates.db_model.testing.scene import add_root, add_vulnerability, deactivate_root, uid
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.facet import vulnerability_key

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House, Intrude

BACKEND = uid("webshop/backend")


def on_branch(branch: str) -> Callable[[Root, datetime], Root]:
    return lambda old, _: replace(old, location=replace(old.location, branch=branch))


async def test_another_branch_frees_the_old_location_and_takes_the_new_one(store: Store, house: House) -> None:
    place = await add_root(store, house.group, "place", house.stamp)
    moved = await command.update(store, ROOT, root_key(place.id), on_branch("next"), house.stamp())
    assert (await house.holder(house.location(place)), await house.holder(house.location(moved))) == (None, place.id)
    again = await add_root(store, house.group, "again", house.stamp, branch="place")
    assert await house.holder(house.location(place)) == again.id
    assert await house.is_exact()


async def test_another_branch_is_refused_where_another_root_is(store: Store, house: House) -> None:
    place, second = [await add_root(store, house.group, name, house.stamp) for name in ("place", "second")]
    with pytest.raises(AlreadyExists) as caught:
        await command.update(store, ROOT, root_key(place.id), on_branch("second"), house.stamp())
    assert (caught.value.reason, caught.value.owner) == ("location_taken", second.id)
    assert await read.get(store, ROOT, root_key(place.id)) == place
    assert await house.holder(house.location(place)) == place.id


async def test_that_a_root_has_vulnerabilities_is_told_before_what_is_taken(store: Store, house: House) -> None:
    await add_root(store, house.group, "second", house.stamp)
    with pytest.raises(Rejections, match=r"^has_vulnerabilities \(branch\)$"):
        await command.update(store, ROOT, root_key(BACKEND), on_branch("second"), house.stamp())


async def test_a_location_taken_while_writing_is_refused(store: Store, house: House, intrude: Intrude) -> None:
    place = await add_root(store, house.group, "place", house.stamp)

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await add_root(store, house.group, "second", house.stamp)

    with pytest.raises(AlreadyExists, match="location_taken"):
        await command.update(intrude(store, before), ROOT, root_key(place.id), on_branch("second"), house.stamp())
    assert await read.get(store, ROOT, root_key(place.id)) == place


async def test_all_that_is_taken_is_told_at_once(store: Store, house: House) -> None:
    made = house.stamp()
    with pytest.raises(Rejections) as caught:
        await roots.add(store, replace(house.root, id=uid("twin")), made)
    assert [str(each) for each in caught.value.refusals] == ["location_taken (url)", "nickname_taken (nickname)"]
    assert {getattr(each, "owner", None) for each in caught.value.refusals} == {BACKEND}


async def test_two_organizations_may_have_the_same_location_and_nickname(store: Store, house: House) -> None:
    other = await add_root(store, house.other, "backend", house.stamp)
    assert other.location == house.root.location
    assert (await house.holder(house.location(other)), await house.holder(house.location(house.root))) == (other.id, BACKEND)


async def test_an_inactive_root_gives_up_its_location_and_keeps_its_nickname(store: Store, house: House) -> None:
    active = house.root.state
    await deactivate_root(store, BACKEND, house.stamp())
    with pytest.raises(AlreadyExists, match="nickname_taken"):
        await command.add(store, ROOT, on_branch("else")(replace(house.root, id=uid("else")), active.at), house.stamp())
    second = await add_root(store, house.group, "second", house.stamp, branch="backend")
    with pytest.raises(AlreadyExists) as caught:
        await command.update(store, ROOT, root_key(BACKEND), lambda old, _: replace(old, state=active), house.stamp())
    assert (caught.value.reason, caught.value.owner) == ("location_taken", second.id)
    await deactivate_root(store, second.id, house.stamp())
    await command.update(store, ROOT, root_key(BACKEND), lambda old, _: replace(old, state=active), house.stamp())
    assert await house.holder(house.location(house.root)) == BACKEND


async def test_of_two_that_take_a_freed_value_one_is_refused(store: Store, house: House) -> None:
    await deactivate_root(store, BACKEND, house.stamp())
    made = house.stamp()
    news = [replace(house.root, id=uid(name), info=replace(house.root.info, nickname=name)) for name in ("a", "b")]
    first, second = [await command.planned(store, ROOT, None, new, made) for new in news]
    await transaction.write(store, (first,))
    with pytest.raises(Raced):
        await transaction.write(store, (second,))
    with pytest.raises(AlreadyExists, match="location_taken"):
        await roots.add(store, news[1], made)
    assert await house.holder(house.location(house.root)) == uid("a")


def excluding(*patterns: str) -> Callable[[Root, datetime], Root]:
    return lambda old, _: replace(old, location=replace(old.location, gitignore=patterns))


def at_url(url: str) -> Callable[[Root, datetime], Root]:
    return lambda old, _: replace(old, location=replace(old.location, url=url))


ELSEWHERE = "https://git.example/else"
RELOCATIONS: Mapping[str, tuple[Callable[[Root, datetime], Root], list[str]]] = {
    "another url": (at_url(ELSEWHERE), ["has_vulnerabilities (url)"]),
    "another branch": (on_branch("next"), ["has_vulnerabilities (branch)"]),
    "both": (
        lambda old, at: at_url(ELSEWHERE)(on_branch("next")(old, at), at),
        ["has_vulnerabilities (url)", "has_vulnerabilities (branch)"],
    ),
}


@pytest.mark.parametrize(("alter", "expected"), RELOCATIONS.values(), ids=RELOCATIONS)
@pytest.mark.parametrize("is_active", [True, False])
async def test_a_root_with_vulnerabilities_stays_where_it_is(
    store: Store, house: House, alter: Callable[[Root, datetime], Root], expected: list[str], *, is_active: bool
) -> None:
    """In scope or not, or else it would only have to be taken out of scope for a while."""
    if not is_active:
        await deactivate_root(store, BACKEND, house.stamp())
    before = await store.get((root_key(BACKEND), root_counters_key(BACKEND)))
    with pytest.raises((Rejected, Rejections)) as caught:
        await command.update(store, ROOT, root_key(BACKEND), alter, house.stamp())
    assert [str(each) for each in getattr(caught.value, "refusals", [caught.value])] == expected
    assert await store.get((root_key(BACKEND), root_counters_key(BACKEND))) == before
    assert await house.holder(house.location(house.root)) == (BACKEND if is_active else None)
    assert await house.is_exact()


@pytest.mark.parametrize("is_draft", [True, False])
async def test_a_root_that_ever_had_a_vulnerability_stays_where_it_is(store: Store, house: House, *, is_draft: bool) -> None:
    """Even where the only one was a draft, and was removed."""
    place, known = await add_root(store, house.group, "place", house.stamp), await house.known()
    only = await add_vulnerability(store, known, place, "x.py", house.stamp, house.draft if is_draft else lambda new: new)
    await vulnerabilities.update(store, only.id, house.removed(RemovalJustification.DUPLICATED), house.stamp())
    with pytest.raises(Rejections, match=r"has_vulnerabilities \(branch\)"):
        await command.update(store, ROOT, root_key(place.id), on_branch("next"), house.stamp())
    assert await read.get(store, ROOT, root_key(place.id)) == place
    assert await house.is_exact()


async def test_what_a_root_excludes_may_change_with_its_name(store: Store, house: House) -> None:
    def renamed(old: Root, at: datetime) -> Root:
        return replace(excluding("dist/", "*.min.js")(old, at), info=replace(old.info, nickname="renamed"))

    changed = await command.update(store, ROOT, root_key(BACKEND), renamed, house.stamp())
    assert changed.location == replace(house.root.location, gitignore=("dist/", "*.min.js"))
    assert changed.info.nickname == "renamed"
    assert await house.is_exact()


async def test_a_root_that_gets_its_first_vulnerability_meanwhile_stays_where_it_is(
    store: Store, house: House, intrude: Intrude
) -> None:
    place, known = await add_root(store, house.group, "place", house.stamp), await house.known()

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await add_vulnerability(store, known, place, "first.py", house.stamp)

    with pytest.raises(Rejected, match=r"has_vulnerabilities \(branch\)"):
        await command.update(intrude(store, before), ROOT, root_key(place.id), on_branch("next"), house.stamp())
    assert await read.get(store, ROOT, root_key(place.id)) == place
    assert await house.holder(house.location(place)) == place.id
    assert await house.is_exact()


async def test_a_first_vulnerability_is_reported_in_the_root_where_it_is_by_then(
    store: Store, house: House, intrude: Intrude
) -> None:
    """The root as read is not the root any more: that race is lost, and the report decided again."""
    place, known, writes = await add_root(store, house.group, "place", house.stamp), await house.known(), []

    async def before(number: int, _: Sequence[Change]) -> None:
        writes.append(number)
        if number == 1:
            await command.update(store, ROOT, root_key(place.id), on_branch("next"), house.stamp())

    first = await add_vulnerability(intrude(store, before), known, place, "first.py", house.stamp)
    revision = (await read.history(store, vulnerability_key(first.id)))[0]
    assert (writes, revision.seen[key_text(root_key(place.id))]) == ([1, 2], 2)
    with pytest.raises(Rejections, match="has_vulnerabilities"):
        await command.update(store, ROOT, root_key(place.id), on_branch("place"), house.stamp())
    assert await house.is_exact()
