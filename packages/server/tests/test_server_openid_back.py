"""What browsers bring back from a provider, and how often."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest
from packages.server.tests.conftest import KEYS, ORIGIN
from packages.server.tests.liar import Liar
from packages.server.tests.visit import ATTEMPT, BAD, COOKIE, Visit, page

from integrates.db_model.store.memory import memory_store
from integrates.server.auth.attempt import new_attempt, opened, sealed
from integrates.server.auth.secret import derive
from integrates.server.settings import Settings


@pytest.fixture
def visit(liar: Liar) -> Visit:
    return Visit(memory_store(), liar, Settings(login_rate=1_000))


async def test_a_login_counts_once_in_the_browser_that_began_it_for_ten_minutes(visit: Visit) -> None:
    await visit.known()
    back = await visit.begin()
    kept = dict(visit.browser.cookies)
    async with visit.client() as other:
        page(await other.get(back), 400, BAD)
    assert (await visit.browser.get(back)).status_code == 303
    page(await visit.browser.get(back), 400, BAD)
    visit.browser.cookies.update(kept)
    page(await visit.browser.get(back), 400, BAD)  # kept by somebody who can
    back = await visit.begin()
    visit.now += timedelta(minutes=10)
    page(await visit.browser.get(back), 400, BAD)


Query = dict[str, Any]
CHANGES: Mapping[str, Callable[[Query], Query]] = {
    "another state": lambda query: query | {"state": "x"},
    "a state cut off": lambda query: query | {"state": query["state"][:-1]},
    "no state": lambda query: {"code": query["code"]},
    "no code": lambda query: {"state": query["state"]},
    "an empty code": lambda query: query | {"code": ""},
    "a long code": lambda query: query | {"code": "x" * 4_097},
    "another issuer": lambda query: query | {"iss": "https://evil.example"},
    "two states": lambda query: query | {"state": [query["state"], query["state"]]},
    "two codes": lambda query: query | {"code": ["a", "b"]},
    "odd letters": lambda query: query | {"state": "\xe4\ud7ff"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_what_comes_back_changed_is_refused_with_one_answer(visit: Visit, change: Any) -> None:
    await visit.known()
    query = {name: values[0] for name, values in parse_qs(urlsplit(await visit.begin()).query).items()}
    page(await visit.browser.get("/auth/callback", params=change(query)), 400, BAD)


async def test_a_cookie_that_is_not_ours_or_was_changed_is_refused(visit: Visit) -> None:
    await visit.known()
    back = await visit.begin()
    good = visit.browser.cookies[ATTEMPT]
    other = derive(b"another secret, also long enough for it")
    state = parse_qs(urlsplit(back).query)["state"][0]
    attempt = opened(KEYS, good, visit.now)
    assert attempt is not None
    assert attempt.state == state
    for value in (good[:-2] + "AA", "x", "", "a.b.c.d.e", "x" * 5_000, sealed(other, attempt)):
        visit.browser.cookies.clear()
        page(await visit.browser.get(back, headers={"cookie": f"{ATTEMPT}={value}"}), 400, BAD)
    assert sealed(KEYS, attempt) != sealed(KEYS, attempt)
    assert attempt.verifier not in good
    assert opened(KEYS, sealed(KEYS, new_attempt("corp", "/", visit.now + timedelta(hours=1))), visit.now) is None


async def test_a_provider_that_says_that_it_names_itself_has_to(visit: Visit) -> None:
    await visit.known()
    visit.liar.description = {"authorization_response_iss_parameter_supported": True}
    page(await visit.login(), 400, BAD)
    back = await visit.begin()
    assert (await visit.browser.get(f"{back}&iss={visit.liar.issuer}")).status_code == 303


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example", "x", "/" + "x" * 1_000])
async def test_the_way_on_stays_on_this_server(visit: Visit, path: str) -> None:
    await visit.known()
    assert (await visit.login(path)).headers["location"] == "/home"


@pytest.mark.parametrize(("letter", "most"), [("x", 999), ("\u00e9", 499), ("\U0001f980", 249)])
async def test_the_longest_way_on_fits_into_the_cookie(visit: Visit, letter: str, most: int) -> None:
    await visit.known()
    for number, kept in ((most, f"/{letter * most}"), (most + 1, "/home")):
        answer = await visit.login("/" + letter * number)
        assert (answer.status_code, unquote(answer.headers["location"])) == (303, kept)


async def test_logins_are_limited_by_account_and_by_address(liar: Liar) -> None:
    visit = Visit(memory_store(), liar, Settings(login_rate=3))
    await visit.known()
    for _ in range(3):
        assert (await visit.login()).status_code == 303
        visit.browser = visit.client(headers={"origin": ORIGIN})
    assert (await visit.browser.get("/login", params={"provider": "corp"})).status_code == 429
    visit.now += timedelta(seconds=59)
    assert (await visit.browser.get("/auth/callback")).status_code == 429
    visit.now += timedelta(seconds=1)
    assert (await visit.login()).status_code == 303


async def test_a_head_request_begins_and_ends_nothing(visit: Visit) -> None:
    for path in ("/login?provider=corp", "/auth/callback"):
        answer = await visit.browser.head(path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


async def test_an_unknown_provider_is_nothing(visit: Visit) -> None:
    for name in ("other", "", "local", "corp/"):
        assert (await visit.browser.get("/login", params={"provider": name})).status_code == 404


async def test_without_an_origin_only_this_machine_is_come_back_to(visit: Visit) -> None:
    answer = await visit.browser.get("/login", params={"provider": "corp"}, headers={"host": "evil.example"})
    assert answer.status_code == 403


async def test_an_account_is_limited_from_all_addresses_together(liar: Liar) -> None:
    visit = Visit(memory_store(), liar, Settings(login_rate=2))
    await visit.known()
    answers = []
    for number in range(3):
        transport = httpx.ASGITransport(visit.app, client=(f"127.0.0.{number}", 1))
        visit.browser = httpx.AsyncClient(transport=transport, base_url=ORIGIN)
        answers.append(await visit.login())
    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert COOKIE not in answers[-1].cookies
