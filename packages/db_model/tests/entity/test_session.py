"""Sessions: one a person, with an idle and an absolute life (domain section 10.2)."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from integrates.db_model.errors import Corrupt
from integrates.db_model.sessions.commands import close_session, find_session, open_session
from integrates.db_model.sessions.record import session_key
from integrates.db_model.store.port import ABSENT, Item, Put, Query, Store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ADA, OLGA = "ada@demo.example", "olga@demo.example"


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
