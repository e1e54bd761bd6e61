"""Who gets in, and by which means."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from packages.server.tests.conftest import ADA, KEYS, ME, ORIGIN, URI, World, new_world

from integrates.db_model.entity import command
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import Stakeholder, StakeholderStatus
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Put, Version
from integrates.db_model.tokens import commands as tokens
from integrates.db_model.tokens.facet import access_token_key
from integrates.db_model.tokens.rules import hash_jti
from integrates.db_model.tokens.types import AccessToken, TokenKind, TokenState, TokenStatus
from integrates.server.app import new_app
from integrates.server.auth import recognition
from integrates.server.auth.origin import is_secure
from integrates.server.auth.secret import Keys, derive
from integrates.server.auth.token import Claims, new_jti, read_claims, sign_token
from integrates.server.http.routes.link import HOME
from integrates.server.process import clock
from integrates.server.settings import Settings


async def test_a_token_opens_the_api_for_its_owner(world: World) -> None:
    answer = await world.ask(await world.token(URI))
    assert (answer.status_code, answer.json()["data"]) == (200, {"me": {"email": URI}})
    assert [(line["route"], line["status"], line["actor"]) for line in world.lines] == [("/api", 200, URI)]


@pytest.mark.parametrize("status", [200, 401, 429])
async def test_a_token_is_read_once_for_a_request_whatever_becomes_of_it(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    world, read = await new_world(api_rate=1), list[str]()
    token = await world.token()
    if status == 429:
        await world.ask(token)

    def counted(keys: Keys, text: str, now: datetime) -> Claims | None:
        read.append(text)
        return read_claims(keys, text, now)

    monkeypatch.setattr(recognition, "read_claims", counted)
    sent = token if status != 401 else token[:-1]
    assert ((await world.ask(sent)).status_code, read) == (status, [sent])


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer x", "Basic YWRhOmFkYQ==", "Bearer \xe4", "bearer a.b.c"])
async def test_without_a_good_token_there_is_one_answer(world: World, header: str) -> None:
    async with world.client() as client:
        answer = await client.post("/api", json=ME, headers={b"authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    (error,) = answer.json()["errors"]
    assert (error["message"], error["extensions"]["code"]) == ("Authenticate first.", "UNAUTHENTICATED")


async def test_a_bad_token_is_refused_even_for_what_anybody_may_ask(world: World) -> None:
    async with world.client() as client:
        assert (await client.post("/api", json={"query": "{ __typename }"})).status_code == 200
    assert (await world.ask("x", {"query": "{ __typename }"})).status_code == 401


async def test_a_token_ends_with_its_expiry_and_a_minute_of_leeway(world: World) -> None:
    token = await world.token(days=1)
    world.now += timedelta(days=1, seconds=58)
    assert (await world.ask(token)).status_code == 200
    world.now += timedelta(seconds=2)
    assert (await world.ask(token)).status_code == 401


async def test_a_token_made_by_a_machine_whose_clock_differs_by_a_minute_is_good(world: World) -> None:
    for days in (1, 180):
        token = await world.token(days=days)
        for seconds, status in ((-61, 401), (-60, 200), (0, 200)):
            world.now += timedelta(seconds=seconds)
            assert (await world.ask(token)).status_code == status
            world.now -= timedelta(seconds=seconds)


async def test_the_last_use_of_a_token_is_kept_to_the_minute(world: World) -> None:
    token = await world.token(URI)
    asked = {"query": "{ me { accessTokens { lastUse } } }"}
    first = world.now
    for minutes, expected in ((0, 0), (0.5, 0), (1, 1)):
        world.now = first + timedelta(minutes=minutes)
        (shown,) = (await world.ask(token, asked)).json()["data"]["me"]["accessTokens"]
        assert datetime.fromisoformat(shown["lastUse"]) == first + timedelta(minutes=expected)


def id_of(token: str) -> str:
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    identity: str = claims["jti"].partition(".")[0]
    return identity


async def test_a_revoked_token_is_refused_on_the_next_request(world: World) -> None:
    token = await world.token()
    assert (await world.ask(token)).status_code == 200
    await tokens.revoke(world.store, id_of(token), world.stamp())
    assert (await world.ask(token)).status_code == 401


async def remove(world: World, email: str) -> None:
    def removed(old: Stakeholder, at: datetime) -> Stakeholder:
        state = msgspec.structs.replace(old.state, status=StakeholderStatus.DELETED, at=at)
        return msgspec.structs.replace(old, state=state)

    await command.update(world.store, STAKEHOLDER, stakeholder_key(email), removed, world.stamp())


async def test_a_removed_persons_token_and_session_are_refused(world: World) -> None:
    token = await world.token(URI)
    async with world.client(headers={"x-requested-with": "test"}) as client:
        await client.get("/login", params={"provider": "local", "email": URI})
        assert (await client.post("/api", json=ME)).status_code == 200
        await remove(world, URI)
        assert (await client.post("/api", json=ME)).status_code == 401
    assert (await world.ask(token)).status_code == 401


async def test_a_ci_token_is_no_api_token(world: World) -> None:
    token = await world.token()
    (stored,) = await world.store.get((access_token_key(id_of(token)),))
    assert stored is not None
    forces = msgspec.structs.replace(stored, version=2, attributes={**stored.attributes, "kind": TokenKind.FORCES.value})
    await world.store.write((Put(forces, Version(1)),))
    assert (await world.ask(token)).status_code == 401


async def test_a_token_of_another_installation_is_refused(world: World) -> None:
    other = World(world.store, Settings())
    token = await world.token()
    other.app = new_app(
        msgspec.structs.replace(other.service, keyring=lambda: derive(b"another secret, also long enough for it"))
    )
    assert (await other.ask(token)).status_code == 401


async def test_the_owner_of_a_token_is_the_one_in_the_store(world: World) -> None:
    jti = new_jti(clock.new_id())
    token = await world.token(URI)
    forged = msgspec.structs.replace(
        AccessToken(
            id=jti.partition(".")[0],
            owner=ADA,
            name="forged",
            kind=TokenKind.API,
            issued_at=world.now,
            expires_at=world.now + timedelta(days=1),
            jti_hash=hash_jti(jti),
            slot=1,
            state=TokenState(status=TokenStatus.ACTIVE, at=world.now, by=ADA),
            created_at=world.now,
            created_by=ADA,
        )
    )
    assert (await world.ask(token)).status_code == 200
    assert (await world.ask(sign_token(KEYS, forged, jti))).status_code == 401  # well signed, but not in the store


@pytest.mark.parametrize(
    "headers, status",
    [
        ({"origin": ORIGIN}, 200),
        ({"x-requested-with": "XMLHttpRequest"}, 200),
        ({}, 403),
        ({"x-requested-with": ""}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "http://localhost:8001.evil.example"}, 403),
        ({"origin": "https://localhost:8001"}, 403),
        ({"origin": "https://evil.example", "x-requested-with": "XMLHttpRequest"}, 403),
    ],
)
@pytest.mark.parametrize("multipart", [False, True])
async def test_a_cookie_counts_only_from_pages_of_the_server(
    world: World, headers: dict[str, str], status: int, *, multipart: bool
) -> None:
    async with world.client() as client:
        await client.get("/login", params={"provider": "local"})
        if multipart:
            fields = {"operations": json.dumps({**ME, "variables": {"f": None}}), "map": json.dumps({"0": ["variables.f"]})}
            answer = await client.post("/api", data=fields, files={"0": ("a", b"x")}, headers=headers)
        else:
            answer = await client.post("/api", json=ME, headers=headers)
    assert answer.status_code == status


async def test_a_bearer_wins_over_the_cookie(world: World) -> None:
    async with world.client() as client:
        await client.get("/login", params={"provider": "local"})
        bearer = {"authorization": f"Bearer {await world.token(URI)}"}
        assert (await client.post("/api", json=ME, headers=bearer)).json()["data"]["me"]["email"] == URI
        bad = {"authorization": "Bearer x", "x-requested-with": "x"}
        assert (await client.post("/api", json=ME, headers=bad)).status_code == 401


async def test_the_local_login_sets_a_cookie_that_scripts_cannot_read(world: World) -> None:
    async with world.client() as client:
        answer = await client.get("/login", params={"provider": "local", "email": URI.upper(), "next": "/somewhere?x=1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/somewhere?x=1")
    name, _, rest = answer.headers["set-cookie"].partition("=")
    flags = {part.strip().lower() for part in rest.split(";")[1:]}
    assert name == "integrates_session"
    assert {"httponly", "samesite=lax", "path=/"} <= flags
    assert "secure" not in flags


async def test_behind_https_the_cookie_is_bound_to_the_host() -> None:
    world = await new_world(origin="https://localhost:8001")
    async with world.client("https://localhost:8001") as client:
        answer = await client.get("/login", params={"provider": "local"})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-integrates_session=")
        assert "; secure" in cookie.lower()
        assert "domain" not in cookie.lower()
        assert (await client.post("/api", json=ME, headers={"origin": "https://localhost:8001"})).status_code == 200


@pytest.mark.parametrize(
    "base_url, query, status",
    [
        (ORIGIN, {"provider": "local"}, 303),
        ("http://127.0.0.1:8001", {"provider": "local"}, 303),
        ("http://integrates.example", {"provider": "local"}, 403),
        (ORIGIN, {"provider": "local", "email": "nobody@demo.example"}, 403),
        (ORIGIN, {"provider": "local", "email": "a#b"}, 403),
        (ORIGIN, {"provider": "other"}, 404),
        (ORIGIN, {"provider": ""}, 404),
    ],
)
async def test_the_local_login_is_for_known_people_on_this_machine(
    world: World, base_url: str, query: dict[str, str], status: int
) -> None:
    async with world.client(base_url) as client:
        assert (await client.get("/login", params=query)).status_code == status


async def test_who_names_no_way_to_log_in_is_shown_all_and_logged_in_by_none(world: World) -> None:
    async with world.client() as client:
        answer = await client.get("/login")
    assert (answer.status_code, 'href="/login?provider=local"' in answer.text, list(answer.cookies)) == (200, True, [])


@pytest.mark.parametrize(
    ("host", "secure"),
    [
        ("localhost", False),
        ("127.0.0.1:9000", False),
        ("[::1]", False),
        ("evil.example@127.0.0.1", True),
        ("a.localhost", True),
    ],
)
def test_only_on_this_machine_a_cookie_may_go_over_http(host: str, *, secure: bool) -> None:
    assert is_secure({"type": "http", "scheme": "http", "headers": [(b"host", host.encode())]}, None) is secure


async def local_login(
    world: World, host: str | None, http_version: str = "1.1", port: int = 8001, more: Mapping[str, str] | None = None
) -> int:
    """The status of a local login with these headers."""
    given = {"host": host, **(more or {})}
    headers = {name.encode(): value.encode() for name, value in given.items() if value is not None}
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/login", "raw_path": b"/login", "query_string": b"provider=local"}
    addresses = {"scheme": "http", "root_path": "", "client": ("127.0.0.1", 50_000), "server": ("127.0.0.1", port)}
    await world.app({**scope, **addresses, "http_version": http_version, "headers": [*headers.items()]}, receive, send)
    status: int = sent[0]["status"]
    return status


@pytest.mark.parametrize("host", ["localhost:8001", "LOCALHOST:8001", "127.0.0.1:8001", "127.9.9.9:8001", "[::1]:8001"])
async def test_the_local_login_is_for_who_addresses_this_machine(world: World, host: str) -> None:
    assert await local_login(world, host) == 303
    assert await local_login(world, host.removesuffix(":8001"), port=80) == 303


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        ":8001",
        "localhost",
        "localhost:80",
        "localhost:8002",
        "localhost:08001x",
        "localhost:",
        "localhost.:8001",
        "evil.localhost:8001",
        "evil.example:8001",
        "evil.example@127.0.0.1:8001",
        "127.0.0.1:8001@evil.example",
        "127.0.0.1:8001/evil.example",
        "127.0.0.1.evil.example:8001",
        "[::1:8001",
        "::1:8001",
        "[::ffff:192.0.2.7]:8001",
        "0.0.0.0:8001",
    ],
)
async def test_the_local_login_is_not_for_other_names_of_this_machine(world: World, host: str | None) -> None:
    assert await local_login(world, host) == 403


@pytest.mark.parametrize(
    "header", ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-anything"]
)
@pytest.mark.parametrize("value", ["", "127.0.0.1", "for=192.0.2.7"])
async def test_the_local_login_is_not_for_a_proxy_that_rewrites_the_host(world: World, header: str, value: str) -> None:
    assert await local_login(world, "localhost:8001", more={header: value}) == 403


async def test_the_local_login_is_not_for_a_proxy_that_hides_itself_behind_an_old_protocol(world: World) -> None:
    assert await local_login(world, "127.0.0.1:8001", "1.0") == 403


@pytest.mark.parametrize(
    ("site", "status"), [("none", 303), ("same-origin", 303), ("same-site", 403), ("cross-site", 403), ("", 403)]
)
async def test_a_page_of_another_site_logs_nobody_in(world: World, site: str, status: int) -> None:
    assert await local_login(world, "localhost:8001", more={"sec-fetch-site": site}) == status


@pytest.mark.parametrize("settings, status", [({"host": "192.0.2.7"}, 403), ({"local_login": False}, 404)])
async def test_the_local_login_needs_a_loopback_listener_and_its_setting(settings: dict[str, Any], status: int) -> None:
    world = World(memory_store(), Settings(**{"local_login": True, **settings}))
    async with world.client() as client:
        assert (await client.get("/login", params={"provider": "local"})).status_code == status


@pytest.mark.parametrize(
    "given, taken",
    [
        ("/", "/"),
        ("/groups/webshop?tab=1", "/groups/webshop?tab=1"),
        ("", HOME),
        ("groups", HOME),
        ("//evil.example", HOME),
        ("/\\evil.example", HOME),
        ("https://evil.example", HOME),
        ("/a\r\nset-cookie: x=y", HOME),
        ("/\t/evil.example", HOME),
        (None, HOME),
    ],
)
async def test_one_goes_on_to_a_page_of_the_server(world: World, given: str | None, taken: str) -> None:
    async with world.client() as client:
        answer = await client.get("/login", params={"provider": "local", **({} if given is None else {"next": given})})
    assert (answer.status_code, answer.headers["location"]) == (303, taken)


async def test_a_new_login_ends_the_earlier_session_and_logging_out_ends_the_new_one(world: World) -> None:
    async with world.client(headers={"x-requested-with": "x"}) as first, world.client(headers={"origin": ORIGIN}) as second:
        await first.get("/login", params={"provider": "local"})
        assert (await first.post("/api", json=ME)).status_code == 200
        await second.get("/login", params={"provider": "local"})
        assert (await first.post("/api", json=ME)).status_code == 401
        assert (await second.post("/api", json=ME)).status_code == 200
        kept = dict(second.cookies)
        answer = await second.post("/logout")
        assert (answer.status_code, dict(second.cookies)) == (303, {})
        second.cookies.update(kept)
        assert (await second.post("/api", json=ME)).status_code == 401


async def test_another_site_cannot_log_anybody_out(world: World) -> None:
    async with world.client() as client:
        await client.get("/login", params={"provider": "local"})
        for headers in ({"origin": "https://evil.example"}, {}, {"x-requested-with": "x"}):
            assert (await client.post("/logout", headers=headers)).status_code == 403
        assert (await client.post("/api", json=ME, headers={"origin": ORIGIN})).status_code == 200


async def test_a_session_idles_out(world: World) -> None:
    async with world.client(headers={"origin": ORIGIN}) as client:
        await client.get("/login", params={"provider": "local"})
        world.now += timedelta(minutes=39)
        assert (await client.post("/api", json=ME)).status_code == 200
        world.now += timedelta(minutes=40)
        assert (await client.post("/api", json=ME)).status_code == 401
