"""The store in one SQLite file: the embedded default.

One SQL table for each table of the design, with a partial index for each secondary index. (Measured: with rows of a
kilobyte and up to six indexes, tables clustered by the key cost twice the time and the space to write.) The file is in WAL
mode with full durability: a write that returned survives a power cut, and readers never block or wait.
All writes of a process go through one thread, which commits those that wait together, each in its own savepoint. Several
processes may use one file; one that stays locked is ``Unavailable`` after the retries.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, closing, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final, TypeVar

import msgspec

from integrates.db_model.errors import Unfit
from integrates.db_model.store import cursor
from integrates.db_model.store.design import design
from integrates.db_model.store.latch import latched
from integrates.db_model.store.port import Change, Item, Key, Page, Query, Store
from integrates.db_model.store.retry import DEFAULT, Policy, Transient, retried
from integrates.db_model.store.rules import Checked, Tables, check_keys, check_queries, checked_write, keys_only
from integrates.db_model.store.sqlite.commit import Job, Writer, flush, looked, stored
from integrates.db_model.store.sqlite.fault import translated
from integrates.db_model.store.sqlite.file import Texts, connected, prepare, writing
from integrates.db_model.store.sqlite.statements import Statements, batch, page_columns, page_item, selection, statements
from integrates.db_model.store.sqlite.watch import trace, watched

Result = TypeVar("Result")
Read = Callable[[sqlite3.Connection], Result]

MAX_CHANGES: Final = 1_000
"""Most changes in one write: a transaction that does not keep others waiting for long."""
_READERS: Final = 4
_AT_ONCE: Final = 64
"""Most rows that are read in the caller's thread, because changing to another and back takes ten times as long as reading."""
_CLOSED: Final = "the store was closed"


class _Unseen(Transient):
    """Somebody, such as a checkpoint, has written into the file since the writing thread looked at it."""


def _page(connection: sqlite3.Connection, query: Query, only: int | None, table: Statements) -> Page:
    text, parameters = selection(query, page_columns(query, only, table), cursor.position(query))
    rows = connection.execute(text, parameters).fetchall()
    return cursor.page(query, [page_item(query, only, table.numbers, row) for row in rows])


class _Engine(msgspec.Struct, frozen=True):
    """The connections and threads of an open file.

    Each reading thread borrows a connection from ``idle``; the one writing thread has its own. ``near`` holds one for reads in
    the caller's thread, which does not wait for locks.
    """

    path: str
    writer: Writer
    near: "SimpleQueue[sqlite3.Connection]"
    idle: "SimpleQueue[sqlite3.Connection]"
    writing: ThreadPoolExecutor
    reading: ThreadPoolExecutor


def _connections(stack: ExitStack, path: Path, busy: float, count: int) -> "SimpleQueue[sqlite3.Connection]":
    opened: SimpleQueue[sqlite3.Connection] = SimpleQueue()
    for _ in range(count):
        opened.put(stack.enter_context(closing(connected(path, busy))))
    return opened


def _open(stack: ExitStack, path: Path, busy: float, texts: Texts, *, create: bool) -> _Engine:
    path = path.absolute()  # the process may change its folder later
    prepare(path, busy, texts, create=create)
    opened = trace(str(path))
    try:
        near, idle = _connections(stack, path, 0, 1), _connections(stack, path, busy, _READERS)
        own = stack.enter_context(closing(writing(path, busy)))
        watch = watched(path, opened, own, texts)
    except sqlite3.Error as error:
        raise translated(error) from error
    writer = stack.enter_context(ThreadPoolExecutor(1, "sqlite-writer"))
    readers = stack.enter_context(ThreadPoolExecutor(_READERS, "sqlite-reader"))
    return _Engine(str(path), Writer(own, watch, texts, deque()), near, idle, writer, readers)


