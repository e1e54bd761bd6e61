"""The work on a policy that is cut off, done by two, or overtaken by the next answer at any moment."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from msgspec.structs import replace
from packages.db_model.tests.policy.conftest import GUS, Killed, Scene, filled, intruded, killed, narrow

from integrates.db_model import finding_policies
from integrates.db_model.entity.work import LEASE, is_leased
from integrates.db_model.errors import Raced, Unavailable
from integrates.db_model.finding_policies.types import ApplicationStatus, Task
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Change, Item, Key, Page, Put, Query, Store
from integrates.db_model.store.sqlite.store import sqlite_store
from integrates.db_model.vulnerabilities.types import TreatmentStatus

MANY = 16
"""Vulnerabilities of a finding: each finding of so many takes two transactions."""


@asynccontextmanager
async def embedded(kind: str, folder: Path, number: int) -> AsyncIterator[Store]:
    if kind == "memory":
        yield narrow(memory_store())
        return
    async with sqlite_store(folder / f"{number}.db", create=True) as opened:
        yield narrow(opened)


async def approved(scene: Scene) -> None:
    await scene.approve()


async def ended(scene: Scene) -> None:
    await scene.approve()
    await scene.carry_out()
    await scene.retitle("pay", "Called otherwise")
    await scene.deactivate()


async def approved_again(scene: Scene) -> None:
    """An approval that comes before anything of the deactivation was done."""
    await ended(scene)
    await scene.resubmit()
    await scene.approve(GUS)


STORIES = [approved, ended, approved_again]


async def writes_of(story: Callable[[Scene], Awaitable[None]], store: Store) -> tuple[int, Scene]:
    """Return how many writes the work takes that is not disturbed, and what it leads to."""
    scene, count = await filled(store, MANY), 0
    await story(scene)

    async def note(number: int, _changes: Sequence[Change]) -> None:
        nonlocal count
        count = number

    done = await scene.carry_out(intruded(store, note))
    assert done is not None
    assert done.application.status is ApplicationStatus.DONE
    return count, scene


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@pytest.mark.parametrize("story", STORIES)
async def test_killed_at_each_write(story: Callable[[Scene], Awaitable[None]], kind: str, tmp_path: Path) -> None:
    async with embedded(kind, tmp_path, 0) as store:
        count, whole = await writes_of(story, store)
        expected, processed = await whole.picture(), (await whole.application()).processed
    assert count > 4, "several chunks, or this test says little"
    for number in range(1, count + 1):
        for written in (False, True):
            async with embedded(kind, tmp_path, 2 * number + written) as store:
                scene = await filled(store, MANY)
                await story(scene)
                with suppress(Killed):
                    await scene.carry_out(killed(store, number, written=written))
                await scene.carry_out()
                own = await scene.application()
                assert (own.status, own.processed) == (ApplicationStatus.DONE, processed), (number, written)
                assert await scene.picture() == expected, (number, written)
                assert await scene.is_exact()


async def test_killed_again_and_again(store: Store) -> None:
    """Each worker does two writes, of which the first takes the work up, and dies."""
    scene, workers = await filled(store, MANY), 0
    await scene.approve()
    while await finding_policies.unfinished_policies(store):
        workers += 1
        with suppress(Killed):
            await scene.carry_out(killed(store, 2, written=True))
    assert workers > 3
    assert len(await scene.accepted()) == 2 * MANY
    assert (await scene.application()).processed == 2 * MANY


async def test_what_was_done_is_not_walked_again(store: Store) -> None:
    scene = await filled(store, MANY)
    await scene.approve()
    while not (await scene.application()).after:
        with suppress(Killed):
            await scene.carry_out(killed(store, 2, written=True))
    first = min(scene.findings[name].id for name in ("shop", "pay"))
    assert (await scene.application()).after == (first,)
    walked: list[str] = []

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        walked.extend(each.pk for each in queries if each.pattern == "vulnerabilities_of_finding")
        return await store.query(queries)

    await scene.carry_out(replace(store, query=query))
    assert walked
    assert f"FIN#{first}" not in walked


@pytest.mark.parametrize("number", range(1, 5))
async def test_of_two_workers_one_does_the_work(store: Store, number: int) -> None:
    scene = await filled(store, MANY)
    await scene.approve()

    async def other(at: int, _changes: Sequence[Change]) -> None:
        if at == number:
            await scene.carry_out()  # the lease of the first one has lapsed meanwhile

    assert await scene.carry_out_now(intruded(store, other)) is None
    own = await scene.application()
    assert (own.status, own.processed) == (ApplicationStatus.DONE, 2 * MANY)
    accepted = await scene.accepted()
    assert {one.version for one in await scene.all() if one.location.where in accepted} == {2, 3}


async def test_two_workers_at_once(store: Store) -> None:
    scene = await filled(store, MANY)
    await scene.approve()
    done = await asyncio.gather(*(scene.carry_out_now() for _ in range(3)))
    assert len([one for one in done if one is not None]) == 1
    assert (await scene.application()).processed == 2 * MANY


async def test_a_worker_that_has_the_lease_is_left_alone(store: Store) -> None:
    scene = await filled(store, MANY)
    await scene.approve()
    seen: list[object] = []

    async def other(at: int, _changes: Sequence[Change]) -> None:
        if at > 1:
            seen.append(await scene.carry_out_now())

    assert await scene.carry_out_now(intruded(store, other)) is not None
    assert seen
    assert set(seen) == {None}


@pytest.mark.parametrize("number", range(1, 6))
async def test_an_end_in_the_middle_of_the_work(store: Store, number: int) -> None:
    scene = await filled(store, MANY)
    await scene.approve()

    async def end(at: int, _changes: Sequence[Change]) -> None:
        if at == number:
            await scene.deactivate()

    await scene.carry_out(intruded(store, end))
    await scene.carry_out()
    assert (await scene.application()).status is ApplicationStatus.DONE
    assert await scene.accepted() == set()
    assert {one.treatment.status for one in await scene.all()} == {TreatmentStatus.UNTREATED}
    assert {one.labels.tags for one in await scene.all()} == {()}
    assert await scene.is_exact()


@pytest.mark.parametrize("number", range(1, 6))
async def test_an_approval_in_the_middle_of_taking_back(store: Store, number: int) -> None:
    """What is called otherwise by then is given back all the same, and the rest is accepted by who approved it now."""
    scene = await filled(store, MANY)
    await ended(scene)

    async def again(at: int, _changes: Sequence[Change]) -> None:
        if at == number:
            await scene.resubmit()
            await scene.approve(GUS)

    await scene.carry_out(intruded(store, again))
    await scene.carry_out()
    assert (await scene.application()).status is ApplicationStatus.DONE
    assert await scene.accepted() == {f"shop/{n}.py" for n in range(MANY)}
    accepted = [one for one in await scene.all() if one.treatment.policy_id]
    assert {one.treatment.by for one in accepted} == {GUS}
    assert await scene.is_exact()


async def test_asking_again_does_not_stop_what_is_taken_back(store: Store) -> None:
    scene = await filled(store, MANY)
    await ended(scene)

    async def ask(at: int, _changes: Sequence[Change]) -> None:
        if at == 2:
            await scene.resubmit()

    await scene.carry_out(intruded(store, ask))
    assert (await scene.application()).status is ApplicationStatus.DONE
    assert await scene.accepted() == set()


async def test_what_is_released_after_an_approval_is_not_taken_back_by_the_rest_of_the_former_end(store: Store) -> None:
    scene = await filled(store, MANY)
    await approved_again(scene)
    assert (await scene.application()).tasks == (Task.WITHDRAW, Task.APPLY)
    identity = await scene.add("shop", "late.py")
    await scene.carry_out()
    late = await scene.now(identity)
    assert (late.version, late.treatment.by) == (1, GUS)


async def test_an_answer_between_reading_and_taking_up_is_seen(store: Store) -> None:
    """Two items are read, which are of no single moment: the approver is never somebody else than the policy says."""
    scene = await filled(store, 1)
    is_first = True

    async def get(keys: Sequence[Key]) -> tuple[Item | None, ...]:
        nonlocal is_first
        found = await store.get(keys)
        if not is_first or len(keys) != 2:
            return found
        is_first = False
        await scene.approve(GUS)
        return (found[0], (await store.get(keys))[1])

    await scene.carry_out(replace(store, get=get))
    assert {one.treatment.by for one in await scene.all() if one.treatment.policy_id} == {GUS}
    assert len(await scene.accepted()) == 2


async def test_somebody_who_is_faster_at_a_vulnerability(store: Store) -> None:
    scene = await filled(store, MANY)
    await scene.approve()
    one = next(each for each in await scene.all() if each.location.where == "shop/0.py")

    async def treat(_at: int, changes: Sequence[Change]) -> None:
        concerned = any(isinstance(each, Put) and each.key.pk == f"VULN#{one.id}" for each in changes)
        if concerned and (await scene.now(one.id)).version == 1:
            await scene.treat(one.id, TreatmentStatus.IN_PROGRESS, assigned=GUS)

    done = await scene.carry_out(intruded(store, treat))
    assert done is not None
    assert done.application.processed == 2 * MANY
    assert (await scene.now(one.id)).version == 3


async def test_a_worker_that_loses_every_race_leaves_the_work(store: Store) -> None:
    scene = await filled(store, 1)
    await scene.approve()

    async def disturb(at: int, changes: Sequence[Change]) -> None:
        if any(isinstance(each, Put) and each.key.pk.startswith("VULN#") for each in changes):
            for each in await scene.all():
                await scene.change(each.id, labels=replace(each.labels, tags=(f"t{at}",)))

    with pytest.raises(Raced):
        await scene.carry_out(intruded(store, disturb))
    assert not is_leased(await scene.application(), scene.clock.at)
    assert await scene.carry_out_now() is not None


@pytest.mark.parametrize("error", [Unavailable("away"), asyncio.CancelledError()])
async def test_whoever_is_interrupted_gives_the_lease_back(store: Store, error: BaseException) -> None:
    scene = await filled(store, 1)
    await scene.approve()

    async def fail(at: int, _changes: Sequence[Change]) -> None:
        if at == 2:
            raise error

    with pytest.raises(type(error)):
        await scene.carry_out(intruded(store, fail))
    own = await scene.application()
    assert (own.status, is_leased(own, scene.clock.at)) == (ApplicationStatus.RUNNING, False)
    assert await scene.carry_out_now() is not None
    assert len(await scene.accepted()) == 2


async def test_a_lease_is_renewed_where_nothing_changes_for_long(store: Store) -> None:
    scene = await filled(store, 1)
    await ended(scene)
    leases: list[bool] = []

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        scene.clock.at += LEASE * 0.4
        leases.append(is_leased(await scene.application(), scene.clock.at))
        return await store.query(queries)

    assert await scene.carry_out(replace(store, query=query)) is not None
    assert len(leases) > 3
    assert all(leases)
