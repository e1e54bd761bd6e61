"""The same work by hand, with nothing but the standard library: what the measurements are compared with."""

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

_ROWS_A_TRANSACTION = 95
"""What an import writes in one transaction."""


def _tables(source: sqlite3.Connection) -> list[tuple[str, str]]:
    found = source.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [(str(name), str(sql)) for name, sql in found]


def _indexes(source: sqlite3.Connection) -> list[str]:
    found = source.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    return [str(sql) for (sql,) in found]


def _slices(rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    return (rows[start : start + _ROWS_A_TRANSACTION] for start in range(0, len(rows), _ROWS_A_TRANSACTION))


def _inserted(target: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" * len(rows[0]))
    for part in _slices(rows):
        target.execute("BEGIN IMMEDIATE")
        target.executemany(f"INSERT INTO {table} VALUES ({marks})", part)  # noqa: S608 -- names of our own file
        target.execute("COMMIT")


def rewritten(database: Path, copy: Path) -> float:
    """Write all rows of a database into a new one, as durably and in transactions as large; return the CPU seconds."""
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy, isolation_level=None)) as target:
        target.execute("PRAGMA journal_mode = WAL")
        target.execute("PRAGMA synchronous = FULL")
        tables = _tables(source)
        for sql in [*(sql for _, sql in tables), *_indexes(source)]:
            target.execute(sql)
        rows = {name: source.execute(f"SELECT * FROM {name}").fetchall() for name, _ in tables}  # noqa: S608 -- likewise
        begin = time.process_time()
        for name, found in rows.items():
            if found:
                _inserted(target, name, found)
        return time.process_time() - begin


def _node(row: str, titles: dict[str, str]) -> dict[str, Any]:
    found = json.loads(row)
    return {
        "id": found["id"],
        "type": found["type"],
        "technique": found["technique"],
        "source": found["source"],
        "where": found["location"]["where"],
        "specific": found["location"]["specific"],
        "state": found["state"]["status"],
        "openedAt": found["cycle"]["opened_at"],
        "cycles": found["cycle"]["cycles"],
        "createdBy": found["created_by"],
        "finding": {"title": titles[found["finding_id"]]},
    }


def _page(source: sqlite3.Connection, group: str, size: int) -> str:
    rows = source.execute(
        "SELECT body FROM integrates_vms WHERE pk_5 = ? ORDER BY sk_5 LIMIT ?", (f"GROUP#{group}", size)
    ).fetchall()
    ids = {f"FIN#{json.loads(row)['finding_id']}" for (row,) in rows}
    marks = ", ".join("?" * len(ids))
    findings = source.execute(
        f"SELECT body FROM integrates_vms WHERE pk IN ({marks})",  # noqa: S608 -- only question marks
        tuple(ids),
    )
    titles = {found["id"]: found["description"]["title"] for found in (json.loads(row) for (row,) in findings)}
    return json.dumps({"data": {"group": {"vulnerabilities": {"nodes": [_node(row, titles) for (row,) in rows]}}}})


def page_seconds(database: Path, group: str, size: int, repeats: int) -> float:
    """Read and encode a page by hand so many times; return the CPU seconds of one."""
    with closing(sqlite3.connect(database)) as source:
        begin = time.process_time()
        for _ in range(repeats):
            _page(source, group, size)
        return (time.process_time() - begin) / repeats
