import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Query, Store
from integrates.server.auth.session import close_session, find_session, hash_session_id, new_session_id, open_session

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ADA, OLGA = "ada@demo.example", "olga@demo.example"


@pytest.fixture
def store() -> Store:
    return memory_store()


async def stored(store: Store, email: str) -> tuple[str, ...]:
    query = Query(pattern="sessions_of_stakeholder", index=1, pk=f"USER#{email}", limit=10)
    return tuple(item.key.pk for item in (await store.query((query,)))[0].items)


async def test_only_the_hash_of_the_cookie_is_stored(store: Store) -> None:
    await open_session(store, ADA, "secret", NOW)
    assert await stored(store, ADA) == (f"SESSION#{hash_session_id('secret')}",)


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


def test_ids_are_256_random_bits() -> None:
    assert len({new_session_id() for _ in range(100)}) == 100
    assert all(len(new_session_id()) == 43 for _ in range(9))
