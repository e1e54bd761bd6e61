"""Signed statements of this installation: JSON Web Tokens of one form, whatever they state (domain section 10.2).

Access tokens and invitations are both such statements; ``aud`` tells them apart, so that neither passes for the other.
"""

import hashlib
from base64 import urlsafe_b64decode
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec
from cachetools import LRUCache
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from msgspec import Meta

from integrates.db_model.values.instant import SKEW
from integrates.server.auth.secret import Keys, verifying

ALGORITHM: Final = "HS512"
ISSUER: Final = "integrates"
MAX_LENGTH: Final = 2048
"""Characters of the longest statement looked at; ours have about 500."""
_GENUINE: Final[LRUCache[bytes, "Statement"]] = LRUCache(1_024)
"""Statements whose signature was verified, by a hash of key and text. Forged ones are not kept, so they displace nothing."""

Moment = Annotated[int, Meta(ge=0, le=253_402_300_799)]
"""Seconds since 1970, up to the year 9999."""


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The only header that is accepted: a member that chooses another key (``jku``, ``jwk``, ``x5u``, …) is refused."""

    alg: str
    kid: str
    typ: str


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The claims of a statement, all required; dates are whole seconds since 1970."""

    iss: str
    aud: str
    sub: str
    jti: str
    iat: Moment
    exp: Moment


S = TypeVar("S", bound=Statement)
T = TypeVar("T")


def sign(keys: Keys, claims: Statement) -> str:
    """Return the JWT that states the claims, signed with the current key, which its header names by ``kid``."""
    header = {"alg": ALGORITHM, "kid": keys.token_id, "typ": "JWT"}
    return jwt.encode(header, msgspec.to_builtins(claims), OctKey.import_key(keys.token), algorithms=[ALGORITHM])


def read_statement(keys: Keys, text: str, kind: type[S], now: datetime) -> S | None:
    """Return the claims of a JWT of ours; ``None`` for any defect of form, algorithm, key, signature, claims or dates.

    A former key verifies as long as tokens signed with it may live. The dates have a leeway of ``SKEW``, because another
    machine may have set them. Whom the statement is for (``aud``) is left to the caller.
    """
    if len(text) > MAX_LENGTH:
        return None
    try:
        header = header_of(text, Header)
    except (ValueError, RecursionError):
        return None
    key = verifying(keys, header.kid, now)
    if key is None or header.alg != ALGORITHM:
        return None
    claims = _genuine(key, text, kind)
    at, leeway = now.timestamp(), SKEW.total_seconds()
    return claims if claims and claims.iss == ISSUER and claims.iat - leeway <= at < claims.exp + leeway else None


def _genuine(key: bytes, text: str, kind: type[S]) -> S | None:
    """Return the claims of a JWT that was signed with the key, whatever its dates; ``None`` for any other defect."""
    known = hashlib.sha256(b"%b %b" % (key, text.encode(errors="surrogatepass"))).digest()
    kept = _GENUINE.get(known)
    if isinstance(kept, kind):
        return kept
    try:
        decoded: Any = jwt.decode(text, OctKey.import_key(key), algorithms=[ALGORITHM])
        claims = msgspec.convert(decoded.claims, kind)
    except (JoseError, ValueError, RecursionError):
        return None
    _GENUINE[known] = claims
    return claims


def header_of(text: str, kind: type[T]) -> T:
    """Return the header of a JWT, read before the library does so, which takes any JSON value for an object.

    Raise ``ValueError`` or ``RecursionError`` when it is no such header.
    """
    segment = text.partition(".")[0]
    return msgspec.json.decode(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)), type=kind)
