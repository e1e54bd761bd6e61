"""The access token entity."""

from datetime import datetime
from enum import StrEnum

import msgspec

from integrates.db_model.entity.types import Entity


class TokenKind(StrEnum):
    """What the token opens."""

    API = "API"
    FORCES = "FORCES"


class TokenStatus(StrEnum):
    """Whether the token may still be used."""

    ACTIVE = "ACTIVE"
    REVOKED = "REVOKED"


class TokenState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Status of the token."""

    status: TokenStatus
    at: datetime
    by: str


class AccessToken(Entity, frozen=True, kw_only=True):
    """A bearer token. The secret itself is never stored: ``jti_hash`` is the SHA-256 of its ``jti`` claim in hex."""

    id: str
    owner: str
    name: str
    kind: TokenKind
    issued_at: datetime
    expires_at: datetime
    jti_hash: str
    slot: int
    state: TokenState
