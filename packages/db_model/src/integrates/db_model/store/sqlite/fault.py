"""What an error of SQLite means to a caller of the store. Pure."""

import sqlite3
from collections.abc import Mapping
from typing import Final

from integrates.db_model.errors import Gone, StoreError, Unavailable, Unfit
from integrates.db_model.store.retry import Transient

_PRIMARY: Final = 0xFF
"""The bits of an extended result code that hold the primary one (https://sqlite.org/rescode.html)."""
_EXTENDED: Final[Mapping[int, type[StoreError]]] = {
    sqlite3.SQLITE_IOERR_SHORT_READ: Gone,  # the file is shorter than it says
    sqlite3.SQLITE_IOERR_CORRUPTFS: Gone,
    sqlite3.SQLITE_READONLY_DBMOVED: Gone,
}
_MEANINGS: Final[Mapping[int, type[StoreError | Transient]]] = {
    sqlite3.SQLITE_BUSY: Transient,
    sqlite3.SQLITE_LOCKED: Transient,
    sqlite3.SQLITE_PROTOCOL: Transient,  # two processes began at once
    # A disk that is full, or fails, makes the right store unavailable: once that is mended, the same call succeeds. It takes
    # longer than any retries, so there are none.
    sqlite3.SQLITE_FULL: Unavailable,
    sqlite3.SQLITE_IOERR: Unavailable,
    sqlite3.SQLITE_NOMEM: Unavailable,
    sqlite3.SQLITE_INTERRUPT: Unavailable,
    sqlite3.SQLITE_CORRUPT: Gone,
    sqlite3.SQLITE_NOTADB: Gone,
}


def translated(error: sqlite3.Error) -> StoreError | Transient:
    """Return the error for the caller: ``Transient`` when another attempt may succeed.

    A file that is damaged or no database is ``Gone``. Every error that is not in the tables is ``Unfit``: a file that is
    read-only, impossible to open or without the tables of the design, or a store that was closed. Trying again does not help
    with any of them.
    """
    code = getattr(error, "sqlite_errorcode", None)
    if not isinstance(code, int):
        return Unfit(str(error))
    return _EXTENDED.get(code, _MEANINGS.get(code & _PRIMARY, Unfit))(str(error))
