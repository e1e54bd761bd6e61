"""The local login: how often, how long it takes, and what it leaves (domain section 10.2, T2 and A8 of the threats)."""

import asyncio

import httpx
import pytest
from packages.server.tests.conftest import ADA, URI, World, new_world

from integrates.db_model.tokens.usage import usage_key, used_at
from integrates.server.http.routes.login import LEAST
from integrates.server.settings import Settings

LOCAL = {"provider": "local"}


async def asked(world: World, email: str, address: str = "127.0.0.1") -> int:
    transport = httpx.ASGITransport(world.app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8001") as client:
        return (await client.get("/login", params={**LOCAL, "email": email})).status_code


@pytest.mark.parametrize(("email", "status"), [(URI, 303), ("nobody@demo.example", 403), ("no e-mail", 403)])
async def test_an_account_is_limited_from_all_addresses_together_whether_it_exists_or_not(email: str, status: int) -> None:
    world = await new_world(login_rate=3)
    found = [
        await asked(world, spelled, f"127.0.0.{number}") for number, spelled in enumerate((email, email.upper(), f" {email}"))
    ]
    assert set(found) <= {status, 403}
    assert await asked(world, email, "127.0.0.9") == 429
    assert await asked(world, ADA, "127.0.0.9") == 303


async def test_one_address_is_limited_for_all_accounts_together() -> None:
    world = await new_world(login_rate=2)
    assert [await asked(world, email) for email in (ADA, URI, ADA)] == [303, 303, 429]


@pytest.mark.parametrize("email", [ADA, "nobody@demo.example", "no e-mail"])
async def test_the_time_of_an_answer_does_not_tell_who_exists(world: World, email: str) -> None:
    """It is the longest of all answers that counts: the shortest may not be shorter."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await asked(world, email)
    assert loop.time() - begun >= LEAST


async def test_the_last_login_is_noted(world: World) -> None:
    await asked(world, URI)
    (stamped,) = await world.store.get((usage_key("USER", URI),))
    assert used_at(stamped) == world.now
    assert [line["actor"] for line in world.lines] == [URI]


async def test_without_the_setting_there_is_no_local_login(world: World) -> None:
    other = World(world.store, Settings())
    assert await asked(other, ADA) == 404
