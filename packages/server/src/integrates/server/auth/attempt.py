"""A login under way: what the browser keeps, sealed, while the person is at the provider."""

import secrets
from datetime import datetime, timedelta
from typing import Final

import msgspec
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from integrates.db_model.values.instant import SKEW
from integrates.server.auth.secret import Keys

LIFE: Final = timedelta(minutes=10)
"""How long a person may take to log in at the provider."""
COOKIE: Final = "integrates_login"
PATH: Final = "/auth/callback"
MAX_LENGTH: Final = 4096
_SEALING: Final = {"alg": "dir", "enc": "A256GCM"}
_RANDOM_BYTES: Final = 32


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A login under way. ``state`` binds the answer to this browser, ``nonce`` the token and ``verifier`` the code to it."""

    provider: str
    state: str
    nonce: str
    verifier: str
    next: str
    begun: float


def new_attempt(provider: str, next_path: str, now: datetime) -> Attempt:
    """Return a login that begins now, with 256 random bits for each purpose."""
    state, nonce, verifier = (secrets.token_urlsafe(_RANDOM_BYTES) for _ in range(3))
    return Attempt(provider=provider, state=state, nonce=nonce, verifier=verifier, next=next_path, begun=now.timestamp())


def sealed(keys: Keys, attempt: Attempt) -> str:
    """Return the attempt, encrypted and authenticated, for a cookie."""
    return jwe.encrypt_compact(
        dict(_SEALING), msgspec.json.encode(attempt), OctKey.import_key(keys.login), list(_SEALING.values())
    )


def opened(keys: Keys, text: str | None, now: datetime) -> Attempt | None:
    """Return the attempt in a cookie; ``None`` when it is missing, not ours, changed, or older than ``LIFE``."""
    if text is None or len(text) > MAX_LENGTH:
        return None
    try:
        content = jwe.decrypt_compact(text, OctKey.import_key(keys.login), list(_SEALING.values())).plaintext
        attempt = msgspec.json.decode(content or b"", type=Attempt)
    except (JoseError, ValueError, TypeError, RecursionError):
        return None
    age = timedelta(seconds=now.timestamp() - attempt.begun)
    return attempt if -SKEW <= age < LIFE else None
