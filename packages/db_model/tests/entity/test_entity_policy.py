"""A finding policy is answered and applied while three writers change what it is about."""

import asyncio
from random import Random

from packages.db_model.tests.entity.policy_step import ANSWERS, POLICY, meant
from packages.db_model.tests.entity.test_entity_machine import (
    Kind,
    Step,
    Writer,
    begun,
    check_all,
    check_counters,
    check_past,
)

from integrates.db_model.store.memory import memory_store
from integrates.db_model.vulnerabilities.types import Vulnerability


async def steered(seed: int) -> set[str | None]:
    """Let three writers change vulnerabilities while the policy for their finding is answered and applied.

    Return what was done at least once. At rest the policy then takes everything that it is about, and gives all of it back.
    """
    chance, known, store = Random(seed), list[str](), memory_store()  # noqa: S311 # nosec B311 -- the same order each time
    await begun(store)
    writers = [Writer(store, known, chance) for _ in range(3)]
    kinds = [
        *4 * [Kind.POLICY],
        Kind.REPORT,
        Kind.LEAD,
        Kind.TRIAGE,
        Kind.CLOSE,
        Kind.REOPEN,
        Kind.HIDE,
        Kind.RETITLE,
        Kind.SUBMIT,
    ]

    def step() -> Step:
        number = chance.randrange
        return Step(chance.choice(kinds), number(6), number(10), number(-90_000, 90_000), is_old=False)

    await writers[0].run([Step(Kind.REPORT, number % 6, number, 0, is_old=False) for number in range(8)])
    for _ in range(4):
        await asyncio.gather(*(writer.run([step() for _ in range(25)]) for writer in writers))
        await check_counters(store)
        await check_all(store)
    await check_past(store, known)
    last = Writer(store, known, chance)
    numbers = {name: number for number, name in enumerate(ANSWERS)}

    async def follow(*names: str) -> list[Vulnerability]:
        for name in names:
            await last.run([Step(Kind.POLICY, 0, numbers[name], 90_000, is_old=False)])
        return await meant(store)

    taken = await follow("work", "deactivate", "work", "resubmit", "approve", "work")
    assert {one.treatment.policy_id for one in taken} <= {POLICY}
    given_back = await follow("deactivate", "work")
    assert {one.treatment.policy_id for one in given_back} <= {None}
    await check_counters(store)
    await check_all(store)
    return set().union(*(writer.done for writer in writers), ["taken"] if taken else [])


async def test_a_policy_is_answered_and_applied_amid_changes() -> None:
    done = [await steered(seed) for seed in range(6)]
    assert set().union(*done) >= {*(f"policy {name}" for name in ANSWERS), "taken"}, "enough has happened"
