"""The secret of an installation and the keys that derive from it."""

import hmac
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from integrates.server.settings import BadSetting

VARIABLE: Final = "INTEGRATES_SECRET"
MIN_BYTES: Final = 32


class FormerKey(msgspec.Struct, frozen=True):
    """A key that signs no more, and verifies until a date, or for as long as it is given."""

    token: bytes
    token_id: str
    until: datetime | None = None

    def __repr__(self) -> str:
        """Return the name only: keys must not reach a log."""
        return f"FormerKey({self.token_id})"


class Keys(msgspec.Struct, frozen=True):
    """A key for each purpose: ``token`` signs tokens, ``token_id`` names that key in them, ``cursor`` binds cursors.

    ``former`` are keys that tokens may still be signed with which were issued before the secret was changed.
    """

    token: bytes
    token_id: str
    cursor: bytes
    former: tuple[FormerKey, ...] = ()

    def __repr__(self) -> str:
        """Return the name only: keys must not reach a log."""
        return f"Keys({self.token_id})"


def verifying(keys: Keys, token_id: str, now: datetime) -> bytes | None:
    """Return the key of that name, if signatures made with it still count."""
    if token_id == keys.token_id:
        return keys.token
    found = next((former for former in keys.former if former.token_id == token_id), None)
    return found.token if found and (found.until is None or now < found.until) else None


def derive(secret: bytes) -> Keys:
    """Return the keys that derive from the secret, by HMAC-SHA-512 over the name of their purpose."""
    return Keys(
        token=hmac.digest(secret, b"integrates token v1", "sha512"),
        token_id=hmac.digest(secret, b"integrates token id v1", "sha512").hex()[:16],
        cursor=hmac.digest(secret, b"integrates cursor v1", "sha512"),
    )


def read_secret(environ: Mapping[str, str], key_file: Path | None) -> bytes:
    """Return the secret from ``INTEGRATES_SECRET``, else from the file beside an embedded store, which is made when missing.

    Raise :class:`BadSetting` without either (``key_file`` is ``None``), because other processes could not know the secret.
    """
    if VARIABLE in environ:
        return _checked(environ[VARIABLE].encode())
    if key_file is None:
        raise BadSetting(
            VARIABLE, f"is needed with this store: at least {MIN_BYTES} random characters, the same in all processes"
        )
    with suppress(FileNotFoundError):
        return _checked(key_file.read_bytes())
    return _made(key_file)


def _checked(secret: bytes) -> bytes:
    if len(secret) < MIN_BYTES:
        raise BadSetting(VARIABLE, f"has fewer than {MIN_BYTES} characters")
    return secret


def _made(path: Path) -> bytes:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    draft.touch(mode=0o600, exist_ok=False)
    try:
        draft.write_bytes(secrets.token_hex(64).encode())
        with suppress(FileExistsError):
            os.link(draft, path)  # a link appears whole and never replaces the file of a process that was faster
    finally:
        draft.unlink()
    return path.read_bytes()