def _borrowed(engine: _Engine, idle: "SimpleQueue[sqlite3.Connection]", read: Read[Result], *, wait: bool) -> Result:
    """Return what is read with an idle connection. Raise ``Empty`` when there is none, unless told to ``wait`` for one.

    Raise ``_Unseen`` when the writing thread has to look at the file first.
    All statements of a read share a transaction, because that is cheaper than one each; the port does not require it.
    """
    connection = idle.get(block=wait)
    try:
        connection.execute("BEGIN")
        try:
            if not engine.writer.watch.is_seen():
                raise _Unseen
            return read(connection)
        finally:
            if connection.in_transaction:
                connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise translated(error) from error
    finally:
        idle.put(connection)


async def _in_thread(threads: ThreadPoolExecutor, call: Callable[[], Result]) -> Result:
    try:
        called = asyncio.get_running_loop().run_in_executor(threads, call)
    except RuntimeError as error:
        raise Unfit(_CLOSED) from error
    return await called


async def _read(engine: _Engine, read: Read[Result], rows: int, policy: Policy) -> Result:
    """Return what is read of at most so many rows: a few in this thread, more in another one."""

    async def begun() -> Result:
        if rows <= _AT_ONCE:
            with suppress(Empty, Transient):
                return _borrowed(engine, engine.near, read, wait=False)
        return await _in_thread(engine.reading, lambda: _borrowed(engine, engine.idle, read, wait=True))

    async def attempt() -> Result:
        try:
            return await begun()
        except _Unseen:
            await _in_thread(engine.writing, lambda: looked(engine.writer))
            return await begun()

    await asyncio.sleep(0)  # so that a caller that reads again and again lets others run
    return await retried(attempt, policy)


async def _write(engine: _Engine, changes: Sequence[Change], checked: Checked, policy: Policy) -> None:
    async def attempt() -> None:
        job = Job(changes, batch(changes, checked.bodies, engine.writer.tables), checked.size, Future())
        engine.writer.waiting.append(job)
        try:
            engine.writing.submit(flush, engine.writer)
        except RuntimeError as error:
            raise Unfit(_CLOSED) from error
        await asyncio.wrap_future(job.done)

    await retried(attempt, policy)


def _port(engine: _Engine, known: Tables, policy: Policy) -> Store:
    tables = engine.writer.tables

    async def get(keys: Sequence[Key]) -> tuple[Item | None, ...]:
        def read(connection: sqlite3.Connection) -> tuple[Item | None, ...]:
            return tuple(stored(connection, key, tables[key.table]) for key in keys)

        check_keys(keys, known)
        return await _read(engine, read, len(keys), policy)

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        def read(connection: sqlite3.Connection) -> tuple[Page, ...]:
            return tuple(_page(connection, each, keys_only(each, known), tables[each.table]) for each in queries)

        check_queries(queries, known)
        return await _read(engine, read, sum(each.limit for each in queries), policy)

    async def write(changes: Sequence[Change]) -> None:
        checked = checked_write(changes, known, MAX_CHANGES)
        if changes:
            await _write(engine, changes, checked, policy)

    return latched(Store(get, query, write, MAX_CHANGES), engine.path)


@asynccontextmanager
async def sqlite_store(
    path: Path | str, tables: Tables | None = None, *, create: bool = False, busy: float = 1.0, policy: Policy = DEFAULT
) -> AsyncIterator[Store]:
    """Open the store in the file ``path``. A missing file is created when ``create`` is true, its folder never.

    ``tables`` is the design's unless given. ``busy`` is how many seconds one attempt waits for the write of another process.
    Raise ``Unfit`` when there is no store of this design in the file, ``Unavailable`` when it stays locked.
    """
    known = design().tables if tables is None else tables
    texts = {name: statements(table) for name, table in known.items()}

    async def attempt() -> _Engine:
        return await asyncio.to_thread(_open, stack, Path(path), busy, texts, create=create)

    with ExitStack() as stack:
        yield _port(await retried(attempt, policy), known, policy)
