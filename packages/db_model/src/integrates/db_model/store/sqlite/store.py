"""The store in one SQLite file: the embedded default.

One SQL table for each table of the design, with a partial index for each secondary index. (Measured: with rows of a
kilobyte and up to six indexes, tables clustered by the key cost twice the time and the space to write.) The file is in WAL
mode with full durability: a write that returned survives a power cut, and readers never block or wait.
Every write of a process goes through one thread, which takes all writes that wait and commits them together, each in its
own savepoint. Several processes may use one file; a file that stays locked is ``Unavailable`` after the retries.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, closing, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Final, TypeVar

import msgspec

from integrates.db_model.errors import Conflict, Unavailable
from integrates.db_model.store import cursor
from integrates.db_model.store.design import design
from integrates.db_model.store.port import (
    Add,
    Change,
    IndexKey,
    Item,
    Key,
    Page,
    Query,
    Store,
)
from integrates.db_model.store.retry import DEFAULT, Policy, Transient, retried
from integrates.db_model.store.rules import (
    Tables,
    check_keys,
    check_queries,
    checked_write,
    keys_only,
    refused,
    summed,
)
from integrates.db_model.store.sqlite.statements import SCHEMA_VERSION, Batch, Statements, batch, item, selection, statements

Result = TypeVar("Result")

_READERS: Final = 4
_GROUP: Final = 100
"""Most writes in one commit."""
_LOCKED: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class _Refused(Exception):
    """Undo the savepoint, then find the reasons."""


class _Job(msgspec.Struct, frozen=True):
    """A write that waits."""

    changes: Sequence[Change]
    batch: Batch
    done: "Future[None]"


def _translated(error: sqlite3.Error) -> Exception:
    code = getattr(error, "sqlite_errorcode", None)
    transient = isinstance(code, int) and code & 0xFF in _LOCKED
    return Transient(str(error)) if transient else Unavailable(str(error))


def _stored(connection: sqlite3.Connection, key: Key, tables: Mapping[str, Statements]) -> tuple[int | None, bytes]:
    found = connection.execute(tables[key.table].stored, (key.pk, key.sk)).fetchone()
    return (found[0], found[1]) if found else (None, b"{}")


def _guard(connection: sqlite3.Connection, change: Change, tables: Mapping[str, Statements]) -> None:
    version, body = _stored(connection, change.key, tables)
    if refused(0, change, version, body):
        raise _Refused
    if isinstance(change, Add) and (total := summed(version, body, change)):
        connection.execute(tables[change.key.table].add, (change.key.pk, change.key.sk, *total))


def _run(connection: sqlite3.Connection, job: _Job, tables: Mapping[str, Statements]) -> None:
    for change in job.batch.guards:
        _guard(connection, change, tables)
    for text, rows in job.batch.exact.items():
        if connection.executemany(text, rows).rowcount != len(rows):
            raise _Refused
    for text, rows in job.batch.free.items():
        connection.executemany(text, rows)


def _conflict(connection: sqlite3.Connection, job: _Job, tables: Mapping[str, Statements]) -> Conflict:
    failures = (
        refused(position, change, *_stored(connection, change.key, tables)) for position, change in enumerate(job.changes)
    )
    return Conflict([failure for failure in failures if failure])


def _outcome(connection: sqlite3.Connection, job: _Job, tables: Mapping[str, Statements]) -> Exception | None:
    connection.execute("SAVEPOINT job")
    try:
        _run(connection, job, tables)
    except _Refused:
        connection.execute("ROLLBACK TO job")
        return _conflict(connection, job, tables)
    finally:
        if connection.in_transaction:
            connection.execute("RELEASE job")
    return None


def _settle(job: _Job, error: Exception | None) -> None:
    if error is None:
        job.done.set_result(None)
    else:
        job.done.set_exception(error)


def _commit(connection: sqlite3.Connection, group: Sequence[_Job], tables: Mapping[str, Statements]) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
        outcomes = [_outcome(connection, job, tables) for job in group]
        connection.execute("COMMIT")
    except Exception as error:  # noqa: BLE001 - whoever waits must hear of any error
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        outcomes = [_translated(error) if isinstance(error, sqlite3.Error) else error for _ in group]
    for job, outcome in zip(group, outcomes, strict=True):
        _settle(job, outcome)


def _flush(connection: sqlite3.Connection, waiting: "deque[_Job]", tables: Mapping[str, Statements]) -> None:
    """Commit everything that waits. Called once for each write, so a call often finds its write done already."""
    taken = [waiting.popleft() for _ in range(min(len(waiting), _GROUP))]
    group = [job for job in taken if job.done.set_running_or_notify_cancel()]
    if group:
        _commit(connection, group, tables)


def _connected(path: Path, busy: float) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=busy, isolation_level=None, check_same_thread=False)


def _writing(path: Path, busy: float) -> sqlite3.Connection:
    """Connect the writer: durable, and with room so that a page which many writes touch is copied into the file once.

    What a savepoint may have to undo stays in memory: a temporary file for it costs a third of all writing.
    """
    connection = _connected(path, busy)
    for setting in ("synchronous = FULL", "cache_size = -8192", "wal_autocheckpoint = 4000", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {setting}")
    return connection


def _create(connection: sqlite3.Connection, tables: Mapping[str, Statements]) -> None:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found not in {0, SCHEMA_VERSION}:
        raise ValueError(f"the file is of version {found}, this program reads version {SCHEMA_VERSION}")
    for table in tables.values():
        for text in table.create:
            connection.execute(text)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _prepare(path: Path, busy: float, tables: Mapping[str, Statements]) -> None:
    """Create what is missing of the file, for its owner only, which SQLite extends to the files beside it.

    Raises ``ValueError`` when it is something else, ``Transient`` while it is locked.
    """
    if not path.parent.is_dir() or path.is_dir():
        raise ValueError(f"not a file in an existing folder: {path}")
    with suppress(OSError):  # what makes it impossible, SQLite tells
        path.touch(mode=0o600, exist_ok=False)
    try:
        with closing(_writing(path, busy)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            _create(connection, tables)
            connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        raise _translated(error) from error
    except sqlite3.DatabaseError as error:
        raise ValueError(f"{path} is not a SQLite database: {error}") from error


def _item(connection: sqlite3.Connection, key: Key, table: Statements) -> Item | None:
    found = connection.execute(table.whole, (key.pk, key.sk)).fetchone()
    return item(table.table, table.numbers, found) if found else None


def _page(connection: sqlite3.Connection, query: Query, only: int | None, table: Statements) -> Page:
    columns = table.columns if only is None else f"pk, sk, pk_{only}, sk_{only}"
    text, parameters = selection(query, columns, cursor.position(query))
    rows = connection.execute(text, parameters).fetchall()
    if only is None:
        return cursor.page(query, [item(query.table, table.numbers, found) for found in rows])
    places = ((Key(pk, sk, query.table), IndexKey(pk_n, sk_n)) for pk, sk, pk_n, sk_n in rows)
    return cursor.page(query, [Item(key, 0, {}, {only: place}) for key, place in places])


class _Engine(msgspec.Struct, frozen=True):
    """What an open file is made of. Each reading thread borrows a connection; the one writing thread has its own."""

    tables: Mapping[str, Statements]
    writing: sqlite3.Connection
    waiting: "deque[_Job]"
    idle: "SimpleQueue[sqlite3.Connection]"
    writer: ThreadPoolExecutor
    readers: ThreadPoolExecutor


def _open(stack: ExitStack, path: Path, busy: float, tables: Mapping[str, Statements]) -> _Engine:
    _prepare(path, busy, tables)
    reading = [stack.enter_context(closing(_connected(path, busy))) for _ in range(_READERS)]
    writing = stack.enter_context(closing(_writing(path, busy)))
    idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()
    for connection in reading:
        idle.put(connection)
    writer = stack.enter_context(ThreadPoolExecutor(1, "sqlite-writer"))
    readers = stack.enter_context(ThreadPoolExecutor(_READERS, "sqlite-reader"))
    return _Engine(tables, writing, deque(), idle, writer, readers)


def _borrowed(engine: _Engine, read: Callable[[sqlite3.Connection], Result]) -> Result:
    """Run a read in a transaction of its own: one moment of the file, and one lock for all its statements."""
    connection = engine.idle.get()
    try:
        connection.execute("BEGIN")
        try:
            return read(connection)
        finally:
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise _translated(error) from error
    finally:
        engine.idle.put(connection)


async def _read(engine: _Engine, read: Callable[[sqlite3.Connection], Result], policy: Policy) -> Result:
    async def attempt() -> Result:
        return await asyncio.get_running_loop().run_in_executor(engine.readers, _borrowed, engine, read)

    return await retried(attempt, policy)


async def _write(engine: _Engine, changes: Sequence[Change], bodies: Sequence[bytes], policy: Policy) -> None:
    async def attempt() -> None:
        job = _Job(changes, batch(changes, bodies, engine.tables), Future())
        engine.waiting.append(job)
        engine.writer.submit(_flush, engine.writing, engine.waiting, engine.tables)
        await asyncio.wrap_future(job.done)

    await retried(attempt, policy)


def _port(engine: _Engine, known: Tables, policy: Policy) -> Store:
    async def get(keys: Sequence[Key]) -> tuple[Item | None, ...]:
        def read(connection: sqlite3.Connection) -> tuple[Item | None, ...]:
            return tuple(_item(connection, key, engine.tables[key.table]) for key in keys)

        check_keys(keys, known)
        return await _read(engine, read, policy)

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        def read(connection: sqlite3.Connection) -> tuple[Page, ...]:
            return tuple(_page(connection, each, keys_only(each, known), engine.tables[each.table]) for each in queries)

        check_queries(queries, known)
        return await _read(engine, read, policy)

    async def write(changes: Sequence[Change]) -> None:
        bodies = checked_write(changes, known)
        if changes:
            await _write(engine, changes, bodies, policy)

    return Store(get, query, write)


@asynccontextmanager
async def sqlite_store(
    path: Path | str, tables: Tables | None = None, *, busy: float = 1.0, policy: Policy = DEFAULT
) -> AsyncIterator[Store]:
    """Open the store in the file ``path``, which is created when missing; its folder is not.

    ``tables`` is the design's unless given. ``busy`` is how many seconds one attempt waits for another process's write.
    Raises ``ValueError`` for a path that cannot hold a store, ``Unavailable`` when the file stays locked.
    """
    known = design().tables if tables is None else tables
    texts = {name: statements(table) for name, table in known.items()}

    async def attempt() -> _Engine:
        return await asyncio.to_thread(_open, stack, Path(path), busy, texts)

    with ExitStack() as stack:
        yield _port(await retried(attempt, policy), known, policy)
