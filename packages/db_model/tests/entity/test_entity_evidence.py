"""Files of evidence are deleted when nothing has referred to them for 60 days, and never before (E8)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from integrates.db_model.errors import Corrupt, Unavailable
from integrates.db_model.evidences.cleaning import KEPT_FOR, clean_up
from integrates.db_model.evidences.file import FOLDER, brought, examined, file_key
from integrates.db_model.evidences.types import EvidenceSlot
from integrates.db_model.files.disk import disk_files
from integrates.db_model.findings import commands as findings
from integrates.db_model.findings.facet import finding_key
from integrates.db_model.testing.scene import add_finding

if TYPE_CHECKING:
    from pathlib import Path

    from packages.db_model.tests.entity.conftest import House

    from integrates.db_model.files.port import Files
    from integrates.db_model.findings.types import Finding
    from integrates.db_model.store.port import Store

TEXT = EvidenceSlot.EXPLOITATION
LATER = timedelta(days=61)
_MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return disk_files(tmp_path / "files")


async def keys(files: Files) -> set[str]:
    return {key async for key in files.keys(FOLDER)}


async def put(store: Store, house: House, files: Files, finding: Finding, content: bytes) -> Finding:
    return await findings.attach(store, finding, {"slot": TEXT, "file": content}, house.stamp(), files=files)


def key_of(finding: Finding) -> str:
    return file_key(finding.id, finding.evidences[0])


async def test_what_a_finding_lists_is_kept_for_ever(store: Store, house: House, files: Files) -> None:
    first = await put(store, house, files, house.finding, b"one")
    assert (await clean_up(store, files, house.stamp().at + 100 * LATER)).deleted == 0
    assert await keys(files) == {key_of(first)}


async def test_a_replaced_file_is_kept_for_60_days_after_it_was_replaced(store: Store, house: House, files: Files) -> None:
    first = await put(store, house, files, house.finding, b"one")
    second = await put(store, house, files, first, b"two")
    replaced_at = second.updated_at
    assert replaced_at is not None
    assert (await clean_up(store, files, replaced_at + KEPT_FOR - _MICROSECOND)).deleted == 0
    assert await keys(files) == {key_of(first), key_of(second)}
    assert (await clean_up(store, files, replaced_at + KEPT_FOR)).deleted == 1
    assert await keys(files) == {key_of(second)}
    assert (await clean_up(store, files, replaced_at + LATER)).deleted == 0


async def test_the_days_count_from_the_end_of_the_reference_not_from_the_upload(
    store: Store, house: House, files: Files
) -> None:
    """A file that proved something for years is needed for 60 days more."""
    first = await put(store, house, files, house.finding, b"one")
    removed_at = house.stamp().at + 20 * LATER
    await findings.detach(store, first, TEXT, replace(house.stamp(), at=removed_at))
    assert (await clean_up(store, files, removed_at + KEPT_FOR - timedelta(hours=1))).deleted == 0
    assert (await clean_up(store, files, removed_at + KEPT_FOR)).deleted == 1
    assert await keys(files) == set()


async def test_a_file_whose_change_failed_goes_60_days_after_it_came(store: Store, house: House, files: Files) -> None:
    stamp = house.stamp()
    await brought(files, house.finding.id, await examined({"slot": TEXT, "file": b"lost"}), stamp)
    assert (await clean_up(store, files, stamp.at + KEPT_FOR - _MICROSECOND)).deleted == 0
    assert (await clean_up(store, files, stamp.at + KEPT_FOR)).deleted == 1
    assert await keys(files) == set()


async def test_the_same_bytes_again_are_another_file(store: Store, house: House, files: Files) -> None:
    """So that one who uploads again what was given up is not robbed by a clean-up that goes on."""
    first = await put(store, house, files, house.finding, b"one")
    empty = await findings.detach(store, first, TEXT, house.stamp())
    again = await put(store, house, files, empty, b"one")
    assert key_of(again) != key_of(first)
    assert (await clean_up(store, files, house.stamp().at + LATER)).deleted == 1
    assert await keys(files) == {key_of(again)}


async def test_files_of_a_removed_finding_are_kept_with_it(store: Store, house: House, files: Files) -> None:
    other = await add_finding(store, house.group, "R2", house.stamp)
    proved = await put(store, house, files, other, b"one")
    await house.remove_finding(proved.id)
    assert (await clean_up(store, files, house.stamp().at + 10 * LATER)).deleted == 0


async def test_files_of_others_are_left_alone(store: Store, house: House, files: Files) -> None:
    for key in ("imports/a/scan", "evidence/odd", f"evidence/{house.finding.id}/odd"):
        await files.put(key, b"x")
    assert (await clean_up(store, files, house.stamp().at + 100 * LATER)).deleted == 0
    assert len(await keys(files)) == 2


async def test_two_at_once_delete_each_file_once(store: Store, house: House, files: Files) -> None:
    first = await put(store, house, files, house.finding, b"one")
    await put(store, house, files, first, b"two")
    now = house.stamp().at + LATER
    for _ in range(2):
        await clean_up(store, files, now)
    assert len(await keys(files)) == 1


async def test_of_a_finding_that_cannot_be_read_nothing_is_deleted(store: Store, house: House, files: Files) -> None:
    other = await add_finding(store, house.group, "R2", house.stamp)
    for one in (house.finding, other):
        proved = await put(store, house, files, one, b"one")
        await findings.detach(store, proved, TEXT, house.stamp())
    await house.spoil(finding_key(house.finding.id))
    made = await clean_up(store, files, house.stamp().at + LATER)
    assert made.deleted == 1
    assert {name: type(error) for name, error in made.refused.items()} == {house.finding.id: Corrupt}
    assert {key.split("/")[1] for key in await keys(files)} == {house.finding.id}


async def test_a_store_that_does_not_answer_ends_it(store: Store, house: House, files: Files) -> None:
    async def away(_: object) -> tuple[()]:
        raise Unavailable("away")

    await put(store, house, files, house.finding, b"one")
    with pytest.raises(Unavailable):
        await clean_up(replace(store, get=away), files, house.stamp().at + LATER)
    assert len(await keys(files)) == 1


async def test_it_stops_when_told(store: Store, house: House, files: Files) -> None:
    first = await put(store, house, files, house.finding, b"one")
    await put(store, house, files, first, b"two")
    assert (await clean_up(store, files, house.stamp().at + LATER, is_stopping=lambda: True)).deleted == 0


def test_sixty_days() -> None:
    assert timedelta(days=60) == KEPT_FOR
