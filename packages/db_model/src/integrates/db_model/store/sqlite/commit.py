"""Committing the writes that wait: one transaction for all, with a savepoint for each of several.

A write that fails is rolled back to its savepoint, and the others go on. When SQLite rolls back the whole transaction, or
cannot commit it, each write is done again in a transaction of its own, so that only the one at fault fails.
"""

import sqlite3
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Final

import msgspec

from integrates.db_model.errors import Conflict, Gone, LimitExceeded, StoreError, Unavailable, Unfit
from integrates.db_model.store.body import raw_of
from integrates.db_model.store.port import Add, Change, Item, Key
from integrates.db_model.store.retry import Transient
from integrates.db_model.store.rules import check_total, failure_of, grown
from integrates.db_model.store.sqlite.fault import translated
from integrates.db_model.store.sqlite.statements import Batch, Statements, item
from integrates.db_model.store.sqlite.watch import Watch

_GROUP: Final = 100
"""Most writes in one commit."""


class Job(msgspec.Struct, frozen=True):
    """A write that waits. ``size`` is what its puts count."""

    changes: Sequence[Change]
    batch: Batch
    size: int
    done: "Future[None]"


class Writer(msgspec.Struct, frozen=True):
    """The connection and the statements of the writing thread, and the writes that wait for it."""

    connection: sqlite3.Connection
    watch: Watch
    tables: Mapping[str, Statements]
    waiting: "deque[Job]"


class _Refused(Exception):
    """A change was refused; the caller rolls back to the savepoint and then reads why."""


def stored(connection: sqlite3.Connection, key: Key, table: Statements) -> Item | None:
    """Return one item; ``None`` when it is missing."""
    found = connection.execute(table.whole, (key.pk, key.sk)).fetchone()
    return item(table.table, table.numbers, found) if found else None


def _guarded(writer: Writer, position: int, change: Change) -> int:
    """Compare a change with what is stored; refuse it, or add to the item. Return the size of the item that it writes."""
    table = writer.tables[change.key.table]
    found = stored(writer.connection, change.key, table)
    if failure_of(position, change, found):
        raise _Refused
    if not isinstance(change, Add):
        return 0
    total, size = grown(position, change, found)
    writer.connection.execute(table.add, (change.key.pk, change.key.sk, total.version, raw_of(total.attributes)))
    return size


def _run(writer: Writer, job: Job) -> None:
    check_total(job.size + sum(_guarded(writer, position, change) for position, change in job.batch.guards))
    for text, rows in job.batch.exact.items():
        if writer.connection.executemany(text, rows).rowcount != len(rows):
            raise _Refused
    for text, rows in job.batch.free.items():
        writer.connection.executemany(text, rows)


def _reason(writer: Writer, job: Job, error: Exception) -> Exception:
    """Return why a write failed that is rolled back. A failed expectation comes before a limit."""
    if isinstance(error, sqlite3.Error):
        return translated(error)
    if not isinstance(error, (_Refused, LimitExceeded)):
        return error
    found = (stored(writer.connection, change.key, writer.tables[change.key.table]) for change in job.changes)
    failures = [
        failure_of(position, change, each) for position, (change, each) in enumerate(zip(job.changes, found, strict=True))
    ]
    if failed := [failure for failure in failures if failure]:
        return Conflict(failed)
    return Unfit("rows of the file contradict each other") if isinstance(error, _Refused) else error


def _outcome(writer: Writer, job: Job) -> Exception | None:
    """Run one write in a savepoint. Return why it failed and was rolled back, if it did."""
    writer.connection.execute("SAVEPOINT job")
    outcome = None
    try:
        _run(writer, job)
    except Exception as error:
        if not writer.connection.in_transaction:  # SQLite has rolled back the others as well
            raise
        writer.connection.execute("ROLLBACK TO job")
        outcome = _reason(writer, job, error)
    writer.connection.execute("RELEASE job")
    return outcome


def _outcomes(writer: Writer, group: Sequence[Job]) -> Sequence[Exception | None]:
    """Run the writes of a group. One that is alone needs no savepoint, which would cost a tenth, unless it is refused."""
    if len(group) == 1:
        try:
            _run(writer, group[0])
        except (_Refused, LimitExceeded):
            writer.connection.execute("ROLLBACK")
            _begin(writer)
        else:
            return (None,)
    return [_outcome(writer, job) for job in group]


def _settle(group: Sequence[Job], outcomes: Sequence[Exception | None]) -> None:
    for job, error in zip(group, outcomes, strict=True):
        if error is None:
            job.done.set_result(None)
        else:
            job.done.set_exception(error)


def _failed(writer: Writer, group: Sequence[Job], error: Exception) -> None:
    if writer.connection.in_transaction:
        writer.connection.execute("ROLLBACK")
    _settle(group, [translated(error) if isinstance(error, sqlite3.Error) else error for _ in group])


def _begin(writer: Writer) -> None:
    writer.connection.execute("BEGIN IMMEDIATE")
    writer.watch.check_version()


def _begun(writer: Writer, group: Sequence[Job]) -> bool:
    try:
        looked(writer)
        _begin(writer)
    except (sqlite3.Error, StoreError, Transient) as error:
        _failed(writer, group, error)
        return False
    return True


def _written(writer: Writer, group: Sequence[Job]) -> Sequence[Exception | None]:
    """Run and commit the writes in the transaction that has begun; return why each of them failed, if it did."""
    before = writer.connection.total_changes
    outcomes = _outcomes(writer, group)
    if writer.connection.total_changes != before:
        writer.watch.advance()
    writer.connection.execute("COMMIT")
    return outcomes


def looked(writer: Writer) -> None:
    """Look at the files of the store. Raise ``Gone`` when they are no longer those of the store."""
    try:
        writer.watch.look()
    except sqlite3.Error as error:
        raise translated(error) from error


def _unseen(writer: Writer) -> StoreError | None:
    """Return why what was just committed may be nowhere: in files that nobody finds any more."""
    try:
        looked(writer)
    except Gone as error:
        return error
    except (Transient, StoreError) as error:
        return Unavailable(*error.args)  # never sent again: it was committed
    return None


def _commit(writer: Writer, group: Sequence[Job]) -> None:
    if not _begun(writer, group):
        return
    try:
        outcomes = _written(writer, group)
    except Exception as error:  # noqa: BLE001 - those who wait have to get any error
        if len(group) == 1:
            _failed(writer, group, error)
            return
        if writer.connection.in_transaction:
            writer.connection.execute("ROLLBACK")
        for job in group:
            _commit(writer, (job,))
        return
    unseen = _unseen(writer)
    _settle(group, [unseen or outcome for outcome in outcomes])


def flush(writer: Writer) -> None:
    """Commit all writes that wait. This is called once for each write, so a call often finds its write done already."""
    taken = [writer.waiting.popleft() for _ in range(min(len(writer.waiting), _GROUP))]
    group = [job for job in taken if job.done.set_running_or_notify_cancel()]
    if group:
        _commit(writer, group)
