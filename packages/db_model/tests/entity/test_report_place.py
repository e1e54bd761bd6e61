"""Reports of places that many removed ones keep, and of paths where others have much (domain sections 3 and 4.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from integrates.db_model.access.types import GroupRole
from integrates.db_model.entity import read
from integrates.db_model.entity.bulk import Reference, Refused, Written
from integrates.db_model.errors import AlreadyExists, IntegratesError, LimitExceeded, ModelError, Unavailable
from integrates.db_model.store.port import Change, Item, Key, Store
from integrates.db_model.testing.scene import add_finding, add_vulnerability, sighted, uid
from integrates.db_model.vulnerabilities import commands, intake, life
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import Source, Vulnerability

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House

PLACE = "dist/app.min.js"


def strict(store: Store, writes: int = 1_000) -> Store:
    """A store that takes 100 changes at once, like DynamoDB, and none after so many writes."""
    done: list[int] = []

    async def write(changes: Sequence[Change]) -> None:
        if len(changes) > 100:
            raise LimitExceeded("changes", 100, len(changes))
        if len(done) >= writes:
            raise Unavailable("cut off")
        await store.write(changes)
        done.append(len(changes))

    return replace(store, write=write, max_changes=100)


async def keeping(house: House, number: int) -> list[str]:
    """Let so many removed ones keep one place: a scanner reported them elsewhere, they moved there, people removed them."""
    found = [
        await add_vulnerability(house.store, house.finding, house.root, f"{at}.js", house.stamp, fingerprint=f"f{at}")
        for at in range(number)
    ]
    for one in found:
        await commands.move(house.store, one.id, sighted(house.finding, PLACE, "1"), house.stamp())
    gone = await life.remove_all(
        house.store, [Reference(one.id) for one in found], {"justification": "FALSE_POSITIVE"}, house.stamp()
    )
    assert isinstance(gone, Written)
    assert gone.refused == {}
    return [one.id for one in found]


async def report(house: House, store: Store, *wheres: str, name: str = "new") -> dict[int, IntegratesError]:
    """Report the first line of files; return the refusals."""
    line = {"root_id": house.root.id, "type": "LINES", "technique": "SAST", "specific": "1", "escaped": False}
    reports = intake.Reports(
        finding=house.finding,
        given=[{**line, "where": where} for where in wheres],
        identities=[uid(f"{name} {where}") for where in wheres],
        role=GroupRole.HACKER,
    )
    made = await intake.submit(store, reports, house.stamp())
    return dict(made.errors if isinstance(made, Refused) else made.refused)


async def kept(house: House, ids: Sequence[str]) -> int:
    """Return how many of them keep their place."""
    found = [await read.get_any(house.store, VULNERABILITY, vulnerability_key(each)) for each in ids]
    return sum(one.state.keeps_claim for one in found if one)


@pytest.mark.parametrize("number", [25, 26, 100])
async def test_however_many_keep_a_place_they_give_it_up_to_its_report(house: House, number: int) -> None:
    ids = await keeping(house, number)
    assert await kept(house, ids) == number
    assert await report(house, strict(house.store), PLACE, "other.js") == {}
    assert await kept(house, ids) == 0
    for each in ids:
        assert len(await read.history(house.store, vulnerability_key(each))) == 4, "each gives way once"
    assert [type(error) for error in (await report(house, house.store, PLACE, name="late")).values()] == [AlreadyExists]
    assert await house.is_exact()


async def test_however_many_keep_a_place_one_is_added_there(house: House) -> None:
    ids, made = await keeping(house, 30), house.stamp()
    new = replace(await latest(house), id=uid("new"), location=replace((await latest(house)).location, where=PLACE))
    added = await commands.add(strict(house.store), replace(new, source=Source.ANALYST, tool=None, match=None), made)
    assert (added.location.where, await kept(house, ids)) == (PLACE, 0)
    assert await house.is_exact()


async def latest(house: House) -> Vulnerability:
    found = await read.get(house.store, VULNERABILITY, vulnerability_key(house.one.id))
    assert found is not None
    return found


async def test_a_scanner_leaves_what_keeps_a_place_alone(house: House) -> None:
    ids = await keeping(house, 30)
    await add_vulnerability(strict(house.store), house.finding, house.root, PLACE, house.stamp, specific="1")
    assert await kept(house, ids) == 30


async def test_nobody_gives_way_to_a_report_that_is_refused_with_another(house: House) -> None:
    ids = await keeping(house, 30)
    for others in (["one.py"], ["../odd"], [PLACE]):
        assert list(await report(house, strict(house.store), PLACE, *others)) == [1]
        assert await kept(house, ids) == 30
    assert await house.is_exact()


@pytest.mark.parametrize("writes", range(3))
async def test_what_was_cut_off_is_finished_by_another_report(house: House, writes: int) -> None:
    ids = await keeping(house, 70)
    try:
        refused = await report(house, strict(house.store, writes), PLACE)
    except Unavailable as error:
        refused = {0: error}
    assert [str(error) for error in refused.values()] == ["cut off"]
    assert await kept(house, ids) == (70, 37, 25)[writes]
    assert await house.is_exact()
    assert await report(house, strict(house.store), PLACE) == {}
    assert await kept(house, ids) == 0
    assert await house.is_exact()


async def test_nothing_is_reported_before_all_have_given_way(house: House) -> None:
    """Only the second chunk fails, so that the report could be stored."""
    ids, done = await keeping(house, 70), list[int]()

    async def write(changes: Sequence[Change]) -> None:
        done.append(len(changes))
        if len(done) == 2:
            raise Unavailable("cut off")
        await house.store.write(changes)

    with pytest.raises(Unavailable):
        await report(house, replace(house.store, write=write, max_changes=100), PLACE)
    assert await kept(house, ids) == 37
    assert await house.store.get((vulnerability_key(uid(f"new {PLACE}")),)) == (None,)


async def test_of_two_reports_of_a_place_that_many_keep_one_is_stored(house: House) -> None:
    ids = await keeping(house, 40)
    both = await asyncio.gather(*(report(house, strict(house.store), PLACE, name=name) for name in ("this", "that")))
    assert sorted(map(len, both)) == [0, 1]
    assert [type(error) for refused in both for error in refused.values()] == [AlreadyExists]
    assert await kept(house, ids) == 0
    assert await house.is_exact()


async def test_a_report_reads_what_its_finding_has_in_the_path_and_nothing_else(house: House) -> None:
    other = await add_finding(house.store, house.group, "R2", house.stamp)
    there = [
        await add_vulnerability(house.store, other, house.root, PLACE, house.stamp, specific=str(at), identity=uid(at))
        for at in range(1, 12)
    ]
    await add_vulnerability(house.store, house.finding, house.root, PLACE, house.stamp, specific="7")
    await house.spoil(vulnerability_key(there[0].id))
    asked: set[Key] = set()

    async def get(keys: Sequence[Key]) -> tuple[Item | None, ...]:
        asked.update(keys)
        return await house.store.get(keys)

    assert await report(house, replace(house.store, get=get), PLACE) == {}
    assert not asked & {vulnerability_key(one.id) for one in there}


async def test_what_cannot_be_read_in_the_path_of_the_finding_refuses_the_report(house: House) -> None:
    (one,) = await keeping(house, 1)
    await house.spoil(vulnerability_key(one))
    with pytest.raises(ModelError):
        await report(house, house.store, PLACE)
