"""Logging in while others change the same: the person is removed, or their session is written by somebody else."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from packages.server.tests.conftest import URI, World, new_world
from packages.server.tests.liar import EVA, Liar
from packages.server.tests.visit import COOKIE, Visit, page

from integrates.db_model import stakeholders
from integrates.db_model.errors import Conflict, Failure
from integrates.db_model.sessions.record import session_key, sessions_of
from integrates.db_model.stakeholders.types import PlatformRole
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Change, Put, Store
from integrates.server.auth.provider import RoleRule
from integrates.server.settings import Settings

SESSION = session_key("any").pk.partition("any")[0]


def _opens(changes: Sequence[Change]) -> bool:
    return any(isinstance(one, Put) and one.item.key.pk.startswith(SESSION) for one in changes)


def before_a_session(store: Store, happens: Callable[[], Awaitable[Any]]) -> Store:
    """A store in which something happens right before each session is stored."""

    async def write(changes: Sequence[Change]) -> None:
        if _opens(changes):
            await happens()
        await store.write(changes)

    return Store(store.get, store.query, write, store.max_changes)


async def _conflict() -> None:
    raise Conflict((Failure(0, "stale"),))


@pytest.mark.parametrize("roles", [(), (RoleRule(value="boss", platform=PlatformRole.ADMIN),)])
async def test_who_is_removed_while_logging_in_gets_no_session(liar: Liar, roles: Sequence[RoleRule]) -> None:
    inner = memory_store()

    async def removed() -> None:
        await stakeholders.remove(inner, EVA, visit.stamp("operator"))

    visit = Visit(before_a_session(inner, removed), liar, Settings(), *roles)
    liar.claims["groups"] = ["boss"]
    await visit.known()
    page(await visit.login(), 403, "You have no account here")
    (left,) = await inner.query((sessions_of(EVA),))
    assert left.items == ()


async def test_who_is_removed_while_logging_in_without_a_password_gets_no_session() -> None:
    inner = (await new_world()).store

    async def removed() -> None:
        await stakeholders.remove(inner, URI, world.stamp("operator"))

    world = World(before_a_session(inner, removed), Settings(local_login=True))
    async with world.client() as client:
        answer = await client.get("/login", params={"provider": "local", "email": URI})
    assert (answer.status_code, COOKIE in answer.cookies) == (403, False)
    (left,) = await inner.query((sessions_of(URI),))
    assert left.items == ()


async def test_a_session_that_others_write_all_the_time_is_worth_another_attempt(liar: Liar) -> None:
    visit = Visit(before_a_session(memory_store(), _conflict), liar, Settings())
    await visit.known()
    answer = await visit.login()
    page(answer, 503)
    assert answer.headers["retry-after"] == "1"
