"""Access tokens of people and of the CI identities of groups: statements about an access token entity (domain section 10.2).

``PATTERN`` is what secret scanners are told to look for.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta

from integrates.db_model.tokens.types import AccessToken, TokenKind
from integrates.server.auth.secret import Keys
from integrates.server.auth.signature import ISSUER, Statement, read_statement, sign

PREFIX: Final = "itg_"
"""What every token begins with, so that people and scanners recognise one; it is dropped before anything is verified."""
PATTERN: Final = r"itg_eyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{100,}\.[A-Za-z0-9_-]{86}"
"""The registered pattern: the prefix, and a JWT of which header and claims begin with ``{"`` and the signature has 64 bytes."""
AUDIENCES: Final[Mapping[TokenKind, str]] = {TokenKind.API: "integrates-api", TokenKind.FORCES: "integrates-forces"}
"""What the claim ``aud`` says, by the kind of the token."""
KINDS: Final[Mapping[str, TokenKind]] = {audience: kind for kind, audience in AUDIENCES.items()}
SECRET_BYTES: Final = 32


class Claims(Statement, frozen=True, forbid_unknown_fields=True):
    """The claims of a token; ``jti`` is the id of the access token entity and its secret."""

    jti: Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}\.[A-Za-z0-9_-]{43}$")]

    @property
    def token_id(self) -> str:
        """Return the id of the access token entity."""
        return self.jti.partition(".")[0]

    @property
    def kind(self) -> TokenKind:
        """Return what the token is for."""
        return KINDS[self.aud]


def new_jti(token_id: str) -> str:
    """Return a new secret for the token: its id, a full stop and 256 random bits."""
    return f"{token_id}.{secrets.token_urlsafe(SECRET_BYTES)}"


def sign_token(keys: Keys, token: AccessToken, jti: str) -> str:
    """Return the text that proves possession of ``jti``, which is shown once."""
    claims = Claims(
        iss=ISSUER,
        aud=AUDIENCES[token.kind],
        sub=token.owner,
        jti=jti,
        iat=int(token.issued_at.timestamp()),
        exp=int(token.expires_at.timestamp()),
    )
    return f"{PREFIX}{sign(keys, claims)}"


def read_claims(keys: Keys, text: str, now: datetime) -> Claims | None:
    """Return the claims of a token of ours; ``None`` for any defect, such as no prefix or another audience.

    See :func:`integrates.server.auth.signature.read_statement`.
    """
    if not text.startswith(PREFIX):
        return None
    claims = read_statement(keys, text.removeprefix(PREFIX), Claims, now)
    return claims if claims and claims.aud in KINDS else None
