"""Many bulk changes of the same entities at once, without expected versions: nobody is refused before M4 says so."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import pytest
from msgspec.structs import replace

from integrates.db_model.entity.bulk import Reference, Written
from integrates.db_model.entity.transaction import RETRIES
from integrates.db_model.errors import Conflict, Raced
from integrates.db_model.store.port import Change, Key, Put, Store
from integrates.db_model.vulnerabilities.change import change_all

if TYPE_CHECKING:
    from packages.db_model.tests.entity.bulk.conftest import Many

WRITERS: Final = 8
EACH: Final = 20


def _counting_losses(store: Store, losses: Counter[Key]) -> Store:
    """Count, by entity, how often a write was refused because the entity itself had changed; let others run before a write."""

    async def write(changes: Sequence[Change]) -> None:
        await asyncio.sleep(0)
        try:
            await store.write(changes)
        except Conflict as conflict:
            lost = [changes[failure.position] for failure in conflict.failed]
            losses.update(change.key for change in lost if isinstance(change, Put) and change.item.version > 1)
            raise

    return replace(store, write=write)


@pytest.mark.parametrize("total", [30, 60])
async def test_eight_writers_of_overlapping_sets(store: Store, many: Many, total: int) -> None:
    await many.begin(count=total)

    async def changed(writer: int) -> tuple[list[int], Written, Counter[Key]]:
        numbers = [(4 * writer + 7 * n) % total for n in range(EACH)]
        wanted = [Reference(many.name(number)) for number in numbers]
        losses: Counter[Key] = Counter()
        alter = many.tagged(f"by{writer}")
        apart = _counting_losses(store, losses)
        written = await change_all(apart, wanted, lambda old, _, at: alter(old, at), many.stamp())
        assert isinstance(written, Written)
        return numbers, written, losses

    outcomes = await asyncio.gather(*(changed(writer) for writer in range(WRITERS)))
    changes: Counter[int] = Counter()
    for numbers, written, losses in outcomes:
        assert many.is_total(written, EACH)
        changes.update(numbers[at] for at in written.entities)
        for at, error in written.refused.items():
            assert type(error) is Raced
            assert losses[many.key(numbers[at])] == RETRIES + 1
        assert max(losses.values(), default=0) <= RETRIES + 1
    found = await many.versions(total)
    assert found == {number: 1 + changes[number] for number in range(total)}, "no change is lost, none is done twice"
    assert await many.is_exact()
