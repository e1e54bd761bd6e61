"""The requirements, on the store in a SQLite file, and what only this store promises."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from threading import Timer

import pytest

from integrates.db_model.errors import Unavailable
from integrates.db_model.store.port import Key, Store
from integrates.db_model.store.retry import Policy
from integrates.db_model.store.sqlite import sqlite_store
from integrates.db_model.testing.adapter import Adapter, Excluded
from integrates.db_model.testing.requirements import *  # noqa: F403 - each requirement is a test of this module
from integrates.db_model.testing.requirements.sample import new, one

IMPATIENT = Policy(attempts=3)


def locked(path: Path) -> sqlite3.Connection:
    """Take the file's write lock, as another process would."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    return connection


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def adapter(path: Path) -> Adapter:
    @asynccontextmanager
    async def stumbling() -> AsyncIterator[Store]:
        async with sqlite_store(path, busy=0.05) as store:
            release = Timer(0.5, locked(path).close)
            release.start()
            yield store
            release.join()

    @asynccontextmanager
    async def lost() -> AsyncIterator[Store]:
        async with sqlite_store(path, busy=0.05, policy=IMPATIENT) as store:
            with closing(locked(path)):
                yield store

    return Adapter(
        handle=lambda: sqlite_store(path),
        url=f"sqlite:///{path}",
        stumbling=stumbling,
        lost=lost,
        forgetful=Excluded("caller and store are one process: the thread that commits tells the caller directly"),
    )
