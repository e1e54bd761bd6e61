"""Reports, reviews, reopenings and removals of three writers at once: whatever wins, everything agrees afterwards."""

import asyncio
from random import Random

import pytest
from packages.db_model.tests.entity.life_step import ALL
from packages.db_model.tests.entity.test_entity_machine import (
    Kind,
    Step,
    Writer,
    begun,
    check_all,
    check_counters,
    check_past,
)

from integrates.db_model.entity import read
from integrates.db_model.store.memory import memory_store
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.place import place_of


@pytest.mark.parametrize("seed", range(3))
async def test_reports_and_reviews_of_three_writers_at_once(seed: int) -> None:
    chance, known, store = Random(seed), list[str](), memory_store()  # noqa: S311 # nosec B311 -- the same order each time
    await begun(store)
    writers = [Writer(store, known, chance) for _ in range(3)]

    def step(kind: Kind) -> Step:
        number = chance.randrange
        return Step(kind, number(60), number(10), number(-90_000, 90_000), is_old=False)

    for _ in range(6):
        await writers[0].run([step(Kind.REPORT), step(Kind.CLOSE)])
        await asyncio.gather(*(writer.run([step(Kind.SUBMIT) for _ in range(3)]) for writer in writers))
        await asyncio.gather(*(writer.run([step(Kind.LEAD) for _ in range(40)]) for writer in writers))
        await check_counters(store)
        await check_all(store)
        live = [one for one in await read.get_many(store, VULNERABILITY, list(map(vulnerability_key, known))) if one]
        assert len({place_of(one) for one in live}) == len(live), "no two that people reported are at one place"
    await check_past(store, known)
    done = set().union(*(writer.done for writer in writers))
    assert done >= {*ALL}, "enough has happened"
