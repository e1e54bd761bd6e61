"""Cleaning up deletes the logs that no verdict refers to, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from packages.db_model.tests.entity.gate import asked, logs

from integrates.db_model.errors import Corrupt, Unavailable
from integrates.db_model.evidences.cleaning import AT_ONCE, KEPT_FOR, Cleaned
from integrates.db_model.forces.cleaning import clean_up_logs
from integrates.db_model.forces.facet import forces_execution_key
from integrates.db_model.forces.rules import log_key
from integrates.db_model.store.memory import memory_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.db_model.tests.entity.conftest import House

    from integrates.db_model.files.port import Files
    from integrates.db_model.store.port import Change


async def lose(house: House, files: Files, identity: str) -> None:
    """Send a log with a call whose outcome nobody knows: the store does not answer."""

    async def write(_changes: Sequence[Change]) -> None:
        raise Unavailable("no answer")

    with pytest.raises(Unavailable):
        await asked(house, files, id=identity, store=replace(house.store, write=write), log=b"lost")


async def test_logs_that_no_verdict_refers_to_go_after_60_days(house: House, files: Files) -> None:
    await lose(house, files, "build-0001")
    await lose(house, files, "build-0002")
    came = house.stamp().at
    kept = await asked(house, files, id="build-0001", log=b"kept")
    assert len(await logs(files)) == 3
    just_before = came + KEPT_FOR - timedelta(minutes=1)
    assert await clean_up_logs(house.store, files, just_before) == Cleaned()
    later = came + KEPT_FOR + timedelta(minutes=1)
    assert await clean_up_logs(house.store, files, later) == Cleaned(deleted=2)
    assert await logs(files) == [log_key(kept)]
    assert await clean_up_logs(house.store, files, later + 10 * KEPT_FOR) == Cleaned()


async def test_logs_of_another_store_and_files_of_others_are_kept(house: House, files: Files) -> None:
    await lose(house, files, "build-0001")
    await files.put("executions/notes.txt", b"")
    await files.put("executions/webshop/build-0001/20019999T000000000000Z-" + "a" * 64, b"")
    later = house.stamp().at + 2 * KEPT_FOR
    assert await clean_up_logs(memory_store(), files, later) == Cleaned(unknown=1)
    assert await clean_up_logs(house.store, files, later, is_stopping=lambda: True) == Cleaned()
    assert len(await logs(files)) == 3
    assert await clean_up_logs(house.store, files, later) == Cleaned(deleted=1)
    assert len(await logs(files)) == 2


async def test_the_log_of_a_verdict_that_cannot_be_read_is_kept(house: House, files: Files) -> None:
    made = await asked(house, files, log=b"kept")
    await house.spoil(forces_execution_key("webshop", made.id))
    found = await clean_up_logs(house.store, files, house.stamp().at + 2 * KEPT_FOR)
    assert (found.deleted, {name: type(error) for name, error in found.refused.items()}) == (0, {made.id: Corrupt})
    assert len(await logs(files)) == 1


async def test_few_are_looked_at_together(house: House, files: Files) -> None:
    for number in range(AT_ONCE + 5):
        await files.put(f"executions/webshop/build-{number:04}/20010101T000000000000Z-" + "a" * 64, b"")
    sizes: list[int] = []

    async def get(keys: Sequence[object]) -> tuple[object, ...]:
        sizes.append(len(keys))
        return await house.store.get(keys)  # type: ignore[arg-type] # they are passed on

    found = await clean_up_logs(replace(house.store, get=get), files, house.stamp().at)
    assert (found, sizes) == (Cleaned(deleted=AT_ONCE + 5), [2 * AT_ONCE, 10])
