"""When an access token may be used (domain section 10.2)."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.access.rules import is_ci
from integrates.db_model.entity.rules import ENTITY, by
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.tokens.types import AccessToken, TokenKind, TokenState, TokenStatus
from integrates.db_model.values.check import Arguments, number, whole_of
from integrates.db_model.values.instant import is_ahead, utc
from integrates.db_model.values.text import digest, identifier, person_text

MAX_LIFE: Final = timedelta(days=180)
"""A token of a person expires before this time has passed, that of a CI identity after exactly this time."""
NOTICE: Final = timedelta(days=14)
"""How long before a token expires its owner is told so."""
SLOTS: Final = 5
"""Most live tokens of one person."""

_FIELDS: Final = whole_of(
    AccessToken,
    {
        **ENTITY,
        "id": identifier,
        "owner": by,
        "name": person_text,
        "jti_hash": digest,
        "slot": number(0, SLOTS),
        "state.by": by,
    },
)


def hash_jti(jti: str) -> str:
    """Return what is stored of the ``jti`` of a token, or of the link of an invitation: its SHA-256 in hex."""
    return sha256(jti.encode()).hexdigest()


def is_live(token: AccessToken) -> bool:
    """Return whether the token was not revoked. It may have expired."""
    return token.state.status is TokenStatus.ACTIVE


def is_usable(token: AccessToken, at: datetime) -> bool:
    """Return whether the token may be used at that moment; at ``expires_at`` itself it may not.

    A token that expires later than one issued now would expire was issued by a wrong clock, and counts as expired (E15).
    """
    return is_live(token) and is_ahead(token.expires_at, at, MAX_LIFE)


def expires_soon(token: AccessToken, at: datetime) -> bool:
    """Return whether it is time to issue another token: this one expires within :data:`NOTICE`."""
    return token.expires_at - at <= NOTICE


def revoked(old: AccessToken, at: datetime, *, by: str) -> AccessToken:
    """Return the token as somebody revoked it."""
    return replace(old, state=TokenState(status=TokenStatus.REVOKED, at=at, by=by))


class GivenToken(Struct, frozen=True, kw_only=True):
    """The checked arguments of a new token."""

    name: str
    expires_at: datetime


def arguments(now: datetime) -> Arguments[GivenToken]:
    """Return the rules of what a token is given that is issued ``now``."""
    return Arguments(GivenToken, {"name": person_text, "expires_at": partial(expiry, now=now)})


def expiry(expires_at: datetime, path: Sequence[str], *, now: datetime) -> datetime:
    """Return the date in UTC. Raise ``Rejected``: ``expiry_out_of_range`` unless it lies ahead, by less than 180 days."""
    moment = utc(expires_at, path)
    if not timedelta(0) < moment - now < MAX_LIFE:
        raise Rejected(Reason.EXPIRY_OUT_OF_RANGE, path)
    return moment


def whole(token: AccessToken) -> Iterator[Rejected]:
    """Yield each refusal of a token in any state (E13)."""
    refused = _FIELDS(token)
    yield from refused or _relations(token)


def _relations(token: AccessToken) -> Iterator[Rejected]:
    is_own, life = "@" in token.owner, token.expires_at - token.issued_at
    if is_own != (token.kind is TokenKind.API) or not (is_own or is_ci(token.owner)):
        yield Rejected(Reason.INCONSISTENT, ("owner",))
    if bool(token.slot) != (token.kind is TokenKind.API):
        yield Rejected(Reason.OUT_OF_RANGE, ("slot",))
    if not timedelta(0) < life <= MAX_LIFE or (token.kind is TokenKind.FORCES and life != MAX_LIFE):
        yield Rejected(Reason.EXPIRY_OUT_OF_RANGE, ("expires_at",))
