"""Logging in by a provider that tells the truth: who gets in, and with which roles."""

from datetime import timedelta
from typing import Any

import pytest
from packages.server.tests.conftest import ORIGIN, new_world
from packages.server.tests.liar import CLIENT, EVA, Liar
from packages.server.tests.visit import ATTEMPT, DOWN, SECRET, Visit, page

from integrates.db_model.access.facet import GROUP_ACCESS, group_access_key
from integrates.db_model.access.types import GroupRole
from integrates.db_model.entity import read
from integrates.db_model.stakeholders.types import PlatformRole
from integrates.db_model.store.memory import memory_store
from integrates.db_model.tokens.usage import usage_key, used_at
from integrates.server.auth.provider import ClientAuth, RoleRule
from integrates.server.settings import Registration, Settings


@pytest.fixture
def visit(liar: Liar) -> Visit:
    return Visit(memory_store(), liar, Settings(login_rate=1_000))


async def test_a_person_logs_in_and_goes_on_to_where_they_wanted(visit: Visit) -> None:
    await visit.known()
    answer = await visit.login("/invitations/x?y=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/invitations/x?y=1")
    assert ATTEMPT not in visit.browser.cookies
    flags = {part.strip().lower().partition("=")[0] for part in answer.headers.get_list("set-cookie")[0].split(";")}
    assert flags >= {"httponly", "path", "samesite"}
    me = (await visit.browser.post("/api", json={"query": "{ me { email firstName lastName } }"})).json()["data"]["me"]
    assert me == {"email": EVA, "firstName": "Eva", "lastName": "Luna"}
    person = await visit.person()
    assert person is not None
    assert person.access.is_registered
    (stamped,) = await visit.store.get((usage_key("USER", EVA),))
    assert used_at(stamped) == visit.now
    assert [line["actor"] for line in visit.lines if line["route"] == "/auth/callback"] == [EVA]


async def test_what_is_asked_for_is_bound_to_this_login(visit: Visit) -> None:
    await visit.known()
    await visit.login()
    await visit.login()
    first, second = visit.liar.sent
    assert {name: first[name] for name in ("response_type", "client_id", "scope", "redirect_uri", "code_challenge_method")} == {
        "response_type": "code",
        "client_id": CLIENT,
        "scope": "openid email profile",
        "redirect_uri": f"{ORIGIN}/auth/callback",
        "code_challenge_method": "S256",
    }
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) == 43
        assert first[name] != second[name]
    (asked,) = [body for name, body in visit.liar.asked if name == "token"][:1]
    assert (asked["code"], asked["redirect_uri"], len(asked["code_verifier"])) == ("code", f"{ORIGIN}/auth/callback", 43)


@pytest.mark.parametrize("method", list(ClientAuth))
async def test_the_client_proves_who_it_is(liar: Liar, method: ClientAuth) -> None:
    visit = Visit(memory_store(), liar, Settings(), client_auth=method)
    await visit.known()
    assert (await visit.login()).status_code == 303
    (sent,) = [body for name, body in liar.asked if name == "token"]
    assert (sent.get("client_id"), sent.get("client_secret")) == {
        ClientAuth.BASIC: (None, None),
        ClientAuth.POST: (CLIENT, SECRET),
        ClientAuth.NONE: (CLIENT, None),
    }[method]


async def test_strangers_are_refused_unless_registration_is_open(liar: Liar) -> None:
    for registration, status in ((Registration.INVITED, 403), (Registration.OPEN, 303)):
        visit = Visit(memory_store(), liar, Settings(registration=registration))
        answer = await visit.login()
        assert answer.status_code == status
        assert (await visit.person() is not None) is (status == 303)
        if status == 403:
            page(answer, 403, "invited")


async def test_an_admin_of_the_settings_is_no_stranger(liar: Liar) -> None:
    visit = Visit(memory_store(), liar, Settings(admins=EVA.upper()))
    assert (await visit.login()).status_code == 303
    person = await visit.person()
    assert person is not None
    assert (person.access.role, person.access.is_registered) == (PlatformRole.ADMIN, True)


async def test_groups_of_the_provider_give_roles_and_take_them_away(liar: Liar) -> None:
    world = await new_world()
    rules = (
        RoleRule(value="red", group="webshop", role="reattacker"),
        RoleRule(value="lead", group="webshop", role="hacker"),
        RoleRule(value="boss", platform=PlatformRole.ADMIN),
    )
    visit = Visit(world.store, liar, Settings(registration=Registration.OPEN), *rules)

    async def role() -> tuple[GroupRole | None, PlatformRole]:
        assert (await visit.login()).status_code == 303
        found = await read.get(visit.store, GROUP_ACCESS, group_access_key(EVA, "webshop"))
        person = await visit.person()
        assert person is not None
        return found.access.role if found else None, person.access.role

    told: list[tuple[Any, GroupRole | None, PlatformRole]] = [
        (["red", "other"], GroupRole.REATTACKER, PlatformRole.USER),
        (["red", "lead"], GroupRole.HACKER, PlatformRole.USER),
        ("boss", None, PlatformRole.ADMIN),
        ([], None, PlatformRole.USER),
        (["red"], GroupRole.REATTACKER, PlatformRole.USER),
        (None, None, PlatformRole.USER),
    ]
    for groups, in_group, on_platform in told:
        visit.liar.claims["groups"] = groups
        assert await role() == (in_group, on_platform)
        visit.now += timedelta(minutes=1)
    for odd in ({"red": True}, ["red", 7], 7):
        visit.liar.claims["groups"] = odd
        page(await visit.login(), 502, DOWN)


async def test_a_second_login_is_told_to_the_second(visit: Visit) -> None:
    await visit.known()
    await visit.login()
    async with visit.client(headers={"origin": ORIGIN}) as second:
        first, visit.browser = visit.browser, second
        await visit.login()
        shown = {"query": "{ me { isConcurrentSession } }"}
        assert (await first.post("/api", json=shown)).status_code == 401
        assert (await second.post("/api", json=shown)).json()["data"]["me"] == {"isConcurrentSession": True}
