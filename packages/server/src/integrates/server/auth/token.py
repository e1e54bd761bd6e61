"""API tokens: signed statements about an access token entity (domain section 10.2)."""

import hashlib
import secrets
from base64 import urlsafe_b64decode
from datetime import datetime
from typing import Annotated, Final

import msgspec
from cachetools import LRUCache
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from msgspec import Meta

from integrates.db_model.tokens.types import AccessToken
from integrates.db_model.values.instant import SKEW
from integrates.server.auth.secret import Keys

ALGORITHM: Final = "HS512"
ISSUER: Final = "integrates"
AUDIENCE: Final = "integrates-api"
MAX_LENGTH: Final = 2048
"""Characters of the longest token looked at; ours have about 500."""
SECRET_BYTES: Final = 32
_GENUINE: Final[LRUCache[bytes, "Claims"]] = LRUCache(1_024)
"""The claims of tokens whose signature was verified, by a hash. Forged tokens are not kept, so they displace nothing."""

Moment = Annotated[int, Meta(ge=0, le=253_402_300_799)]
"""Seconds since 1970, up to the year 9999."""


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The only header that is accepted: a member that chooses another key (``jku``, ``jwk``, ``x5u``, …) is refused."""

    alg: str
    kid: str
    typ: str


class Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The claims of a token, all required; dates are whole seconds since 1970."""

    iss: str
    aud: str
    sub: str
    jti: Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}\.[A-Za-z0-9_-]{43}$")]
    iat: Moment
    exp: Moment

    @property
    def token_id(self) -> str:
        """Return the id of the access token entity."""
        return self.jti.partition(".")[0]


def new_jti(token_id: str) -> str:
    """Return a new secret for the token: its id, a full stop and 256 random bits."""
    return f"{token_id}.{secrets.token_urlsafe(SECRET_BYTES)}"


def hash_jti(jti: str) -> str:
    """Return what is stored of a ``jti``: its SHA-256 in hex."""
    return hashlib.sha256(jti.encode()).hexdigest()


def sign_token(keys: Keys, token: AccessToken, jti: str) -> str:
    """Return the JWT that proves possession of ``jti``, which is shown once."""
    claims = Claims(
        iss=ISSUER,
        aud=AUDIENCE,
        sub=token.owner,
        jti=jti,
        iat=int(token.issued_at.timestamp()),
        exp=int(token.expires_at.timestamp()),
    )
    header = {"alg": ALGORITHM, "kid": keys.token_id, "typ": "JWT"}
    return jwt.encode(header, msgspec.to_builtins(claims), OctKey.import_key(keys.token), algorithms=[ALGORITHM])


def read_claims(keys: Keys, text: str, now: datetime) -> Claims | None:
    """Return the claims of a JWT of ours; ``None`` for any defect of form, algorithm, key, signature, claims or dates.

    The dates have a leeway of ``SKEW``, because another machine may have set them.
    """
    if len(text) > MAX_LENGTH:
        return None
    known = hashlib.sha256(b"%b %b" % (keys.token, text.encode(errors="surrogatepass"))).digest()
    claims = _GENUINE.get(known) or _genuine(keys, text)
    if claims is not None:
        _GENUINE[known] = claims
    at, leeway = now.timestamp(), SKEW.total_seconds()
    return claims if claims and claims.iat - leeway <= at < claims.exp + leeway else None


def _genuine(keys: Keys, text: str) -> Claims | None:
    """Return the claims of a JWT of ours whatever its dates; ``None`` for any other defect."""
    try:
        header = _header(text)
        decoded = jwt.decode(text, OctKey.import_key(keys.token), algorithms=[ALGORITHM])
        claims = msgspec.convert(decoded.claims, Claims)
    except (JoseError, ValueError, RecursionError):
        return None
    expected = (header.alg, header.kid, claims.iss, claims.aud) == (ALGORITHM, keys.token_id, ISSUER, AUDIENCE)
    return claims if expected else None


def _header(text: str) -> Header:
    """Return the header, read before the library does so, which takes any JSON value for an object."""
    segment = text.partition(".")[0]
    return msgspec.json.decode(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)), type=Header)
