"""Sessions: one a person, with an idle and an absolute life (domain section 10.2)."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from integrates.db_model import stakeholders
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Corrupt, NotFound
from integrates.db_model.sessions.commands import (
    acknowledge,
    close_everywhere,
    close_session,
    find_session,
    forget_ended,
    open_session,
)
from integrates.db_model.sessions.record import session_key
from integrates.db_model.sessions.rules import expiry_of
from integrates.db_model.stakeholders.types import PlatformRole, Stakeholder, StakeholderInfo
from integrates.db_model.store.port import ABSENT, Item, Put, Query, Store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ADA, OLGA = "ada@demo.example", "olga@demo.example"


def made() -> Stamp:
    return Stamp(by="system", at=NOW, operation="test", change_id="00000000-0000-4000-8000-000000000000")


def person(email: str, stamp: Stamp) -> Stakeholder:
    return stakeholders.new_stakeholder(StakeholderInfo(email=email), PlatformRole.USER, stamp)


async def stored(store: Store, email: str) -> tuple[str, ...]:
    query = Query(pattern="sessions_of_stakeholder", index=1, pk=f"USER#{email}", limit=10)
    return tuple(item.key.pk for item in (await store.query((query,)))[0].items)


async def test_a_session_is_found_by_its_hash_and_listed_by_person(store: Store) -> None:
    session = await open_session(store, ADA, "digest", NOW)
    assert await find_session(store, "digest", NOW) == session
    assert await find_session(store, "another", NOW) is None
    assert await stored(store, ADA) == ("SESSION#digest",)


async def test_what_is_no_session_is_told_as_damaged(store: Store) -> None:
    await store.write((Put(Item(session_key("odd"), 1, {"email": 7}), ABSENT),))
    with pytest.raises(Corrupt):
        await find_session(store, "odd", NOW)


async def test_a_use_that_somebody_else_notes_at_once_is_one(store: Store) -> None:
    await open_session(store, ADA, "id", NOW)
    later = NOW + timedelta(minutes=2)
    found = await asyncio.gather(*(find_session(store, "id", later) for _ in range(3)))
    assert all(session and session.email == ADA for session in found)
    last = await find_session(store, "id", later)
    assert last is not None
    assert (last.version, last.last_seen) == (2, later)


@pytest.mark.parametrize(
    "after, alive",
    [
        (timedelta(0), True),
        (timedelta(minutes=39, seconds=59), True),
        (timedelta(minutes=40), False),
        (timedelta(days=9), False),
    ],
)
async def test_an_idle_session_ends(store: Store, after: timedelta, *, alive: bool) -> None:
    await open_session(store, ADA, "id", NOW)
    assert (await find_session(store, "id", NOW + after) is not None) is alive


async def test_a_session_in_use_ends_after_twelve_hours(store: Store) -> None:
    await open_session(store, ADA, "id", NOW)
    uses = [NOW + timedelta(minutes=30 * step) for step in range(1, 24)]
    assert all([await find_session(store, "id", at) for at in uses])
    assert await find_session(store, "id", NOW + timedelta(hours=12)) is None


async def test_seeing_it_is_written_at_most_once_a_minute(store: Store) -> None:
    await open_session(store, ADA, "id", NOW)
    versions = [
        found.version
        for seconds in (1, 59, 60, 61, 119, 120)
        if (found := await find_session(store, "id", NOW + timedelta(seconds=seconds)))
    ]
    assert versions == [1, 1, 2, 2, 2, 3]


async def test_a_new_login_ends_the_earlier_one(store: Store) -> None:
    await open_session(store, ADA, "first", NOW)
    await open_session(store, OLGA, "hers", NOW)
    await open_session(store, ADA, "second", NOW)
    found = [await find_session(store, name, NOW) for name in ("first", "second", "hers")]
    assert [session and session.email for session in found] == [None, ADA, OLGA]
    assert len(await stored(store, ADA)) == 1


async def test_logins_at_once_leave_one_session(store: Store) -> None:
    await asyncio.gather(*(open_session(store, ADA, f"id {number}", NOW) for number in range(3)))
    assert len(await stored(store, ADA)) == 1


async def test_logging_out_ends_it_and_may_be_repeated(store: Store) -> None:
    session = await open_session(store, ADA, "id", NOW)
    await close_session(store, session)
    await close_session(store, session)
    assert await find_session(store, "id", NOW) is None


async def test_logging_out_of_an_old_session_leaves_the_new_one(store: Store) -> None:
    old = await open_session(store, ADA, "old", NOW)
    await open_session(store, ADA, "new", NOW)
    await close_session(store, old)
    assert await find_session(store, "new", NOW) is not None
    await open_session(store, ADA, "newest", NOW)
    assert await find_session(store, "new", NOW) is None


@pytest.mark.parametrize(
    "after, told",
    [(timedelta(0), True), (timedelta(minutes=39), True), (timedelta(minutes=40), False), (timedelta(days=1), False)],
)
async def test_a_login_beside_a_live_session_is_told_to_the_newer_one(store: Store, after: timedelta, *, told: bool) -> None:
    assert not (await open_session(store, ADA, "first", NOW)).is_concurrent
    await open_session(store, OLGA, "hers", NOW + after)
    assert (await open_session(store, ADA, "second", NOW + after)).is_concurrent is told
    found = await find_session(store, "second", NOW + after)
    assert found is not None
    assert found.is_concurrent is told


async def test_after_a_logout_a_login_is_beside_nothing(store: Store) -> None:
    await close_session(store, await open_session(store, ADA, "first", NOW))
    assert not (await open_session(store, ADA, "second", NOW)).is_concurrent


async def test_what_was_told_is_acknowledged_once_and_for_good(store: Store) -> None:
    await open_session(store, ADA, "first", NOW)
    session = await open_session(store, ADA, "second", NOW)
    with pytest.raises(NotFound):
        await acknowledge(store, OLGA, session.hash)
    told = await asyncio.gather(*(acknowledge(store, ADA, session.hash) for _ in range(3)))
    assert [(one.is_concurrent, one.version) for one in told] == [(False, 2)] * 3
    later = NOW + timedelta(minutes=2)
    found = await find_session(store, "second", later)
    assert found is not None
    assert (found.is_concurrent, found.last_seen, found.version) == (False, later, 3)


async def test_a_use_that_is_noted_keeps_what_was_told(store: Store) -> None:
    await open_session(store, ADA, "first", NOW)
    await open_session(store, ADA, "second", NOW)
    found = await find_session(store, "second", NOW + timedelta(minutes=2))
    assert found is not None
    assert found.is_concurrent


async def test_an_ended_session_acknowledges_nothing(store: Store) -> None:
    old = await open_session(store, ADA, "first", NOW)
    await open_session(store, ADA, "second", NOW)
    with pytest.raises(NotFound):
        await acknowledge(store, ADA, old.hash)


async def test_it_ends_forty_minutes_after_its_last_use_and_at_most_after_twelve_hours(store: Store) -> None:
    session = await open_session(store, ADA, "id", NOW)
    assert expiry_of(session) == NOW + timedelta(minutes=40)
    for step in range(1, 24):
        await find_session(store, "id", NOW + timedelta(minutes=30 * step))
    last = await find_session(store, "id", NOW + timedelta(minutes=11 * 60 + 45))
    assert last is not None
    assert expiry_of(last) == NOW + timedelta(hours=12)


async def test_logging_out_everywhere_ends_the_session_of_whichever_browser(store: Store) -> None:
    await open_session(store, OLGA, "hers", NOW)
    await open_session(store, ADA, "first", NOW)
    await asyncio.gather(close_everywhere(store, ADA), close_everywhere(store, ADA))
    assert await stored(store, ADA) == ()
    assert await find_session(store, "hers", NOW) is not None
    assert not (await open_session(store, ADA, "second", NOW)).is_concurrent
    await close_everywhere(store, "nobody@demo.example")


async def test_sessions_that_have_ended_by_themselves_are_deleted(store: Store) -> None:
    stamp = made()
    for email in (ADA, OLGA):
        await stakeholders.add(store, person(email, stamp), stamp)
    await open_session(store, ADA, "old", NOW)
    await open_session(store, OLGA, "new", NOW + timedelta(minutes=30))
    assert await forget_ended(store, NOW + timedelta(minutes=41), is_stopping=lambda: True) == 0
    assert await forget_ended(store, NOW + timedelta(minutes=41)) == 1
    assert (await stored(store, ADA), await stored(store, OLGA)) == ((), ("SESSION#new",))
    assert await forget_ended(store, NOW + timedelta(minutes=41)) == 0
    assert not (await open_session(store, ADA, "next", NOW + timedelta(minutes=42))).is_concurrent
