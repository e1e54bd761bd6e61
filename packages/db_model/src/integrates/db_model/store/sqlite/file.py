"""The file of a SQLite store: opening it, creating it, and migrating it."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from integrates.db_model.errors import Unfit
from integrates.db_model.store.port import IndexKeys
from integrates.db_model.store.sqlite.fault import translated
from integrates.db_model.store.sqlite.statements import SCHEMA_VERSION, Statements, index_columns, index_values, item

MIGRATE: Final = "integrates.db_model.store.migration.migrate_store brings it to the design of this program"
Texts = Mapping[str, Statements]


def connected(path: Path, busy: float, settings: Iterable[str] = ("cache_size = -512",)) -> sqlite3.Connection:
    """Return a connection to an existing file. ``busy`` is how many seconds a statement waits for a lock.

    Each connection has a cache of its own, in KiB below zero. One that reads loses it with every commit, and the system keeps
    the file in memory anyway: more than a little costs memory and saves nothing.
    """
    url = f"file:{quote(str(path))}?mode=rw"
    with ExitStack() as stack:
        connection = sqlite3.connect(url, uri=True, timeout=busy, isolation_level=None, check_same_thread=False)
        stack.enter_context(closing(connection))
        for setting in settings:
            connection.execute(f"PRAGMA {setting}")
        stack.pop_all()
    return connection


def writing(path: Path, busy: float) -> sqlite3.Connection:
    """Return a connection that writes durably, with a large WAL, so that a page of many writes is copied to the file once.

    What a savepoint may have to undo stays in memory, because a temporary file for it costs a third of all writing. The cache
    holds what the commits of an import change, which would be written twice otherwise. (Measured: 16 MiB cost the service 4 MiB
    more memory, and an import of 10,000 results as much time.)
    """
    settings = ("synchronous = FULL", "cache_size = -12288", "wal_autocheckpoint = 4000", "temp_store = MEMORY")
    return connected(path, busy, settings)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _names(connection: sqlite3.Connection) -> frozenset[str]:
    """Return the names of all tables and indexes, except those that SQLite makes itself."""
    text = "SELECT name FROM sqlite_master WHERE type IN ('table', 'index') AND name NOT LIKE 'sqlite_%'"
    return frozenset(name for (name,) in connection.execute(text))


def _designed(texts: Texts) -> frozenset[str]:
    return frozenset(name for table in texts.values() for name in (table.table, *table.indexes))


def _check_version(connection: sqlite3.Connection) -> None:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found != SCHEMA_VERSION:
        kind = "is no store" if found == 0 else f"is of version {found}, and this program reads version {SCHEMA_VERSION}"
        raise Unfit(f"the file {kind}")


def check_design(connection: sqlite3.Connection, texts: Texts, known: int | None = None) -> int:
    """Raise ``Unfit`` unless the file has exactly the tables and indexes of the design. Return the number of its schema.

    SQLite raises that number with every change of a table or an index. Under the number ``known`` nothing needs to be compared.
    """
    _check_version(connection)
    (number,) = connection.execute("PRAGMA schema_version").fetchone()
    if number == known:
        return int(number)
    found, designed = _names(connection), _designed(texts)
    if newer := sorted(found - designed):
        raise Unfit(f"the file was made by a newer program: this one does not know {', '.join(newer)}")
    if missing := sorted(designed - found):
        raise Unfit(f"the file was made by an older program: it lacks {', '.join(missing)}. {MIGRATE}")
    return int(number)


def _create(connection: sqlite3.Connection, texts: Texts) -> None:
    """Create the tables in an empty database. Leave any other one alone."""
    with _transaction(connection):
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found or _names(connection):
            return
        for table in texts.values():
            for text in (table.create, *table.indexes.values()):
                connection.execute(text)
        (number,) = connection.execute("SELECT abs(random() % 1000000000) + 1").fetchone()
        connection.execute(f"PRAGMA application_id = {number}")  # commits count on from there (see ``watch``)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _check_path(path: Path, *, create: bool) -> None:
    if not path.parent.is_dir() or path.is_dir():
        raise Unfit(f"not a file in an existing folder: {path}")
    if not create and not path.exists():
        raise Unfit(f"there is no store in {path}")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Translate the errors of SQLite and of the system, and name the file in them."""
    try:
        yield
    except sqlite3.Error as error:
        raise type(translated(error))(f"{path}: {error}") from error
    except OSError as error:
        raise Unfit(f"{path}: {error.strerror}") from error
    except Unfit as error:
        raise Unfit(error.reason if str(path) in error.reason else f"{path}: {error.reason}") from error


def prepare(path: Path, busy: float, texts: Texts, *, create: bool) -> None:
    """Make sure that there is a store of the design in the file.

    A missing file or table is made only with ``create``, readable by its owner only, like the files that SQLite puts beside it.
    Raise ``Unfit`` when the file is missing or something else, ``Transient`` while it is locked.
    """
    with _named(path):
        _check_path(path, create=create)
    if create:
        with suppress(OSError):  # SQLite tells why it cannot be done
            path.touch(mode=0o600, exist_ok=False)
    with _named(path), closing(writing(path, busy)) as connection:
        if create:
            _create(connection, texts)
        check_design(connection, texts)
        connection.execute("PRAGMA journal_mode = WAL")  # changes nothing in a store of ours; never reached in other files


def _added(connection: sqlite3.Connection, table: Statements, found: frozenset[str]) -> bool:
    """Create the table, or the columns of its missing indexes. Return whether there may be items without keys in these."""
    if table.table not in found:
        connection.execute(table.create)
        return False
    present = {row[1] for row in connection.execute(f"PRAGMA table_info({table.table})")}
    missing = [column for column in index_columns(table.numbers) if column not in present]
    for column in missing:
        connection.execute(f"ALTER TABLE {table.table} ADD COLUMN {column} TEXT")
    return bool(table.indexes.keys() - found)


def _reindex(connection: sqlite3.Connection, table: Statements, index_keys: IndexKeys) -> None:
    last = 0
    while rows := connection.execute(table.every, (last,)).fetchall():
        for _, *columns in rows:
            stored = item(table.table, table.numbers, columns)
            connection.execute(table.reindex, (*index_values(index_keys(stored), table.numbers), stored.key.pk, stored.key.sk))
        last = rows[-1][0]


def migrate(path: Path, busy: float, texts: Texts, index_keys: IndexKeys) -> None:
    """Add the tables and indexes of the design that the file lacks, in one transaction.

    ``index_keys`` returns the index keys that a stored item should have. Raise ``Unfit`` when the file has no such store.
    """
    with _named(path):
        _check_path(path, create=False)
    with _named(path), closing(writing(path, busy)) as connection, _transaction(connection):
        _check_version(connection)
        found = _names(connection)
        for table in texts.values():
            if _added(connection, table, found):
                _reindex(connection, table, index_keys)
            for name, text in table.indexes.items():
                if name not in found:
                    connection.execute(text)
        check_design(connection, texts)
