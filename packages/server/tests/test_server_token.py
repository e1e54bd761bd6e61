"""Security table, line T1: whatever is wrong with a token, the answer is the same nothing."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from msgspec import structs

from integrates.db_model.tokens.rules import hash_jti
from integrates.db_model.tokens.types import AccessToken, TokenKind, TokenState, TokenStatus
from integrates.server.auth.secret import derive
from integrates.server.auth.token import PATTERN, new_jti, read_claims, sign_token

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
KEYS = derive(b"the secret of the tests, 32 bytes and more")
OTHER_KEYS = derive(b"another secret of the tests, also long enough")
TOKEN_ID = "0b8f3a52-5c0e-4a4f-9a59-6f3b5b2f7f10"
JTI = f"{TOKEN_ID}.{'x' * 43}"
TOKEN = AccessToken(
    id=TOKEN_ID,
    owner="ada@demo.example",
    name="laptop",
    kind=TokenKind.API,
    issued_at=NOW,
    expires_at=NOW + timedelta(days=30),
    jti_hash=hash_jti(JTI),
    slot=1,
    state=TokenState(status=TokenStatus.ACTIVE, at=NOW, by="ada@demo.example"),
    created_at=NOW,
    created_by="ada@demo.example",
)
HEADER = {"alg": "HS512", "kid": KEYS.token_id, "typ": "JWT"}
CLAIMS: dict[str, Any] = {
    "iss": "integrates",
    "aud": "integrates-api",
    "sub": "ada@demo.example",
    "jti": JTI,
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 3600,
}


def signed(header: dict[str, Any], claims: dict[str, Any], key: bytes = KEYS.token, algorithm: str = "HS512") -> str:
    return "itg_" + jwt.encode({**header, "alg": algorithm}, dict(claims), OctKey.import_key(key), algorithms=[algorithm])


def assembled(header: Any, claims: Any, signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return "itg_" + ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def without(name: str) -> str:
    return signed(HEADER, {key: value for key, value in CLAIMS.items() if key != name})


def having(**changed: Any) -> str:
    return signed(HEADER, CLAIMS | changed)


def headed(**changed: Any) -> str:
    # joserfc itself refuses some of these headers, so the signature is made by hand
    key = OctKey.import_key(KEYS.token)
    header = base64.urlsafe_b64encode(json.dumps(HEADER | changed).encode()).rstrip(b"=")
    payload = base64.urlsafe_b64encode(json.dumps(CLAIMS).encode()).rstrip(b"=")
    signature = hmac.digest(key.raw_value, header + b"." + payload, hashlib.sha512)
    return "itg_" + b".".join((header, payload, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()


def by_rsa() -> str:
    header = {"alg": "RS256", "kid": KEYS.token_id, "typ": "JWT"}
    return "itg_" + jwt.encode(header, dict(CLAIMS), RSAKey.generate_key(2048, auto_kid=False), algorithms=["RS256"])


def tampered() -> str:
    head, _, signature = having().split(".")
    payload = base64.urlsafe_b64encode(json.dumps(CLAIMS | {"sub": "olga@demo.example"}).encode()).rstrip(b"=").decode()
    return f"{head}.{payload}.{signature}"


EPOCH = int(NOW.timestamp())
DEFECTS: dict[str, Callable[[], str]] = {
    "no token": lambda: "",
    "one word": lambda: "token",
    "two parts": lambda: having().rpartition(".")[0],
    "no signature": lambda: having().rpartition(".")[0] + ".",
    "bad base64": lambda: "itg_ä" + having().removeprefix("itg_"),
    "no prefix": lambda: having().removeprefix("itg_"),
    "prefix in capitals": lambda: "ITG_" + having().removeprefix("itg_"),
    "prefix twice": lambda: "itg_" + having(),
    "blank before the prefix": lambda: " " + having(),
    "only the prefix": lambda: "itg_",
    "padding": lambda: having() + "=",
    "header is no object": lambda: assembled(["alg"], CLAIMS, b"x"),
    "header is a text": lambda: assembled("alg", CLAIMS, b"x"),
    "header is null": lambda: assembled(None, CLAIMS, b"x"),
    "claims are no object": lambda: assembled(HEADER, [CLAIMS], b"x"),
    "header nested deeply": lambda: "itg_" + base64.urlsafe_b64encode(b"[" * 1400).rstrip(b"=").decode() + ".e30.e30",
    "algorithm none": lambda: assembled({**HEADER, "alg": "none"}, CLAIMS),
    "algorithm None": lambda: assembled({**HEADER, "alg": "None"}, CLAIMS),
    "algorithm HS256": lambda: signed(HEADER, CLAIMS, algorithm="HS256"),
    "algorithm RS256": by_rsa,
    "algorithm is a list": lambda: headed(alg=["HS512"]),
    "another key": lambda: signed(HEADER, CLAIMS, key=OTHER_KEYS.token),
    "tampered claims": tampered,
    "kid of another key": lambda: headed(kid=OTHER_KEYS.token_id),
    "kid is a path": lambda: headed(kid="../../../../dev/null"),
    "kid is missing": lambda: signed({"typ": "JWT"}, CLAIMS),
    "jku": lambda: headed(jku="https://evil.example/keys.json"),
    "jwk": lambda: headed(jwk={"kty": "oct", "k": "AAAA"}),
    "x5u": lambda: headed(x5u="https://evil.example/cert.pem"),
    "crit": lambda: headed(crit=["exp"]),
    "zip": lambda: headed(zip="DEF"),
    "b64": lambda: headed(b64=False),
    "another issuer": lambda: having(iss="other"),
    "audience of invitations": lambda: having(aud="integrates-invitation"),
    "no audience": lambda: having(aud=""),
    "audiences": lambda: having(aud=["integrates-api", "other"]),
    "expired": lambda: having(exp=EPOCH - 61),
    "expired a minute ago": lambda: having(exp=EPOCH - 60),
    "expiry is a text": lambda: having(exp=str(EPOCH + 60)),
    "expiry is true": lambda: having(exp=True),
    "expiry is a fraction": lambda: having(exp=EPOCH + 0.5),
    "expiry is huge": lambda: having(exp=10**400),
    "issued in the future": lambda: having(iat=EPOCH + 61),
    "not yet valid": lambda: having(nbf=EPOCH + 60),
    "unknown claim": lambda: having(role="admin"),
    "subject is a number": lambda: having(sub=1),
    "jti without secret": lambda: having(jti=TOKEN_ID),
    "jti with another form": lambda: having(jti=f"{TOKEN_ID}#.{'x' * 43}"),
    "one megabyte": lambda: having(sub="x" * 2**20),
    "one megabyte of dots": lambda: "." * 2**20,
    **{f"no {name}": partial(without, name) for name in CLAIMS},
}


def test_a_sound_token_is_read() -> None:
    claims = read_claims(KEYS, sign_token(KEYS, TOKEN, JTI), NOW + timedelta(days=29))
    assert claims is not None
    assert (claims.sub, claims.token_id, claims.jti) == ("ada@demo.example", TOKEN_ID, JTI)


def test_the_header_names_the_algorithm_and_the_key() -> None:
    header = json.loads(base64.urlsafe_b64decode(sign_token(KEYS, TOKEN, JTI).removeprefix("itg_").partition(".")[0] + "=="))
    assert header == HEADER


@pytest.mark.parametrize(
    "kind, owner, audience",
    [(TokenKind.API, "a@b.example", "integrates-api"), (TokenKind.FORCES, "service:forces:webshop", "integrates-forces")],
)
def test_every_token_fits_the_registered_pattern_and_says_what_it_is_for(kind: TokenKind, owner: str, audience: str) -> None:
    token = structs.replace(TOKEN, kind=kind, owner=owner)
    text = sign_token(KEYS, token, new_jti(TOKEN_ID))
    assert re.fullmatch(PATTERN, text)
    assert re.search(rf"\b{PATTERN}\b", f"TOKEN={text}\n")
    claims = read_claims(KEYS, text, NOW)
    assert claims is not None
    assert (claims.aud, claims.kind, claims.sub) == (audience, kind, owner)


@pytest.mark.parametrize(
    "text", ["itg_", "itg_webshop", "itg_eyJhbGciOiJIUzUxMiJ9", f"eyJ{'a' * 40}.eyJ{'a' * 200}.{'a' * 86}"]
)
def test_the_registered_pattern_means_nothing_else(text: str) -> None:
    assert not re.search(PATTERN, text)


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_makes_it_invalid(defect: str) -> None:
    assert read_claims(KEYS, DEFECTS[defect](), NOW) is None


@pytest.mark.parametrize("dates", [{"iat": EPOCH + 60}, {"exp": EPOCH}, {"exp": EPOCH - 59}])
def test_a_machine_whose_clock_differs_a_little_may_have_made_it(dates: dict[str, int]) -> None:
    assert read_claims(KEYS, having(**dates), NOW) is not None


def test_the_table_begins_from_a_sound_token() -> None:
    assert read_claims(KEYS, having(), NOW) is not None
    assert read_claims(KEYS, headed(), NOW) is not None


@settings(max_examples=200)
@given(st.one_of(st.text(max_size=200), st.from_regex(r"(itg_)?[A-Za-z0-9_-]{0,80}\.[A-Za-z0-9_-]{0,80}\.[A-Za-z0-9_-]{0,80}")))
def test_nothing_made_up_is_read_and_nothing_raises(text: str) -> None:
    assert read_claims(KEYS, text, NOW) is None


@settings(max_examples=100)
@given(value=st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), st.lists), in_header=st.booleans())
def test_no_signed_value_raises(value: Any, *, in_header: bool) -> None:
    text = headed(kid=value) if in_header else having(sub=value)
    claims = read_claims(KEYS, text, NOW)
    assert claims is None or isinstance(value, str)


def test_each_jti_has_256_fresh_random_bits() -> None:
    first, second = new_jti(TOKEN_ID), new_jti(TOKEN_ID)
    assert first != second
    assert len(base64.urlsafe_b64decode(first.partition(".")[2] + "=")) == 32


def test_keys_do_not_show_themselves() -> None:
    assert KEYS.token.hex() not in repr(KEYS)
    assert repr(KEYS.token) not in repr(KEYS)


def test_a_token_that_was_sound_before_is_looked_at_again() -> None:
    """Its signature is verified once, its dates and the key each time."""
    text = sign_token(KEYS, TOKEN, JTI)
    assert read_claims(KEYS, text, NOW) == read_claims(KEYS, text, NOW)
    assert read_claims(KEYS, text, TOKEN.expires_at + timedelta(seconds=60)) is None
    assert read_claims(derive(b"another secret of thirty-two bytes"), text, NOW) is None
    assert read_claims(KEYS, text[:-1], NOW) is None
