"""The same work by hand, with nothing but sqlite3 and msgspec: the floor that the measurements are compared with."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from statistics import fmean
from typing import Any

import msgspec

_CHANGES_A_TRANSACTION = 1_000
"""As many as the embedded store takes at once."""


class _Region(msgspec.Struct, frozen=True):
    startLine: int  # noqa: N815 -- the name of the member in SARIF


class _Artifact(msgspec.Struct, frozen=True):
    uri: str


class _Physical(msgspec.Struct, frozen=True):
    artifactLocation: _Artifact  # noqa: N815 -- the name of the member in SARIF
    region: _Region


class _Place(msgspec.Struct, frozen=True):
    physicalLocation: _Physical  # noqa: N815 -- the name of the member in SARIF


class _Message(msgspec.Struct, frozen=True):
    text: str


class _Result(msgspec.Struct, frozen=True):
    ruleId: str  # noqa: N815 -- the name of the member in SARIF
    message: _Message
    locations: list[_Place]


class _Run(msgspec.Struct, frozen=True):
    results: list[_Result]


class _Sarif(msgspec.Struct, frozen=True):
    runs: list[_Run]


class _Parent(msgspec.Struct, frozen=True):
    id: str
    title: str | None = None
    info: "_Nickname | None" = None


class _Location(msgspec.Struct, frozen=True):
    where: str
    specific: str
    commit: str | None = None
    snippet: str | None = None
    detail: str | None = None


class _Tool(msgspec.Struct, frozen=True):
    name: str
    rule_id: str
    categories: list[str]
    mark: dict[str, str] | None
    suppressions: list[dict[str, Any]]


class _Match(msgspec.Struct, frozen=True):
    import_id: str
    by: str


class _Labels(msgspec.Struct, frozen=True):
    tags: list[str]


class _Status(msgspec.Struct, frozen=True):
    status: str
    at: datetime
    by: str


class _Cycle(msgspec.Struct, frozen=True):
    reported_at: datetime
    opened_at: datetime
    cycles: int
    temporary_acceptances: int


class _Stored(msgspec.Struct, frozen=True):
    """A vulnerability as the service stores it: whole, without what its type would check."""

    id: str
    finding_id: str
    root_id: str
    group_name: str
    organization_id: str
    number: int
    identity: str
    type: str
    technique: str
    source: str
    location: _Location
    tool: _Tool
    match: _Match
    labels: _Labels
    state: _Status
    treatment: _Status
    cycle: _Cycle
    created_at: datetime
    created_by: str
    updated_at: datetime


class _Title(msgspec.Struct, frozen=True):
    title: str | None


class _Nickname(msgspec.Struct, frozen=True):
    nickname: str | None


class _Node(msgspec.Struct, frozen=True, rename="camel"):
    """A vulnerability as the page shows it."""

    id: str
    type: str
    technique: str
    source: str
    where: str
    specific: str
    state: str
    opened_at: datetime
    cycles: int
    created_by: str
    finding: _Title
    root: _Nickname | None


_sarif = msgspec.json.Decoder(_Sarif)
_stored = msgspec.json.Decoder(_Stored)
_parent = msgspec.json.Decoder(_Parent)
_encode = msgspec.json.Encoder().encode


def _schema(source: sqlite3.Connection) -> list[str]:
    found = source.execute(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type DESC"
    )
    return [str(sql) for (sql,) in found]


def _rows(source: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    found = source.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall()
    tables = {str(name): source.execute(f"SELECT * FROM {name}").fetchall() for (name,) in found}  # noqa: S608 -- of our file
    return {name: rows for name, rows in tables.items() if rows}


def _slices(rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    size = _CHANGES_A_TRANSACTION
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _inserted(target: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" * len(rows[0]))
    for part in _slices(rows):
        target.execute("BEGIN IMMEDIATE")
        target.executemany(f"INSERT INTO {table} VALUES ({marks})", part)  # noqa: S608 -- names of our own file
        target.execute("COMMIT")


def fill_seconds(content: bytes, database: Path, copy: Path) -> float:
    """Decode a file and write all rows that the database has into a new one, as durably; return the CPU seconds."""
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy, isolation_level=None)) as target:
        target.execute("PRAGMA journal_mode = WAL")
        target.execute("PRAGMA synchronous = FULL")
        for sql in _schema(source):
            target.execute(sql)
        rows = _rows(source)
        begin = time.process_time()
        _sarif.decode(content)
        for name, found in rows.items():
            _inserted(target, name, found)
        return time.process_time() - begin


_OPEN = ("HIDDEN#0#STATE#VULNERABLE#", "HIDDEN#0#STATE#VULNERABLE$")
"""Between what the sort keys of the open vulnerabilities of a group are."""


def page(source: sqlite3.Connection, group: str, size: int, *, root: bool) -> bytes:
    """Read the first open vulnerabilities of a group with their findings, and roots if wanted, and encode the answer."""
    query = "SELECT version, body FROM integrates_vms WHERE pk_5 = ? AND sk_5 BETWEEN ? AND ? ORDER BY sk_5 LIMIT ?"
    rows = source.execute(query, (f"GROUP#{group}", *_OPEN, size)).fetchall()
    items = [_stored.decode(body) for _, body in rows]
    keys = {f"FIN#{item.finding_id}" for item in items} | ({f"ROOT#{item.root_id}" for item in items} if root else set())
    found = [source.execute("SELECT body FROM integrates_vms WHERE pk = ? AND sk = ?", (key, key)).fetchone() for key in keys]
    parents = {parent.id: parent for parent in (_parent.decode(body) for (body,) in found)}
    nodes = [_node(item, parents, root=root) for item in items]
    return _encode({"data": {"group": {"vulnerabilities": {"nodes": nodes}}}})


def _node(item: _Stored, parents: dict[str, _Parent], *, root: bool) -> _Node:
    return _Node(
        item.id,
        item.type,
        item.technique,
        item.source,
        item.location.where,
        item.location.specific,
        item.state.status,
        item.cycle.opened_at,
        item.cycle.cycles,
        item.created_by,
        _Title(parents[item.finding_id].title),
        parents[item.root_id].info if root else None,
    )


class _Listed(msgspec.Struct, frozen=True):
    """What a decision about a stored vulnerability looks at, without what its type would make of it."""

    id: str
    finding_id: str
    type: str
    state: dict[str, Any]
    treatment: dict[str, Any]
    cycle: dict[str, Any]


def walk_seconds(database: Path, group: str, number: int) -> float:
    """Read the open vulnerabilities of a group from a store in the order of their list; return the CPU seconds."""
    decode = msgspec.json.Decoder(_Listed).decode
    query = "SELECT body FROM integrates_vms WHERE pk_5 = ? AND sk_5 BETWEEN ? AND ? ORDER BY sk_5"
    with closing(sqlite3.connect(database)) as source:
        begin = time.process_time()
        found = sum(
            decode(body).state["status"] == "VULNERABLE" for (body,) in source.execute(query, (f"GROUP#{group}", *_OPEN))
        )
        spent = time.process_time() - begin
    if found != number:
        raise RuntimeError(f"{found} of {number} rows")
    return spent


def page_seconds(database: Path, group: str, size: int, repeats: int, *, root: bool) -> float:
    """Read and encode a page of the service's own store by hand so many times; return the CPU seconds of one.

    The mean, as for the service: other work on the machine makes both dearer.
    """
    with closing(sqlite3.connect(database)) as source:
        return fmean(_page_seconds(source, group, size, root=root) for _ in range(repeats))


def _page_seconds(source: sqlite3.Connection, group: str, size: int, *, root: bool) -> float:
    begin = time.process_time()
    found = page(source, group, size, root=root)
    spent = time.process_time() - begin
    if found.count(b'"where":') != size:
        raise RuntimeError(f"not {size} rows: {found[:500]!r}")
    return spent


_ITEMS = "SELECT * FROM integrates_vms WHERE pk LIKE 'VULN#%' ORDER BY pk LIMIT ?"
_RECORDS = "SELECT * FROM integrates_vms_historic WHERE pk LIKE 'VULN#%' AND sk = 'V#0000000001' ORDER BY pk LIMIT ?"
_KEY = "SELECT version, body FROM integrates_vms WHERE pk = ? AND sk = ?"


def change_seconds(database: Path, copy: Path, number: int, repeats: int) -> float:
    """Change so many vulnerabilities of a database in a new one, in one durable transaction; return the wall seconds.

    Each is read by its key and written again, in all indexes that list it, and a revision is added. The mean of ``repeats``.
    """
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy, isolation_level=None)) as target:
        target.execute("PRAGMA journal_mode = WAL")
        target.execute("PRAGMA synchronous = FULL")
        for sql in _schema(source):
            target.execute(sql)
        items, records = [source.execute(query, (number,)).fetchall() for query in (_ITEMS, _RECORDS)]
        _inserted(target, "integrates_vms", items)
        begin = time.perf_counter()
        for version in range(2, repeats + 2):
            _changed(target, items, records, version)
        return (time.perf_counter() - begin) / repeats


def _changed(target: sqlite3.Connection, items: Sequence[tuple[Any, ...]], records: Sequence[Any], version: int) -> None:
    target.execute("BEGIN IMMEDIATE")
    for item, (pk, _, _, body, pk_1, sk_1, *others) in zip(items, records, strict=True):
        target.execute(_KEY, item[:2]).fetchone()
        marks = ", ".join("?" * len(item))
        target.execute(f"REPLACE INTO integrates_vms VALUES ({marks})", (*item[:2], version, *item[3:]))  # noqa: S608 -- only question marks
        row = (pk, f"V#{version:010}", version, body, pk_1, f"{sk_1}#{version}", *others)
        marks = ", ".join("?" * len(row))
        target.execute(f"INSERT INTO integrates_vms_historic VALUES ({marks})", row)  # noqa: S608 -- only question marks
    target.execute("COMMIT")
