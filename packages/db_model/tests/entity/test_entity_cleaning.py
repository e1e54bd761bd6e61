"""Cleaning up keeps what is of another store, and needs little memory and few reads, however many files there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.db_model.entity.revision import revision_key
from integrates.db_model.errors import Corrupt
from integrates.db_model.evidences.cleaning import AT_ONCE, KEPT_FOR, Cleaned, clean_up
from integrates.db_model.evidences.file import FOLDER, brought, examined, file_key
from integrates.db_model.evidences.types import EvidenceSlot
from integrates.db_model.files.memory import memory_files
from integrates.db_model.findings import commands as findings
from integrates.db_model.findings.facet import finding_key
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import ANYTHING, Put, Query
from integrates.db_model.testing.scene import add_finding, uid

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from packages.db_model.tests.entity.conftest import House

    from integrates.db_model.files.port import Files
    from integrates.db_model.findings.types import Finding
    from integrates.db_model.store.port import Key, Store

TEXT = EvidenceSlot.EXPLOITATION
LATER = timedelta(days=61)
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


@pytest.fixture
def files() -> Files:
    return memory_files()


def lost_key(owner: str, number: int) -> str:
    return f"{FOLDER}{owner}/{LONG_AGO:%Y%m%dT%H%M%S}{number:06d}Z-exploitation-{'a' * 64}"


async def keys(files: Files) -> set[str]:
    return {key async for key in files.keys(FOLDER)}


async def put(store: Store, house: House, files: Files, finding: Finding, content: bytes) -> Finding:
    return await findings.attach(store, finding, {"slot": TEXT, "file": content}, house.stamp(), files=files)


async def test_files_of_unknown_entities_are_kept_and_counted(store: Store, house: House, files: Files) -> None:
    stamp = house.stamp()
    for owner in ("nobody", "nobody", "somebody"):
        await brought(files, uid(owner), await examined({"slot": TEXT, "file": b"lost"}), replace(stamp, at=house.stamp().at))
    await brought(files, house.finding.id, await examined({"slot": TEXT, "file": b"lost"}), stamp)
    assert await clean_up(store, files, stamp.at + LATER) == Cleaned(deleted=1, unknown=3)
    assert {key.split("/")[1] for key in await keys(files)} == {uid("nobody"), uid("somebody")}
    assert await clean_up(store, files, stamp.at + LATER) == Cleaned(deleted=0, unknown=3)


async def test_another_store_over_the_same_files_deletes_none(store: Store, house: House, files: Files) -> None:
    first = await put(store, house, files, house.finding, b"one")
    await put(store, house, files, first, b"two")
    assert await clean_up(memory_store(), files, house.stamp().at + 10 * LATER) == Cleaned(deleted=0, unknown=2)
    assert len(await keys(files)) == 2


async def test_young_files_of_unknown_entities_are_not_told(store: Store, house: House, files: Files) -> None:
    stamp = house.stamp()
    await brought(files, uid("nobody"), await examined({"slot": TEXT, "file": b"lost"}), stamp)
    assert await clean_up(store, files, stamp.at + KEPT_FOR - timedelta(microseconds=1)) == Cleaned()


def counting(store: Store, gets: list[int], queries: list[Query]) -> Store:
    """A store that notes how many keys each call gets, and each query."""

    async def get(wanted: Sequence[Key]) -> Any:
        gets.append(len(wanted))
        return await store.get(wanted)

    async def query(asked: Sequence[Query]) -> Any:
        queries.extend(asked)
        return await store.query(asked)

    return replace(store, get=get, query=query)


async def test_files_are_looked_at_while_they_are_listed(store: Store, house: House, files: Files) -> None:
    """Of a million files not more than some are held."""
    found, listed, most = 10 * AT_ONCE + 3, 0, 0
    gets, queries = list[int](), list[Query]()

    async def listing(_: str) -> AsyncIterator[str]:
        nonlocal listed, most
        for number in range(found):
            listed += 1
            most = max(most, listed - AT_ONCE * len(gets))
            yield lost_key(uid(f"nobody-{number}"), number)

    made = await clean_up(counting(store, gets, queries), replace(files, keys=listing), house.stamp().at)
    assert (made, most) == (Cleaned(unknown=found), AT_ONCE)
    assert gets == [2 * AT_ONCE] * 10 + [6]


async def test_many_files_of_one_finding_go(store: Store, house: House, files: Files) -> None:
    for number in range(2 * AT_ONCE + 1):
        await files.put(lost_key(house.finding.id, number), b"x")
    gets, queries = list[int](), list[Query]()
    made = await clean_up(counting(store, gets, queries), files, house.stamp().at + LATER)
    assert (made, gets, queries) == (Cleaned(deleted=2 * AT_ONCE + 1), [2, 2, 2], [])
    assert await keys(files) == set()


async def test_it_stops_while_it_lists(store: Store, house: House, files: Files) -> None:
    """A listing may be long and find nothing old."""
    listed, stamp = 0, house.stamp()

    async def listing(_: str) -> AsyncIterator[str]:
        nonlocal listed
        for number in range(1_000):
            listed += 1
            yield f"{FOLDER}{house.finding.id}/odd-{number}"

    await clean_up(store, replace(files, keys=listing), stamp.at, is_stopping=lambda: listed >= 3)
    assert listed == 3


async def test_it_stops_between_two_findings(store: Store, house: House, files: Files) -> None:
    other, deleted = await add_finding(store, house.group, "R2", house.stamp), list[str]()
    for number, owner in enumerate((house.finding.id, other.id)):
        await files.put(lost_key(owner, number), b"x")

    async def delete(key: str) -> None:
        deleted.append(key)
        await files.delete(key)

    counted = replace(files, delete=delete)
    made = await clean_up(store, counted, house.stamp().at + LATER, is_stopping=lambda: bool(deleted))
    assert (made, len(await keys(files))) == (Cleaned(deleted=1), 1)


async def test_only_the_newest_of_a_long_history_is_read(store: Store, house: House, files: Files) -> None:
    """What was given up lately is looked at each hour, until it may go."""
    finding = house.finding
    for number in range(120):
        finding = await put(store, house, files, finding, b"%d" % number)
    given_up = await findings.detach(store, finding, TEXT, house.stamp())
    assert given_up.updated_at is not None
    old = file_key(finding.id, finding.evidences[0])
    gets, queries = list[int](), list[Query]()
    alone = memory_files()
    await alone.put(old, b"x")
    made = await clean_up(counting(store, gets, queries), alone, given_up.updated_at + KEPT_FOR - timedelta(microseconds=1))
    assert (made, len(queries)) == (Cleaned(), 1)
    made = await clean_up(counting(store, gets, queries), alone, given_up.updated_at + KEPT_FOR)
    assert (made, len(queries), await keys(alone)) == (Cleaned(deleted=1), 1, set())


async def test_a_history_of_many_pages_is_read_to_the_change_that_counts(store: Store, house: House, files: Files) -> None:
    first = await put(store, house, files, house.finding, b"one")
    second = changed = await put(store, house, files, first, b"two")
    for number in range(120):
        changed = await put(store, house, files, changed, b"%d" % number)
    assert second.updated_at is not None
    alone, replaced_at = memory_files(), second.updated_at
    await alone.put(file_key(first.id, first.evidences[0]), b"x")
    gets, queries = list[int](), list[Query]()
    counted = counting(store, gets, queries)
    assert (await clean_up(counted, alone, replaced_at + KEPT_FOR - timedelta(microseconds=1))).deleted == 0
    assert len(queries) == 3
    assert (await clean_up(store, alone, replaced_at + KEPT_FOR)).deleted == 1


async def test_a_revision_that_cannot_be_read_keeps_the_files(store: Store, house: House, files: Files) -> None:
    first = await put(store, house, files, house.finding, b"one")
    second = await put(store, house, files, first, b"two")
    assert second.updated_at is not None
    key = revision_key(finding_key(first.id), second.version)
    (item,) = await store.get((key,))
    assert item is not None
    spoilt = {**item.attributes, "aspects": {"evidences": [{"odd": 1}]}}
    await store.write((Put(replace(item, attributes=spoilt), ANYTHING),))
    made = await clean_up(store, files, second.updated_at + KEPT_FOR - timedelta(microseconds=1))
    assert (made.deleted, {name: type(error) for name, error in made.refused.items()}) == (0, {first.id: Corrupt})
