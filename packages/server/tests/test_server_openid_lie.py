"""Logging in by a provider that lies, or changes its keys."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from packages.server.tests.conftest import ADA
from packages.server.tests.liar import CLIENT, EVA, Liar
from packages.server.tests.visit import BAD, DOWN, SECRET, Visit, page

from integrates.db_model.store.memory import memory_store
from integrates.server.settings import Settings


@pytest.fixture
def visit(liar: Liar) -> Visit:
    return Visit(memory_store(), liar, Settings(login_rate=1_000))


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"email_verified": False}, "does not vouch"),
        ({"email_verified": "true"}, DOWN),
        ({"email_verified": 1}, DOWN),
        ({"email": "no e-mail"}, "does not vouch"),
        ({"email": "service:forces:webshop@demo.example"}, "does not vouch"),
        ({"email": "\u0435va@demo.example"}, "does not vouch"),  # with a Cyrillic letter
        ({"email": "eva@demo.example,another@demo.example"}, "does not vouch"),
        ({"email": ["eva@demo.example"]}, DOWN),
        ({"given_name": 7}, DOWN),
    ],
)
async def test_an_e_mail_counts_only_when_the_provider_vouches_for_it(visit: Visit, claims: Any, words: str) -> None:
    await visit.known()
    visit.liar.claims |= claims
    page(await visit.login(), 502 if words == DOWN else 403, words)
    person = await visit.person()
    assert person is not None
    assert person.version == 1


async def test_a_provider_that_does_not_say_whether_an_e_mail_is_verified_does_not_vouch_for_it(visit: Visit) -> None:
    await visit.known()
    visit.liar.claims["email_verified"] = None
    page(await visit.login(), 403, "does not vouch")
    visit.liar.info = {"sub": "1", "email": EVA}
    page(await visit.login(), 403, "does not vouch")


async def test_an_e_mail_that_only_looks_like_that_of_another_is_not_it(visit: Visit) -> None:
    await visit.known("mark@demo.example")
    visit.liar.claims["email"] = "mar\u212a@demo.example"  # the Kelvin sign, which normalising and lower() make a k
    page(await visit.login(), 403, "does not vouch")


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": None},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"azp": "another"},
        {"nonce": "of another login"},
        {"nonce": None},
        {"sub": None},
        {"sub": 7},
        {"exp": None},
        {"iat": None},
        {"exp": "soon"},
        {"exp": True},
        {"at_hash": "of another token"},
        {"at_hash": 7},
    ],
)
async def test_a_token_of_another_login_or_for_another_is_refused(visit: Visit, claims: Mapping[str, Any]) -> None:
    await visit.known()
    visit.liar.claims |= claims
    page(await visit.login(), 400, BAD)


@pytest.mark.parametrize("claims", [{"aud": [CLIENT]}, {"aud": [CLIENT, "another"], "azp": CLIENT}, {"azp": CLIENT}])
async def test_a_token_may_name_more_than_it_has_to(visit: Visit, claims: Mapping[str, Any]) -> None:
    await visit.known()
    visit.liar.claims |= claims
    assert (await visit.login()).status_code == 303


@pytest.mark.parametrize(
    ("name", "seconds", "status"),
    [("exp", -59, 303), ("exp", -60, 400), ("iat", 60, 303), ("iat", 61, 400), ("nbf", 60, 303), ("nbf", 61, 400)],
)
async def test_the_clock_of_the_provider_may_differ_by_a_minute(visit: Visit, name: str, seconds: int, status: int) -> None:
    await visit.known()
    visit.liar.claims[name] = int(visit.now.timestamp()) + seconds
    assert (await visit.login()).status_code == status


def es256(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


async def test_signatures_that_anybody_can_make_do_not_count(visit: Visit) -> None:
    await visit.known()
    liar, public = visit.liar, json.dumps(visit.liar.key.as_dict(private=False))
    back = await visit.begin()
    claims = {"iss": liar.issuer, "sub": "1", "aud": CLIENT, "iat": 1, "exp": 2**40, **liar.claims}
    claims["nonce"] = liar.sent[-1]["nonce"]
    forged = [
        "",
        "x",
        "a.b.c",
        "W10.e30.",
        ("[" * 100_000) + ".e30.",
        liar.signed()[:-4] + "AAAA",
        jwt.encode({"alg": "HS256", "kid": "first"}, claims, OctKey.import_key(SECRET), algorithms=["HS256"]),
        jwt.encode({"alg": "HS256", "kid": "first"}, claims, OctKey.import_key(public), algorithms=["HS256"]),
        jwt.encode({"alg": "ES256", "kid": "first"}, claims, es256("first"), algorithms=["ES256"]),
        jwt.encode({"alg": "ES256", "kid": "other"}, claims, es256("other"), algorithms=["ES256"]),
    ]
    for token in forged:
        liar.token = token
        page(await visit.browser.get(back), 400, BAD)
        back = await visit.begin()
    liar.token = None
    assert (await visit.browser.get(back)).status_code == 303


async def test_a_key_that_the_token_brings_itself_does_not_count(visit: Visit) -> None:
    await visit.known()
    own = es256("own")
    visit.liar.published = [visit.liar.key.as_dict(private=False)]
    visit.liar.key = own
    visit.liar.header = {"kid": None, "jwk": own.as_dict(private=False)}
    page(await visit.login(), 400, BAD)


async def test_new_keys_are_asked_for_when_they_are_needed_and_only_then(visit: Visit) -> None:
    await visit.known()

    async def asked() -> int:
        visit.liar.asked.clear()
        assert (await visit.login()).status_code == 303
        return [name for name, _ in visit.liar.asked].count("keys")

    assert [await asked(), await asked()] == [1, 0]
    visit.liar.key = es256("second")
    assert [await asked(), await asked()] == [1, 0]
    visit.liar.key = es256("second")  # another one under the old name
    assert [await asked(), await asked()] == [1, 0]
    visit.now += timedelta(hours=1)
    assert [await asked(), await asked()] == [1, 0]


async def test_odd_keys_beside_the_right_one_do_no_harm(visit: Visit) -> None:
    await visit.known()
    right = visit.liar.key.as_dict(private=False)
    rsa = RSAKey.generate_key(2048, {"kid": "first", "use": "enc"}).as_dict(private=False)
    kinds: list[Any] = [7, ["RSA"], {}, "EC"]
    odd: list[dict[str, Any]] = [{}, *({"kty": kind} for kind in kinds), {"kty": "oct", "k": "AAAA", "kid": "first"}, rsa]
    visit.liar.published = [*odd, {"kty": "EC", "crv": "P-0", "x": "", "y": "", "kid": "first"}, right]
    assert (await visit.login()).status_code == 303
    visit.liar.header = {"kid": None}
    assert (await visit.login()).status_code == 303
    visit.liar.published = odd
    visit.now += timedelta(hours=2)
    page(await visit.login(), 400, BAD)


async def test_what_the_token_does_not_tell_is_asked_for_about_the_same_person(visit: Visit) -> None:
    await visit.known()
    visit.liar.info = {"sub": "1", **visit.liar.claims}
    visit.liar.claims = {}
    assert (await visit.login()).status_code == 303
    visit.liar.info["sub"] = "2"
    page(await visit.login(), 502, DOWN)
    visit.liar.info = {"sub": "1", "email": EVA, "email_verified": True}
    visit.liar.claims = {"email": ADA}  # of which the token does not say that it is verified
    assert (await visit.login()).status_code == 303
    me = (await visit.browser.post("/api", json={"query": "{ me { email } }"})).json()["data"]["me"]
    assert me == {"email": EVA}
