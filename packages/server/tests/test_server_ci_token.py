"""CI tokens over HTTP: recognised as the identity of one group, and refused once anything behind them has ended."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace
from packages.server.tests.conftest import ADA, KEYS, ME, URI, World

from integrates.db_model import tokens
from integrates.db_model.access.facet import GROUP_ACCESS, group_access_key
from integrates.db_model.access.types import AccessStatus, GroupAccess
from integrates.db_model.entity import command
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group, GroupRemovalReason, GroupStatus
from integrates.db_model.tokens.rules import hash_jti
from integrates.db_model.tokens.types import AccessToken, TokenKind
from integrates.server.auth.token import new_jti, sign_token
from integrates.server.process import clock

CI = "service:forces:webshop"
GROUPS = {"query": "{ me { email role groups { name userRole } } }"}


async def ci_token(world: World, group: str = "webshop") -> tuple[AccessToken, str, str]:
    """Issue a CI token; return it, its secret and its text."""
    identity = clock.new_id()
    jti = new_jti(identity)
    token = await tokens.issue_ci_token(world.store, group, world.stamp(), identity, hash_jti(jti))
    return token, jti, sign_token(KEYS, token, jti)


async def test_it_opens_the_api_for_the_identity_of_its_group(world: World) -> None:
    _, _, text = await ci_token(world)
    answer = await world.ask(text, GROUPS)
    me = {"email": CI, "role": "USER", "groups": [{"name": "webshop", "userRole": "SERVICE_FORCES"}]}
    assert (answer.status_code, answer.json()["data"]) == (200, {"me": me})
    assert [line["actor"] for line in world.lines] == [CI]


async def test_its_last_use_is_kept(world: World) -> None:
    _, _, text = await ci_token(world)
    (shown,) = (await world.ask(text, {"query": "{ me { accessTokens { lastUse } } }"})).json()["data"]["me"]["accessTokens"]
    assert datetime.fromisoformat(shown["lastUse"]) == world.now


async def test_it_lives_exactly_180_days_and_a_minute_of_leeway(world: World) -> None:
    _, _, text = await ci_token(world)
    world.now += timedelta(days=180, seconds=59)
    assert (await world.ask(text)).status_code == 200
    world.now += timedelta(seconds=1)
    assert (await world.ask(text)).status_code == 401


async def revoke(world: World) -> None:
    await tokens.revoke_ci_token(world.store, "webshop", world.stamp())


async def issue_again(world: World) -> None:
    await ci_token(world)


async def remove_group(world: World) -> None:
    def removed(old: Group, at: datetime) -> Group:
        return replace(old, state=replace(old.state, status=GroupStatus.DELETED, at=at, reason=GroupRemovalReason.NO_SYSTEM))

    await command.update(world.store, GROUP, group_key("webshop"), removed, world.stamp())


async def take_access(world: World) -> None:
    def removed(old: GroupAccess, at: datetime) -> GroupAccess:
        return replace(old, state=replace(old.state, status=AccessStatus.REMOVED, at=at))

    await command.update(world.store, GROUP_ACCESS, group_access_key(CI, "webshop"), removed, world.stamp())


@pytest.mark.parametrize("end", [revoke, issue_again, remove_group, take_access])
async def test_it_is_refused_on_the_next_request(world: World, end: Callable[[World], Awaitable[None]]) -> None:
    _, _, text = await ci_token(world)
    assert (await world.ask(text)).status_code == 200
    await end(world)
    answer = await world.ask(text)
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (401, "Authenticate first.")


ODD: dict[str, Callable[[AccessToken], AccessToken]] = {
    "a person": lambda token: replace(token, owner=URI),
    "another group": lambda token: replace(token, owner="service:forces:payments"),
    "no group": lambda token: replace(token, owner="service:forces:"),
    "a separator": lambda token: replace(token, owner="service:forces:web#shop"),
    "another service": lambda token: replace(token, owner="service:oidc:corporate"),
    "an API token": lambda token: replace(token, kind=TokenKind.API),
    "an API token of a person": lambda token: replace(token, kind=TokenKind.API, owner=ADA),
}


@pytest.mark.parametrize("odd", ODD)
async def test_what_is_signed_but_not_so_in_the_store_opens_nothing(world: World, odd: str) -> None:
    token, jti, text = await ci_token(world)
    await ci_token(world, "payments")
    assert (await world.ask(text)).status_code == 200
    assert (await world.ask(sign_token(KEYS, ODD[odd](token), jti), ME)).status_code == 401


async def test_a_persons_token_is_no_ci_token(world: World) -> None:
    identity = clock.new_id()
    jti = new_jti(identity)
    made = tokens.new_token(identity, "laptop", world.now + timedelta(days=9), hash_jti(jti), world.stamp(URI))
    stored = await tokens.issue(world.store, made, world.stamp(URI))
    assert (await world.ask(sign_token(KEYS, stored, jti))).status_code == 200
    for owner in (URI, CI):
        text = sign_token(KEYS, replace(stored, kind=TokenKind.FORCES, owner=owner), jti)
        assert (await world.ask(text)).status_code == 401
