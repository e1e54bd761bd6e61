"""Bringing a store to the design of this program, after the design has got another index or table."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from integrates.db_model.store.design import design
from integrates.db_model.store.port import IndexKey, IndexKeys, Item
from integrates.db_model.store.retry import DEFAULT, retried
from integrates.db_model.store.rules import Tables
from integrates.db_model.store.url import dynamodb_options, scheme_of, sqlite_path

_BUSY: Final = 1.0


def as_stored(item: Item) -> Mapping[int, IndexKey]:
    """Return the index keys that an item has. A new index lists it once it is put again."""
    return item.index_keys


async def _sqlite(url: str, known: Tables, index_keys: IndexKeys) -> None:
    from integrates.db_model.store.sqlite.file import migrate  # noqa: PLC0415 - only what is used is loaded
    from integrates.db_model.store.sqlite.statements import statements  # noqa: PLC0415 - likewise

    texts = {name: statements(table) for name, table in known.items()}

    async def attempt() -> None:
        await asyncio.to_thread(migrate, Path(sqlite_path(url)), _BUSY, texts, index_keys)

    await retried(attempt, DEFAULT)


async def _dynamodb(url: str, known: Tables, index_keys: IndexKeys) -> None:
    options = dynamodb_options(url)
    from integrates.db_model.store.dynamodb.engine import Target, opened  # noqa: PLC0415 - an extra
    from integrates.db_model.store.dynamodb.table import migrate  # noqa: PLC0415 - likewise

    target = Target(options.endpoint, options.region, options.prefix)
    async with opened(target, known) as engine:
        for table in known.values():
            await migrate(engine, table, index_keys)


async def migrate_store(url: str, index_keys: IndexKeys = as_stored, tables: Tables | None = None) -> None:
    """Add to the store that ``url`` names the tables and indexes of the design that it lacks. Then it can be opened.

    ``index_keys`` returns the index keys that a stored item should have, so that a new index lists it. By default a new index
    lists an item once it is put again. ``tables`` is the design's unless given. Nothing else may use the store meanwhile.
    After an interruption call it again; when nothing is missing it does nothing. Raise ``ValueError`` for a URL that names no
    store of this package, ``Unfit`` and ``Unavailable`` as ``open_store`` does.
    """
    known = design().tables if tables is None else tables
    match scheme_of(url):
        case "sqlite":
            await _sqlite(url, known, index_keys)
        case "dynamodb":
            await _dynamodb(url, known, index_keys)
        case scheme:
            raise ValueError(f"a store of the scheme {scheme!r} is not migrated here")
