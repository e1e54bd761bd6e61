"""Ids of sessions: what the cookie of a browser holds, and what is stored of it (domain section 10.2)."""

import hashlib
import secrets
from typing import Final

ID_BYTES: Final = 32


def new_session_id() -> str:
    """Return 256 random bits for a cookie."""
    return secrets.token_urlsafe(ID_BYTES)


def hash_session_id(session_id: str) -> str:
    """Return what is stored of a cookie: its SHA-256 in hex."""
    return hashlib.sha256(session_id.encode()).hexdigest()
