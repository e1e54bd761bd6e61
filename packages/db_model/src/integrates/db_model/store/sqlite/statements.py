"""The SQL statements of the SQLite store, and their parameters. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from integrates.db_model.errors import Unfit
from integrates.db_model.store.body import Body
from integrates.db_model.store.cursor import Position
from integrates.db_model.store.design import TableDesign
from integrates.db_model.store.port import Absent, Anything, Change, Delete, IndexKey, Item, Key, Put, Query, Table, Version
from integrates.db_model.store.rules import sort_range

SCHEMA_VERSION: Final = 1
"""The form of the file, kept in ``PRAGMA user_version``: the columns of a table other than those of its indexes.

Which indexes there are is seen in the file itself, so a design with another index keeps the number.
"""

_KEY: Final = ("pk", "sk")

Parameters = tuple[str | int | bytes | None, ...]


class Statements(msgspec.Struct, frozen=True, kw_only=True):
    """The statements over one table.

    The first parameters of ``insert``, ``replace`` and ``update`` are a whole row; ``update`` and ``delete_version`` end in the
    version that is expected. ``add`` takes key, new version and body. ``create`` creates the table, ``indexes`` by name each of
    its indexes. ``every`` reads some rows after a rowid. ``reindex`` takes the values of all index columns and a key.
    """

    table: Table
    numbers: tuple[int, ...]
    columns: str
    create: str
    indexes: Mapping[str, str]
    insert: str
    replace: str
    update: str
    add: str
    delete: str
    delete_version: str
    whole: str
    every: str
    reindex: str


def index_columns(numbers: Sequence[int]) -> tuple[str, ...]:
    """Return the names of the columns of indexes."""
    return tuple(f"{key}_{number}" for number in numbers for key in ("pk", "sk"))


def _create(name: str, numbers: Sequence[int]) -> str:
    extra = "".join(f", {column} TEXT" for column in index_columns(numbers))
    return (
        f"CREATE TABLE {name} (pk TEXT NOT NULL, sk TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL"
        f"{extra}, PRIMARY KEY (pk, sk))"
    )


def _index(name: str, number: int) -> str:
    return f"{name}_gsi_{number}"


def _create_index(name: str, number: int) -> str:
    return f"CREATE INDEX {_index(name, number)} ON {name} (pk_{number}, sk_{number}) WHERE pk_{number} IS NOT NULL"


def _update(name: str, columns: Sequence[str]) -> str:
    assignments = ", ".join(f"{column} = ?{n}" for n, column in enumerate(columns, 1) if column not in _KEY)
    return f"UPDATE {name} SET {assignments} WHERE pk = ?1 AND sk = ?2 AND version = ?{len(columns) + 1}"  # noqa: S608 - design


def statements(table: TableDesign) -> Statements:
    """Return the statements over a table of the design, from which all names in them come."""
    name, numbers = table.name, tuple(sorted(table.indexes))
    columns = ("pk", "sk", "version", "body", *index_columns(numbers))
    listed = ", ".join(columns)
    replaced = ", ".join(f"{column} = excluded.{column}" for column in columns if column not in _KEY)
    row = f"INTO {name} ({listed}) VALUES ({', '.join('?' * len(columns))})"
    return Statements(
        table=name,
        numbers=numbers,
        columns=listed,
        create=_create(name, numbers),
        indexes={_index(name, number): _create_index(name, number) for number in numbers},
        insert=f"INSERT {row} ON CONFLICT DO NOTHING",
        replace=f"INSERT {row} ON CONFLICT DO UPDATE SET {replaced}",
        update=_update(name, columns),
        add=f"INSERT INTO {name} (pk, sk, version, body) VALUES (?, ?, ?, ?) "  # noqa: S608 - the name is the design's
        "ON CONFLICT DO UPDATE SET version = excluded.version, body = excluded.body",
        delete=f"DELETE FROM {name} WHERE pk = ? AND sk = ?",  # noqa: S608 - the name is the design's
        delete_version=f"DELETE FROM {name} WHERE pk = ? AND sk = ? AND version = ?",  # noqa: S608 - the name is the design's
        whole=f"SELECT {listed} FROM {name} WHERE pk = ? AND sk = ?",  # noqa: S608 - the name is the design's
        every=f"SELECT rowid, {listed} FROM {name} WHERE rowid > ? ORDER BY rowid LIMIT 500",  # noqa: S608 - the name is the design's
        reindex=f"UPDATE {name} SET {', '.join(f'{each} = ?' for each in index_columns(numbers)) or 'pk = pk'} "  # noqa: S608 - design
        "WHERE pk = ? AND sk = ?",
    )


def index_values(index_keys: Mapping[int, IndexKey], numbers: Sequence[int]) -> Parameters:
    """Return the values of the columns of all indexes."""
    keys = [index_keys.get(number) for number in numbers]
    return tuple(value for key in keys for value in ((key.pk, key.sk) if key else (None, None)))


def row(item: Item, body: bytes, numbers: Sequence[int]) -> Parameters:
    """Return the values of all columns of an item."""
    return (item.key.pk, item.key.sk, item.version, body, *index_values(item.index_keys, numbers))


class Batch(msgspec.Struct, frozen=True):
    """A write as SQL: the parameters of each statement.

    An ``exact`` statement must change one row for each of its parameters, else the write is refused; a ``free`` one may change
    fewer. ``guards`` are the changes that have to be compared with what is stored first, with their positions.
    """

    exact: Mapping[str, list[Parameters]]
    free: Mapping[str, list[Parameters]]
    guards: Sequence[tuple[int, Change]]


def _put(change: Put, body: bytes, table: Statements) -> tuple[str, Parameters, bool]:
    columns = row(change.item, body, table.numbers)
    match change.expect:
        case Absent():
            return table.insert, columns, True
        case Version(number):
            return table.update, (*columns, number), True
        case Anything():
            return table.replace, columns, False


def _delete(key: Key, expect: Version | Anything, table: Statements) -> tuple[str, Parameters, bool]:
    if isinstance(expect, Version):
        return table.delete_version, (key.pk, key.sk, expect.number), True
    return table.delete, (key.pk, key.sk), False


def batch(changes: Sequence[Change], bodies: Sequence[bytes], tables: Mapping[str, Statements]) -> Batch:
    """Return the changes of a write by statement, so that each runs once for many rows. The keys of a write are distinct."""
    exact: dict[str, list[Parameters]] = {}
    free: dict[str, list[Parameters]] = {}
    guards: list[tuple[int, Change]] = []
    for position, (change, body) in enumerate(zip(changes, bodies, strict=True)):
        match change:
            case Put():
                text, parameters, counted = _put(change, body, tables[change.key.table])
            case Delete(key, Version() | Anything() as expect):
                text, parameters, counted = _delete(key, expect, tables[key.table])
            case _:
                guards.append((position, change))
                continue
        (exact if counted else free).setdefault(text, []).append(parameters)
    return Batch(exact, free, guards)


def item(table: Table, numbers: Sequence[int], columns: Sequence[str | int | bytes | None]) -> Item:
    """Return the item of a row: key, version, body and the columns of the indexes ``numbers``.

    Raise ``Unfit`` when this store does not write such a row.
    """
    pk, sk, version, body, *keys = columns
    pairs = zip(numbers, keys[::2], keys[1::2], strict=True)
    index_keys = {number: IndexKey(str(pk_n), str(sk_n)) for number, pk_n, sk_n in pairs if pk_n is not None}
    if not (type(pk) is str and type(sk) is str and type(version) is int and type(body) is bytes):
        raise Unfit(f"not a row that a store wrote: {table} {pk!r} {sk!r}")
    return Item(Key(pk, sk, table), version, Body(body), index_keys)


def page_columns(query: Query, only: int | None, table: Statements) -> str:
    """Return the columns that a page of ``query`` needs. ``only`` is its index when that projects only keys."""
    if only is not None:
        return f"pk, sk, pk_{only}, sk_{only}"
    return table.columns if query.index is None else f"pk, sk, version, body, pk_{query.index}, sk_{query.index}"


def page_item(query: Query, only: int | None, numbers: Sequence[int], columns: Sequence[str | int | bytes | None]) -> Item:
    """Return the item of a row with the columns that :func:`page_columns` names. ``numbers`` are all indexes of the table."""
    if only is not None:
        pk, sk, *keys = columns
        return item(query.table, (only,), (pk, sk, 0, b"{}", *keys))
    return item(query.table, numbers if query.index is None else (query.index,), columns)


def _bounds(query: Query, order: Sequence[str], after: Position | None) -> tuple[list[str], list[str]]:
    span = sort_range(query)
    conditions, parameters = [f"{order[0]} >= ?"], [span.low]
    if span.high is not None:
        conditions.append(f"{order[0]} {'<=' if span.closed else '<'} ?")
        parameters.append(span.high)
    if after is None:
        return conditions, parameters
    mark = (after.sort, after.pk, after.sk) if len(order) > 1 else (after.sort,)
    begun = f"({', '.join(order)}) {'<' if query.descending else '>'} ({', '.join('?' * len(order))})"
    # The cursor lies inside the range, so its bound replaces the lower one (descending: the upper): one seek.
    kept = slice(0, 1) if query.descending else slice(1, None)
    return [*conditions[kept], begun], [*parameters[kept], *mark]


def selection(query: Query, columns: str, after: Position | None) -> tuple[str, Parameters]:
    """Return the statement, and its parameters, that reads a page of ``query`` and one row more, if there is one."""
    number = query.index
    order = ("sk",) if number is None else (f"sk_{number}", "pk", "sk")
    hint = "" if number is None else f" INDEXED BY {query.table}_gsi_{number}"
    conditions, parameters = _bounds(query, order, after)
    direction = " DESC" if query.descending else ""
    text = (
        f"SELECT {columns} FROM {query.table}{hint} WHERE pk{'' if number is None else f'_{number}'} = ?"  # noqa: S608 - checked
        f" AND {' AND '.join(conditions)} ORDER BY {', '.join(f'{column}{direction}' for column in order)} LIMIT ?"
    )
    return text, (query.pk, *parameters, query.limit + 1)
