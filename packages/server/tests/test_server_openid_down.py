"""Logging in by a provider that is down, slow, talks nonsense or sends too much."""

import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from packages.server.tests.liar import ACCESS, EVA, Liar, huge, lying
from packages.server.tests.visit import BAD, DOWN, SECRET, Visit, page
from starlette.responses import JSONResponse, RedirectResponse, Response

from integrates.db_model.errors import Unavailable
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Store
from integrates.server.auth import fetch
from integrates.server.settings import Settings


@pytest.fixture
def visit(liar: Liar) -> Visit:
    return Visit(memory_store(), liar, Settings(login_rate=1_000))


@pytest.mark.parametrize("step", ["token", "keys", "info"])
@pytest.mark.parametrize(
    "answer",
    [
        huge(),
        Response("<html>", media_type="text/html"),
        Response(b"\xff\xfe", media_type="application/json"),
        Response("[" * 200_000, media_type="application/json"),
        Response("[]", media_type="application/json"),
        JSONResponse({"id_token": 7, "keys": 7}),
        Response("{}", headers={"content-encoding": "gzip"}),
        JSONResponse({}, status_code=500),
        RedirectResponse("http://127.0.0.1:1/", status_code=307),
    ],
)
async def test_a_provider_that_talks_nonsense_logs_nobody_in(visit: Visit, step: str, answer: Response) -> None:
    await visit.known()
    if step == "info":
        visit.liar.claims = {}
    back = await visit.begin()
    visit.liar.answers[step] = answer
    page(await visit.browser.get(back), 502, DOWN, "Try again")
    person = await visit.person()
    assert person is not None
    assert person.version == 1


async def test_a_token_that_is_too_large_to_be_verified_is_the_fault_of_the_provider(visit: Visit) -> None:
    await visit.known()
    visit.liar.claims["groups"] = ["x" * 100] * 1_000
    page(await visit.login(), 502, DOWN)


async def test_a_megabyte_of_claims_is_refused(visit: Visit) -> None:
    await visit.known()
    visit.liar.claims["groups"] = ["x" * 100] * 10_000
    page(await visit.login(), 502, DOWN)
    visit.liar.info = {"sub": "1", **visit.liar.claims}
    visit.liar.claims = {}
    page(await visit.login(), 502, DOWN)


@pytest.mark.parametrize(
    "description",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://evil.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "file:///etc/passwd"},
        {"userinfo_endpoint": "http://user:secret@127.0.0.1/"},
        {"token_endpoint": None},
        {"jwks_uri": 7},
    ],
)
async def test_a_provider_that_describes_itself_wrongly_is_not_used(visit: Visit, description: Any) -> None:
    visit.liar.description = description
    page(await visit.browser.get("/login", params={"provider": "corp"}), 502, DOWN, "provider=corp")
    visit.liar.description = {}
    assert (await visit.browser.get("/login", params={"provider": "corp"})).status_code == 303


@pytest.mark.parametrize("step", ["description", "token", "keys", "info"])
async def test_a_slow_provider_is_not_waited_for(visit: Visit, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    await visit.known()
    if step == "info":
        visit.liar.claims = {}
    back = "/login?provider=corp" if step == "description" else await visit.begin()
    monkeypatch.setattr(fetch, "PATIENCE", 0.2)
    visit.liar.slow.add(step)
    page(await visit.browser.get(back), 502, DOWN)


async def test_a_provider_that_is_down_is_told() -> None:
    with lying() as gone:
        world = Visit(memory_store(), gone, Settings())
    page(await world.browser.get("/login", params={"provider": "corp"}), 502, DOWN, "Try again")


async def test_a_code_that_the_provider_does_not_accept_is_refused(visit: Visit) -> None:
    await visit.known()
    visit.liar.answers["token"] = JSONResponse({"error": "invalid_grant"}, status_code=400)
    page(await visit.login(), 400, BAD)


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [("access_denied", 403, "cancelled"), ("server_error", 502, DOWN), ("<script>", 502, DOWN), ("x" * 10_000, 502, DOWN)],
)
async def test_what_the_provider_refuses_is_told_without_its_words(visit: Visit, error: str, status: int, words: str) -> None:
    state = parse_qs(urlsplit(await visit.begin()).query)["state"][0]
    answer = await visit.browser.get("/auth/callback", params={"state": state, "error": error, "error_description": "marker"})
    page(answer, status, words)
    assert "marker" not in answer.text
    assert error not in answer.text or error.isalpha() or "_" in error


async def test_a_store_that_fails_logs_nobody_in(liar: Liar) -> None:
    inner = memory_store()

    async def write(_changes: Any) -> None:
        raise Unavailable("away")

    visit = Visit(inner, liar, Settings())
    await visit.known()
    back = await visit.begin()
    failing = Visit(Store(inner.get, inner.query, write, inner.max_changes), liar, Settings())
    failing.browser.cookies.update(visit.browser.cookies)
    page(await failing.browser.get(back), 503)


async def test_no_secret_reaches_a_log_or_a_page(visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
    await visit.known()
    visit.liar.code = "the-code-of-this-login"
    with caplog.at_level(logging.DEBUG, logger="integrates"):
        texts = []
        for lie in ({}, {"nonce": "x"}, {"email_verified": False}, {"email": 7}):
            visit.liar.claims = {"email": EVA, "email_verified": True, **lie}
            texts.append((await visit.login()).text)
    sent = visit.liar.sent[-1]
    secrets = [SECRET, ACCESS, visit.liar.code, sent["state"], sent["nonce"], sent["code_challenge"], EVA]
    for secret in secrets:
        assert secret not in caplog.text
        assert not any(secret in text for text in texts)
    assert "nonce" not in caplog.text or "refused" in caplog.text
