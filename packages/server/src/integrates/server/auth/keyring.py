"""The keys of a running process, which follow the file of the secrets when another process changes it."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from integrates.server.auth.secret import Keys, keys_of, secrets_in
from integrates.server.settings import BadSetting

Keyring: TypeAlias = Callable[[], Keys]
"""Returns the keys as they are now."""
_LOG: Final = logging.getLogger("integrates.server")


def following(key_file: Path, keys: Keys) -> Keyring:
    """Return the keyring of a file whose ``keys`` were just read: it reads the file again whenever that was replaced.

    A file that is gone or cannot be read leaves the keys as they are, with a warning each time it changes.
    """
    seen = _sign_of(key_file)

    def current() -> Keys:
        nonlocal seen, keys
        found = _sign_of(key_file)
        if found == seen:
            return keys
        seen = found
        try:
            keys = keys_of(secrets_in(key_file))
        except (OSError, BadSetting) as error:
            _LOG.warning("the file of the secrets cannot be read again; the keys stay as they were", exc_info=error)
        else:
            _LOG.info("the secrets were changed: key %s signs from now on", keys.token_id)
        return keys

    return current


def _sign_of(file: Path) -> tuple[int, int, int] | None:
    """Return what tells one content of a file from another: looking costs microseconds, on a file beside the database."""
    try:
        found = os.stat(file)  # noqa: PTH116 -- a method of Path would make an object for each request
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
