"""The secret of an installation and the keys that derive from it."""

import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from filelock import FileLock
from msgspec.structs import replace

from integrates.db_model.tokens.rules import MAX_LIFE
from integrates.server.settings import BadSetting

VARIABLE: Final = "INTEGRATES_SECRET"
MIN_BYTES: Final = 32
LIFE: Final = MAX_LIFE + timedelta(days=1)
"""How long a secret verifies after another one took its place: as long as a token lives, and a day for clocks that differ."""


class FormerKey(msgspec.Struct, frozen=True):
    """A key that signs no more, and verifies until a date, or for as long as it is given."""

    token: bytes
    token_id: str
    until: datetime | None = None

    def __repr__(self) -> str:
        """Return the name only: keys must not reach a log."""
        return f"FormerKey({self.token_id})"


class Keys(msgspec.Struct, frozen=True):
    """A key for each purpose: ``token`` signs tokens, ``token_id`` names that key in them, ``cursor`` binds cursors, ``login``,
    which has 256 bits, seals logins under way.

    ``former`` are keys that tokens may still be signed with which were issued before the secret was changed.
    """

    token: bytes
    token_id: str
    cursor: bytes
    login: bytes
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
        login=hmac.digest(secret, b"integrates login v1", "sha512")[:32],
    )


class Secret(msgspec.Struct, frozen=True):
    """A secret of the installation. The first of several signs; the others verify until a date, or as long as given."""

    value: bytes
    until: datetime | None = None

    def __repr__(self) -> str:
        """Return the name of its key only: secrets must not reach a log."""
        return f"Secret({derive(self.value).token_id})"


def keys_of(secrets_: Sequence[Secret]) -> Keys:
    """Return the keys that derive from the first secret, with those of the others as former ones."""
    current, *others = secrets_
    derived = ((derive(one.value), one.until) for one in others)
    former = tuple(FormerKey(keys.token, keys.token_id, until) for keys, until in derived)
    return replace(derive(current.value), former=former)


def read_secrets(environ: Mapping[str, str], key_file: Path | None) -> tuple[Secret, ...]:
    """Return the secrets from ``INTEGRATES_SECRET``, else from the file beside an embedded store, which is made when missing.

    Several in the variable are separated by blanks. Raise :class:`BadSetting` without either (``key_file`` is ``None``),
    because other processes could not know the secret.
    """
    if VARIABLE in environ:
        return tuple(_checked([word]) for word in environ[VARIABLE].split()) or (_checked([""]),)
    if key_file is None:
        raise BadSetting(
            VARIABLE, f"is needed with this store: at least {MIN_BYTES} random characters, the same in all processes"
        )
    with suppress(FileNotFoundError):
        return secrets_in(key_file)
    return _made(key_file)


def secrets_in(key_file: Path) -> tuple[Secret, ...]:
    """Return the secrets in a file: a line for each, with the date until which it verifies behind those that sign no more.

    Raise :class:`BadSetting` for anything else, ``FileNotFoundError`` when there is no file.
    """
    lines = [line.split() for line in key_file.read_text(errors="surrogateescape").splitlines() if line.strip()]
    return tuple(map(_checked, lines)) or (_checked([""]),)


def _checked(words: Sequence[str]) -> Secret:
    """Return the secret that the first word is; the second one, if there is one, is the date until which it verifies."""
    secret = words[0].encode(errors="surrogateescape")
    if len(secret) < MIN_BYTES:
        raise BadSetting(VARIABLE, f"has fewer than {MIN_BYTES} characters; blanks separate several secrets")
    try:
        date = datetime.fromisoformat(words[1]) if len(words) > 1 else None
    except ValueError as error:
        raise BadSetting(VARIABLE, "what follows a secret in its file is the date until which it verifies") from error
    if len(words) > 2 or (date is not None and date.utcoffset() is None):  # noqa: PLR2004 -- a secret and a date
        raise BadSetting(VARIABLE, "a line of its file has a secret and a date with an offset")
    return Secret(secret, date)


def new_secret() -> Secret:
    """Return a new secret: 512 random bits in hex."""
    return Secret(secrets.token_hex(64).encode())


def text_of(given: Sequence[Secret]) -> bytes:
    """Return what a file of secrets holds."""
    return b"\n".join(
        one.value if one.until is None else b"%b %b" % (one.value, one.until.isoformat().encode()) for one in given
    )


def rotated(given: Sequence[Secret], fresh: Secret, now: datetime, *, forget: bool) -> tuple[Secret, ...]:
    """Return the secrets with a new one in front, which signs from now on.

    The former ones verify until the last token signed with them has expired, or not at all when they are to be forgotten.
    """
    kept = () if forget else (replace(one, until=one.until or now + LIFE) for one in given)
    return (fresh, *(one for one in kept if one.until is None or now < one.until))


def rotate_file(key_file: Path, now: datetime, *, forget: bool) -> tuple[Secret, ...]:
    """Put a new secret in front of those in a file, which is replaced whole; return all of them as they are then.

    Of several processes that do so at once one waits for the other. The file keeps its owner.
    """
    path = key_file.resolve()
    with FileLock(f"{path}.lock", mode=0o600):
        known = path.stat()
        made = rotated(secrets_in(path), new_secret(), now, forget=forget)
        draft = _drafted(path, text_of(made))
        with suppress(PermissionError):
            os.chown(draft, known.st_uid, known.st_gid)
        draft.replace(path)
    return made


def _drafted(path: Path, content: bytes) -> Path:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    draft.touch(mode=0o600, exist_ok=False)
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _made(path: Path) -> tuple[Secret, ...]:
    draft = _drafted(path, text_of((new_secret(),)))
    try:
        with suppress(FileExistsError):
            os.link(draft, path)  # a link appears whole and never replaces the file of a process that was faster
    finally:
        draft.unlink()
    return secrets_in(path)
