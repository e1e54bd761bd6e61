"""Watching the files of an open store, so that no write is acknowledged that nobody would find again.

SQLite goes on in a file that was removed, replaced or overwritten, and in the ``-wal`` and ``-shm`` beside it. So the writing
thread looks at all three before and after each commit, and a read asks first whether there is something to look at:

- Another file has one of the paths now, or none (device and inode).
- The database or its ``-wal`` was cut short, or is no database or ``-wal`` any more.
- Another program wrote into the database. A checkpoint does that, too; so each commit raises a number in the header
  (``PRAGMA application_id``), and after a checkpoint the file has at least the number of the one before, and none that was
  never committed. A copy from before the last checkpoint has a smaller number. A later copy, with what is in the ``-wal``,
  is the same store, so it does no harm.

What is not seen: pages in the middle that were overwritten, until SQLite comes upon them, and a ``-wal`` that is cut between
the look and the commit that follows at once.
"""

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from integrates.db_model.errors import Gone, Unavailable, Unfit
from integrates.db_model.store.sqlite.file import Texts, check_design

_AWAY: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ESTALE})
_NUMBERS: Final = 2**31 - 1
"""The numbers of commits begin again after so many."""
_HEADER: Final = 24
"""The bytes of a ``-wal`` up to the end of the salts (https://sqlite.org/fileformat2.html#walformat)."""
_MAGIC: Final = (b"", b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")


class Trace(msgspec.Struct, frozen=True):
    """A file as it was seen: which it is, its bytes, and when something was written to it, in nanoseconds."""

    device: int
    inode: int
    size: int
    written: int


class _Files(msgspec.Struct, frozen=True):
    """The database and the two files that SQLite puts beside it, as they were seen."""

    main: Trace
    wal: Trace
    shm: Trace


class _Paths(msgspec.Struct, frozen=True):
    """Where the files are. Where the path of the database is a link, the others are beside the file that it leads to."""

    main: str
    wal: str
    shm: str


class _Seen(msgspec.Struct, frozen=True):
    """What was seen last: the files, the header of the ``-wal``, the number in the database file, and that of the schema."""

    files: _Files
    header: bytes
    number: int
    schema: int


class Watch(msgspec.Struct, frozen=True):
    """Watches the files of an open store. Each function raises ``Gone`` when they are no longer those of the store.

    ``is_seen`` returns whether they are as they were at the last look, and may be called in any thread. ``look`` is called by
    the writing thread, outside of a transaction; ``check_version`` and ``advance`` within one: the former compares the version
    and the design of the store, the latter gives the transaction its number.
    """

    is_seen: Callable[[], bool]
    look: Callable[[], None]
    check_version: Callable[[], None]
    advance: Callable[[], None]


def trace(path: str) -> Trace:
    """Return a file as it is now. Raise ``Gone`` when there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - called for every read, and half as slow as Path.stat
    except OSError as error:
        if error.errno in _AWAY:
            raise Gone(f"the file {path} was removed or moved away while the store was open") from error
        raise Unavailable(f"{path}: {error.strerror}") from error
    return Trace(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _same(path: str, opened: Trace) -> Trace:
    """Return a file as it is now. Raise ``Gone`` when it is not the one that was opened."""
    found = trace(path)
    if (found.device, found.inode) != (opened.device, opened.inode):
        raise Gone(f"the file {path} was replaced while the store was open")
    return found


def _number(connection: sqlite3.Connection) -> int:
    (number,) = connection.execute("PRAGMA application_id").fetchone()
    return int(number)


def _number_in(path: str) -> int:
    """Return the number in the file itself, whatever the ``-wal`` holds.

    SQLite reads it, because closing a file descriptor of our own would end all locks of the process on the file. It is told
    that nobody else writes, so that it takes no lock, and not to mind pages that a checkpoint under way has yet to write.
    """
    url = f"file:{quote(path)}?mode=ro&immutable=1"
    with closing(sqlite3.connect(url, uri=True)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        return _number(connection)


def _first_number(path: str, connection: sqlite3.Connection) -> int:
    """Return the number in the file that is being opened, whose first page a power cut may have left for the log to mend."""
    try:
        return _number_in(path)
    except sqlite3.DatabaseError:
        connection.execute("PRAGMA wal_checkpoint")
        return _number_in(path)


def _header(path: str) -> bytes:
    """Return the header of a ``-wal``, which changes when SQLite begins it anew; nothing when it is empty."""
    try:
        descriptor = os.open(path, os.O_RDONLY)  # a third of what a file object takes, for every commit
        try:
            return os.read(descriptor, _HEADER)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}") from error


def _found(paths: _Paths, opened: _Files) -> _Files:
    found = _Files(_same(paths.main, opened.main), _same(paths.wal, opened.wal), _same(paths.shm, opened.shm))
    if found.shm.size < opened.shm.size:  # which is mapped into memory: touching what is cut off ends the process
        raise Gone(f"the file {paths.shm} was cut short while the store was open")
    return found


def _checkpoint(paths: _Paths, connection: sqlite3.Connection, found: _Files, seen: _Seen) -> int:
    """Return the number in the database file. Raise ``Gone`` when the file is not what checkpoints make of it."""
    number = _number_in(paths.main)
    if (number - seen.number) % _NUMBERS > (_number(connection) - seen.number) % _NUMBERS:
        raise Gone(f"the file {paths.main} was overwritten while the store was open")
    (pages,), (page,) = (connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
    if found.main.size < min(seen.files.main.size, pages * page):
        raise Gone(f"the file {paths.main} was cut short while the store was open")
    return number


def _check_wal(paths: _Paths, connection: sqlite3.Connection, found: _Files, header: bytes, seen: _Seen) -> None:
    """Raise ``Gone`` when the ``-wal`` is not what commits make of it. A checkpoint may have emptied it."""
    if header[:4] not in _MAGIC:
        raise Gone(f"the file {paths.wal} was overwritten while the store was open")
    is_shorter = found.wal.size < seen.files.wal.size
    if is_shorter and (_number_in(paths.main) != _number(connection) if not header else header == seen.header):
        raise Gone(f"the file {paths.wal} was cut short while the store was open")


def _first_seen(paths: _Paths, opened: Trace, connection: sqlite3.Connection, texts: Texts) -> _Seen:
    schema = check_design(connection, texts)  # the first read makes the files beside the database
    files = _Files(_same(paths.main, opened), trace(paths.wal), trace(paths.shm))
    return _Seen(files, _header(paths.wal), _first_number(paths.main, connection), schema)


def watched(path: Path, opened: Trace, connection: sqlite3.Connection, texts: Texts) -> Watch:
    """Return the watch over a store whose database was ``opened`` before the ``connection`` of its writing thread."""
    real = os.path.realpath(path)
    paths = _Paths(str(path), f"{real}-wal", f"{real}-shm")
    seen = _first_seen(paths, opened, connection, texts)

    def is_seen() -> bool:
        found = _found(paths, seen.files)
        return found.main == seen.files.main and found.wal.size >= seen.files.wal.size

    def look() -> None:
        nonlocal seen
        found = _found(paths, seen.files)
        is_written, is_logged = found.main != seen.files.main, found.wal != seen.files.wal
        number = _checkpoint(paths, connection, found, seen) if is_written else seen.number
        header = _header(paths.wal) if is_logged else seen.header
        if is_logged:
            _check_wal(paths, connection, found, header, seen)
        seen = _Seen(found, header, number, seen.schema)

    def check_version() -> None:
        nonlocal seen
        try:
            schema = check_design(connection, texts, seen.schema)
        except Unfit as error:
            raise Gone(f"{path}: {error.reason}; this was changed while the store was open") from error
        seen = msgspec.structs.replace(seen, schema=schema)

    def advance() -> None:
        connection.execute(f"PRAGMA application_id = {_number(connection) % _NUMBERS + 1}")

    return Watch(is_seen, look, check_version, advance)
