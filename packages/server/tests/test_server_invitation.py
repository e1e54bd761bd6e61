"""Links of invitations: whatever is wrong with one, the answer is the same nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from msgspec.structs import replace

from integrates.db_model.access.answer import Link
from integrates.db_model.access.commands import group_guest, organization_guest
from integrates.db_model.access.invitation import new_invitation
from integrates.db_model.access.types import GroupAccess
from integrates.db_model.entity.types import Stamp
from integrates.db_model.tokens.rules import hash_jti
from integrates.server.auth.invitation import invitation_url, link_of, read_invitation, sign_invitation
from integrates.server.auth.secret import derive
from integrates.server.auth.token import new_jti, read_claims

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
KEYS = derive(b"the secret of the tests, 32 bytes and more")
OTHER_KEYS = derive(b"another secret of the tests, also long enough")
ORGANIZATION = "0b8f3a52-5c0e-4a4f-9a59-6f3b5b2f7f10"
NINA = "nina@demo.example"
JTI = f"webshop.{'x' * 43}"
STAMP = Stamp(by="ada@demo.example", at=NOW, operation="add_group_member", change_id=ORGANIZATION)
CLAIMS: dict[str, Any] = {
    "iss": "integrates",
    "aud": "integrates-invitation",
    "sub": NINA,
    "jti": JTI,
    "iat": int(NOW.timestamp()),
    "exp": int((NOW + timedelta(days=7)).timestamp()),
}
HEADER = {"alg": "HS512", "kid": KEYS.token_id, "typ": "JWT"}


def guest() -> GroupAccess:
    return group_guest(NINA, "webshop", new_invitation("user", hash_jti(JTI), STAMP), STAMP)


def having(key: bytes = KEYS.token, header: dict[str, Any] = HEADER, **changed: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changed).items() if value is not None}
    return jwt.encode(header, claims, OctKey.import_key(key), algorithms=["HS512"])


DEFECTS: dict[str, Callable[[], str]] = {
    "no token": lambda: "",
    "one word": lambda: "token",
    "another key": lambda: having(OTHER_KEYS.token),
    "kid of another key": lambda: having(header=HEADER | {"kid": OTHER_KEYS.token_id}),
    "tampered": lambda: having().replace(".", ".e", 1),
    "an access token": lambda: having(aud="integrates-api"),
    "another issuer": lambda: having(iss="other"),
    "no subject": lambda: having(sub=None),
    "no secret": lambda: having(jti="webshop"),
    "a short secret": lambda: having(jti=f"webshop.{'x' * 42}"),
    "no target": lambda: having(jti=f".{'x' * 43}"),
    "an odd target": lambda: having(jti=f"Web#shop.{'x' * 43}"),
    "an unknown claim": lambda: having(role="admin"),
    "one megabyte": lambda: having(sub="n" * 2**20),
}


def test_a_link_is_read_until_it_ends() -> None:
    text = sign_invitation(KEYS, guest(), JTI)
    claims = read_invitation(KEYS, text, NOW)
    assert claims is not None
    assert link_of(claims) == Link(email=NINA, target="webshop", jti_hash=hash_jti(JTI))
    assert read_invitation(KEYS, text, NOW + timedelta(days=7, seconds=59)) == claims
    assert read_invitation(KEYS, text, NOW + timedelta(days=7, seconds=60)) is None
    assert read_invitation(KEYS, text, NOW - timedelta(seconds=61)) is None
    assert read_invitation(KEYS, having(), NOW) == claims


def test_a_link_to_an_organization_names_its_id() -> None:
    jti = new_jti(ORGANIZATION)
    access = organization_guest(NINA, ORGANIZATION, new_invitation("user", hash_jti(jti), STAMP), STAMP)
    claims = read_invitation(KEYS, sign_invitation(KEYS, access, jti), NOW)
    assert claims is not None
    assert link_of(claims).target == ORGANIZATION


@pytest.mark.parametrize("defect", DEFECTS)
def test_nothing_else_is_read(defect: str) -> None:
    assert read_invitation(KEYS, DEFECTS[defect](), NOW) is None


def test_a_link_is_no_access_token() -> None:
    jti = new_jti(ORGANIZATION)
    access = organization_guest(NINA, ORGANIZATION, new_invitation("user", hash_jti(jti), STAMP), STAMP)
    text = sign_invitation(KEYS, access, jti)
    assert read_invitation(KEYS, text, NOW) is not None
    assert read_claims(KEYS, text, NOW) is None


def test_a_link_has_the_origin_where_that_is_known() -> None:
    text = sign_invitation(KEYS, guest(), JTI)
    assert invitation_url(KEYS, "https://integrates.example", guest(), JTI) == f"https://integrates.example/invitations/{text}"
    assert invitation_url(KEYS, "", guest(), JTI) == f"/invitations/{text}"


def test_there_is_no_link_without_an_invitation() -> None:
    with pytest.raises(ValueError, match="no invitation"):
        sign_invitation(KEYS, replace(guest(), invitation=None), JTI)
