"""What events hold, how they let go of it, and what cuts and races leave behind (domain section 3, M3)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.db_model.tests.entity.holding import (
    OVER,
    WHY,
    closed,
    count,
    hidden,
    hold,
    holding,
    listed,
    now,
    removed,
    verification,
    verified,
    waiting,
)

from integrates.db_model import events
from integrates.db_model.entity import read
from integrates.db_model.entity.bulk import Refused, Written
from integrates.db_model.entity.counter import CLOSED
from integrates.db_model.errors import Corrupt, NotFound, Raced, Reason, Rejected, Rejections, Stale, Unavailable
from integrates.db_model.events.facet import EVENT, HELD, event_counters_key, event_key
from integrates.db_model.events.rules import MAX_HELD
from integrates.db_model.events.types import EventStatus
from integrates.db_model.store.port import ANYTHING, Add, Change, Store
from integrates.db_model.testing.scene import add_event, sighted, uid
from integrates.db_model.vulnerabilities import commands, lists
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    VerificationStatus,
    Vulnerability,
)

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House, Intrude

HOLD, ASKED = VerificationStatus.ON_HOLD, VerificationStatus.REQUESTED


def to_event(event_id: str) -> Callable[[Vulnerability, datetime], Vulnerability]:
    """Let another event hold a vulnerability."""

    def alter(old: Vulnerability, _at: datetime) -> Vulnerability:
        assert old.verification is not None
        return replace(old, verification=replace(old.verification, event_id=event_id))

    return alter


async def test_hold_and_solving(house: House) -> None:
    event, found = await holding(house, 3)
    assert [
        (one.verification and one.verification.status, one.verification and one.verification.event_id) for one in found
    ] == [(HOLD, event.id)] * 3
    assert await count(house, event) == 3
    assert await house.is_exact()
    assert await listed(house, event) == 3
    stamp = house.stamp()
    over = await events.solve(house.store, event, OVER, stamp)
    assert (over.state.status, over.state.by, over.version) == (EventStatus.SOLVED, stamp.by, 2)
    for one in found:
        again = await verification(house, one)
        assert (again.status, again.event_id, again.justification, again.by) == (ASKED, None, WHY, stamp.by)
        assert (await read.history(house.store, vulnerability_key(one.id)))[-1].change_id == stamp.change_id
    assert await count(house, event) == 0
    assert await house.is_exact()
    with pytest.raises(Rejected, match="event_solved"):
        await events.solve(house.store, event, OVER, house.stamp())
    refused = await hold(house, over, found)
    assert isinstance(refused, Refused)
    assert {str(error) for error in refused.errors.values()} == {"event_solved (event_id)"}


@pytest.mark.parametrize(("alter", "left"), [(removed, 1), (closed, 1), (verified, 1), (hidden, 2)])
async def test_held_falls_whenever_one_leaves(house: House, alter: Callable[..., Vulnerability], left: int) -> None:
    event, (one, _) = await holding(house, 2)
    await commands.update(house.store, one.id, alter, house.stamp())
    assert await count(house, event) == left
    assert await listed(house, event) == left
    assert await house.is_exact()
    await events.solve(house.store, event, OVER, house.stamp())
    assert await count(house, event) == 0
    assert await house.is_exact()


async def test_solving_reaches_hidden_ones(house: House) -> None:
    event, (one,) = await holding(house, 1)
    await commands.update(house.store, one.id, hidden, house.stamp())
    await events.solve(house.store, event, OVER, house.stamp())
    assert (await verification(house, one)).status is ASKED


async def test_one_that_moves_to_another_event_is_counted_there(house: House) -> None:
    event, (one,) = await holding(house, 1)
    other = await add_event(house.store, house.group, "other", house.stamp)
    await commands.update(house.store, one.id, to_event(other.id), house.stamp())
    assert [await count(house, each) for each in (event, other)] == [0, 1]
    assert await house.is_exact()
    foreign = await add_event(house.store, house.other, "foreign", house.stamp)
    for target, told in ((foreign.id, "wrong_parent"), (uid("none"), "event")):
        with pytest.raises((Rejections, NotFound), match=told):
            await commands.update(house.store, one.id, to_event(target), house.stamp())


@pytest.mark.parametrize(
    ("alter", "reason"),
    [
        (lambda old, _: replace(old, verification=None), Reason.NOT_REQUESTED),
        (verified, Reason.NOT_REQUESTED),
        (closed, Reason.NOT_REQUESTED),
        (hidden, Reason.HIDDEN),
        (lambda old, at: hidden(verified(old, at), at), "not_requested, hidden"),
    ],
)
async def test_what_cannot_be_held(house: House, alter: Callable[..., Vulnerability], reason: str) -> None:
    event, found = await add_event(house.store, house.group, "event", house.stamp), await waiting(house, 2)
    await commands.update(house.store, found[1].id, alter, house.stamp())
    done = await hold(house, event, found)
    assert isinstance(done, Refused)
    assert {at: str(error) for at, error in done.errors.items()} == {1: reason}
    assert await count(house, event) == 0
    assert (await verification(house, found[0])).status is ASKED


async def test_one_that_is_held_already_is_not_requested(house: House) -> None:
    event, found = await holding(house, 1)
    done = await hold(house, event, found)
    assert isinstance(done, Refused)
    assert [str(error) for error in done.errors.values()] == ["not_requested"]


def reasons(outcome: Refused, at: int) -> list[tuple[Reason, tuple[str, ...]]]:
    error = outcome.errors[at]
    assert isinstance(error, Rejections)
    return [(one.reason, one.path) for one in error.refusals]


async def test_an_event_holds_a_hundred(house: House) -> None:
    event, found = await add_event(house.store, house.group, "event", house.stamp), await waiting(house, 3)
    await house.store.write((Add(event_counters_key(event.id), {HELD: 98}, {}, ANYTHING),))
    full = await hold(house, event, found)
    assert isinstance(full, Refused)
    assert all(reasons(full, at) == [(Reason.TOO_MANY_HELD, ("event_id",))] for at in range(3))
    assert await count(house, event) == 98
    assert isinstance(await hold(house, event, found[:2]), Written)
    assert await count(house, event) == 100
    await house.store.write((Add(event_counters_key(event.id), {HELD: -98}, {}, ANYTHING),))
    assert await house.is_exact()


async def test_what_else_is_wrong_is_told_beside_the_limit(house: House) -> None:
    event, found = await add_event(house.store, house.group, "event", house.stamp), await waiting(house, 3)
    await commands.update(house.store, found[2].id, verified, house.stamp())
    await house.store.write((Add(event_counters_key(event.id), {HELD: MAX_HELD - 1}, {}, ANYTHING),))
    done = await hold(house, event, found)
    assert isinstance(done, Refused)
    full = (Reason.TOO_MANY_HELD, ("event_id",))
    assert [reasons(done, at) for at in range(3)] == [[full], [full], [(Reason.NOT_REQUESTED, ()), full]]


async def test_one_that_cannot_be_read_is_told_and_the_event_stays(house: House) -> None:
    event, (one, other) = await holding(house, 2)
    await house.spoil(vulnerability_key(one.id))
    with pytest.raises(Corrupt):
        await events.solve(house.store, event, OVER, house.stamp())
    assert (await now(house, EVENT, event_key(event.id))).state.status is EventStatus.CREATED
    assert (await verification(house, other)).status is ASKED


async def test_of_two_that_take_the_last_room_one_is_refused(house: House) -> None:
    event, found = await add_event(house.store, house.group, "event", house.stamp), await waiting(house, 2)
    await house.store.write((Add(event_counters_key(event.id), {HELD: MAX_HELD - 1}, {}, ANYTHING),))
    done = await asyncio.gather(*(hold(house, event, [one]) for one in found))
    outcomes = [bool(isinstance(one, Written) and one.entities) for one in done]
    assert sorted(outcomes) == [False, True]
    refused = done[outcomes.index(False)]
    errors = refused.errors if isinstance(refused, Refused) else refused.refused
    assert [error.reason for error in errors.values() if isinstance(error, Rejected)] == [Reason.TOO_MANY_HELD]
    assert await count(house, event) == MAX_HELD


async def test_what_is_held_while_the_event_is_solved_is_let_go_too(house: House, intrude: Intrude) -> None:
    event, found = await holding(house, 2)
    late = (await waiting(house, 1, "more"))[0]

    async def hold_more(number: int, changes: Sequence[Change]) -> None:
        if number == 2 and any(change.key == event_key(event.id) for change in changes):
            assert isinstance(await hold(house, event, [late]), Written)

    over = await events.solve(intrude(house.store, hold_more), event, OVER, house.stamp())
    assert over.state.status is EventStatus.SOLVED
    for one in (*found, late):
        assert (await verification(house, one)).status is ASKED
    assert await count(house, event) == 0
    assert await house.is_exact()


async def test_what_is_to_be_held_while_the_event_is_solved_is_refused(house: House, intrude: Intrude) -> None:
    event, found = await add_event(house.store, house.group, "event", house.stamp), await waiting(house, 2)

    async def solve(number: int, _changes: Sequence[Change]) -> None:
        if number == 1:
            await events.solve(house.store, event, OVER, house.stamp())

    done = await hold(house, event, found, intrude(house.store, solve))
    assert isinstance(done, Written)
    assert done.entities == {}
    assert {str(error) for error in done.refused.values()} == {"event_solved (event_id)"}
    assert await count(house, event) == 0
    assert await house.is_exact()


async def test_the_expected_version_is_compared_before_the_first_chunk(house: House) -> None:
    event, found = await holding(house, 2)
    changed = await events.describe(house.store, event, {"description": "Another text"}, house.stamp())
    with pytest.raises(Stale) as caught:
        await events.solve(house.store, event, OVER, house.stamp(), expected_version=event.version)
    assert caught.value.current == changed.version
    assert (await verification(house, found[0])).status is HOLD
    with pytest.raises(Rejections, match=r"required \(other\)"):
        await events.solve(house.store, event, {"reason": "OTHER"}, house.stamp())
    with pytest.raises(Rejected, match=r"reason_not_allowed \(reason\)"):
        await events.solve(house.store, event, {"reason": "ACCESS_GRANTED"}, house.stamp())
    assert (await verification(house, found[0])).status is HOLD
    over = await events.solve(house.store, event, OVER, house.stamp(), expected_version=changed.version)
    assert over.version == changed.version + 1


def cut(store: Store, writes: int) -> Store:
    """A store that takes few changes at once, and none after so many writes."""
    done = 0

    async def write(changes: Sequence[Change]) -> None:
        nonlocal done
        if done >= writes:
            raise Unavailable
        done += 1
        await store.write(changes)

    return replace(store, write=write, max_changes=100)


async def test_a_solution_that_is_cut_at_any_chunk_is_finished_by_repeating_it(house: House) -> None:
    event, found = await holding(house, 70)
    before = [len(await read.history(house.store, vulnerability_key(one.id))) for one in found]
    for writes in range(20):
        try:
            await events.solve(cut(house.store, writes), event, OVER, house.stamp(), expected_version=event.version)
            break
        except Unavailable:
            assert await house.is_exact()
            known = await now(house, EVENT, event_key(event.id))
            assert known.state.status is EventStatus.CREATED
            assert await count(house, event) == len(
                await read.everything(house.store, VULNERABILITY, lists.held_by_event(event.id))
            )
    assert writes > 1
    assert (await now(house, EVENT, event_key(event.id))).state.status is EventStatus.SOLVED
    after = [len(await read.history(house.store, vulnerability_key(one.id))) for one in found]
    assert after == [one + 1 for one in before], "each is let go once"
    assert await house.is_exact()


@pytest.mark.parametrize("chunk", [1, 2, 3])
async def test_an_event_that_changes_between_two_chunks_holds_the_rest(house: House, intrude: Intrude, chunk: int) -> None:
    event, _ = await holding(house, 70)

    async def other_type(number: int, _changes: Sequence[Change]) -> None:
        if number == chunk:
            await events.describe(house.store, event, {"type": "CLONING_ISSUES"}, house.stamp())

    with pytest.raises(Rejected, match=r"reason_not_allowed \(reason\)"):
        await events.solve(intrude(house.store, other_type), event, OVER, house.stamp())
    assert await count(house, event) == await listed(house, event) == max(70 - 25 * chunk, 0)
    assert (await now(house, EVENT, event_key(event.id))).state.status is EventStatus.CREATED
    assert await house.is_exact()


async def test_a_list_that_lags_leaves_the_event_unsolved(house: House) -> None:
    event, _ = await holding(house, 1)

    async def query(queries: Any) -> Any:
        pages = await house.store.query(queries)
        return tuple(
            replace(page, items=(), cursors=()) if one.pattern == "vulnerabilities_held_by_event" else page
            for one, page in zip(queries, pages, strict=True)
        )

    with pytest.raises(Raced):
        await events.solve(replace(house.store, query=query), event, OVER, house.stamp())
    assert (await now(house, EVENT, event_key(event.id))).state.status is EventStatus.CREATED
    assert await count(house, event) == 1


async def test_the_gate_of_a_solved_event_is_closed(house: House) -> None:
    event, _ = await holding(house, 1)
    (before,) = await house.store.get((event_counters_key(event.id),))
    await events.solve(house.store, event, OVER, house.stamp())
    (after,) = await house.store.get((event_counters_key(event.id),))
    assert before is not None
    assert after is not None
    assert (before.attributes.get(CLOSED, 0), after.attributes[CLOSED]) == (0, 1)


async def test_reopening_does_not_hold_again(house: House) -> None:
    event, (one,) = await holding(house, 1)
    await commands.close(house.store, one.id, ClosingReason.NOT_REPORTED, house.stamp())
    again = await commands.reopen(house.store, one.id, sighted(house.finding, "src/0.py"), house.stamp())
    assert again.verification is not None
    assert again.verification.status is VerificationStatus.VERIFIED
    assert await count(house, event) == 0
    assert await house.is_exact()
