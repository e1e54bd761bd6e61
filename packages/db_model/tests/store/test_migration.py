"""Bringing a store to a design with one more index and one more table."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

import boto3
import msgspec
import pytest

from integrates.db_model.errors import Unfit
from integrates.db_model.store.design import design
from integrates.db_model.store.dynamodb.store import dynamodb_store
from integrates.db_model.store.migration import migrate_store
from integrates.db_model.store.port import ABSENT, IndexKey, Item, Key, Put, Store
from integrates.db_model.store.retry import Policy
from integrates.db_model.store.rules import Tables
from integrates.db_model.store.sqlite.store import sqlite_store
from integrates.db_model.testing.requirements.sample import eventually, names, new, one, walk_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LAST = max(design().tables["integrates_vms"].indexes)
COUNT = 1_100
LACKS = r"migrate_store|no table"


class Opener(Protocol):
    def __call__(self, tables: Tables | None = None, *, create: bool = False) -> AbstractAsyncContextManager[Store]: ...


class Migrated(msgspec.Struct, frozen=True):
    """Where a store is: how it is opened, and its URL."""

    opened: Opener
    url: str


@pytest.fixture
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator["DynamoDBClient"]:
    endpoint: str = request.getfixturevalue("dynamodb_endpoint")
    if "amazonaws" not in endpoint:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with closing(boto3.client("dynamodb", endpoint_url=endpoint)) as opened:
        yield opened


@pytest.fixture
def dynamodb(request: pytest.FixtureRequest, client: "DynamoDBClient") -> Iterator[Migrated]:
    endpoint: str = request.getfixturevalue("dynamodb_endpoint")
    prefix = f"test_{uuid4().hex[:8]}_"
    opened = partial(dynamodb_store, endpoint=endpoint, prefix=prefix, policy=Policy(base=0.01, cap=0.1))
    yield Migrated(opened, f"dynamodb://?endpoint={endpoint}&region=us-east-1&prefix={prefix}")
    for name in client.list_tables()["TableNames"]:
        if name.startswith(prefix):
            client.delete_table(TableName=name)


@pytest.fixture(params=["sqlite", pytest.param("dynamodb", marks=pytest.mark.dynamodb)])
def migrated(request: pytest.FixtureRequest, tmp_path: Path) -> Migrated:
    if request.param == "dynamodb":
        found: Migrated = request.getfixturevalue("dynamodb")
        return found
    return Migrated(partial(sqlite_store, tmp_path / "store"), f"sqlite:///{tmp_path}/store")


def older_tables() -> Tables:
    """Return the design without the last index of the first table and without the second table."""
    table = design().tables["integrates_vms"]
    fewer = {number: projection for number, projection in table.indexes.items() if number != LAST}
    return {table.name: msgspec.structs.replace(table, indexes=fewer)}


async def make_older(migrated: Migrated) -> None:
    """Make a store of that design with some items."""
    async with migrated.opened(older_tables(), create=True) as store:
        for begin in range(0, COUNT, 100):
            numbers = range(begin, begin + 100)
            items = [Item(Key("p", f"{n:04}"), 3, {"n": n}, {1: IndexKey("first", f"{n:04}")}) for n in numbers]
            await store.write([Put(each, ABSENT) for each in items])


async def read(migrated: Migrated, key: Key, tables: Tables | None = None) -> Item | None:
    async with migrated.opened(tables) as store:
        (found,) = await store.get([key])
        return found


def listed(item: Item) -> Mapping[int, IndexKey]:
    """List even items in the new index."""
    number = item.attributes["n"]
    even = isinstance(number, int) and number % 2 == 0
    return {**item.index_keys, **({LAST: IndexKey("even", item.key.sk)} if even else {})}


async def check_migrated(migrated: Migrated) -> None:
    """See that nothing is lost, and that the new index lists what it should."""
    even = [f"{n:04}" for n in range(0, COUNT, 2)]
    async with migrated.opened() as store:
        await eventually(lambda: names(store, walk_of("even", LAST)), even)
        assert len(await names(store, walk_of("first", 1))) == COUNT
        assert len(await names(store, walk_of("p"))) == COUNT
        index_keys = {1: IndexKey("first", "0002"), LAST: IndexKey("even", "0002")}
        assert await one(store, "p", "0002") == Item(Key("p", "0002"), 3, {"n": 2}, index_keys)
        history = Item(Key("p", "s", "integrates_vms_historic"), 1, {})
        await store.write([new("even", "z", index=LAST), Put(history, ABSENT)])
        assert await store.get([history.key]) == (history,)


async def test_an_older_store_is_unfit_and_told_how_to_migrate_until_it_is(migrated: Migrated) -> None:
    await make_older(migrated)
    with pytest.raises(Unfit, match=LACKS):
        await read(migrated, Key("p", "0001"))
    assert await read(migrated, Key("p", "0001"), older_tables()) is not None
    for _ in range(2):
        await migrate_store(migrated.url, listed)
    await check_migrated(migrated)
    with pytest.raises(Unfit, match="newer"):
        await read(migrated, Key("p", "0001"), older_tables())


async def test_an_interrupted_migration_is_begun_again(migrated: Migrated) -> None:
    await make_older(migrated)

    def interrupted(left: Iterator[int]) -> Callable[[Item], Mapping[int, IndexKey]]:
        def some(item: Item) -> Mapping[int, IndexKey]:
            if next(left) == 0:
                raise RuntimeError("interrupted")
            return listed(item)

        return some

    for count in (0, 30):
        with pytest.raises(RuntimeError, match="interrupted"):
            await migrate_store(migrated.url, interrupted(iter(range(count, -1, -1))))
        with pytest.raises(Unfit, match=LACKS):
            await read(migrated, Key("p", "0001"))
    await migrate_store(migrated.url, listed)
    await check_migrated(migrated)


def columns(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[1] for row in connection.execute("PRAGMA table_info(integrates_vms)")]


async def test_an_interrupted_migration_leaves_a_file_as_it_was(tmp_path: Path) -> None:
    migrated = Migrated(partial(sqlite_store, tmp_path / "store"), f"sqlite:///{tmp_path}/store")
    await make_older(migrated)
    before = columns(tmp_path / "store")
    with pytest.raises(KeyError):
        await migrate_store(migrated.url, lambda item: {LAST: IndexKey("x", {"0000": "x"}[item.key.sk])})
    assert columns(tmp_path / "store") == before
    assert await read(migrated, Key("p", "0000"), older_tables()) is not None


async def test_without_new_keys_an_item_is_listed_once_it_is_put_again(migrated: Migrated) -> None:
    await make_older(migrated)
    await migrate_store(migrated.url)
    async with migrated.opened() as store:
        assert await names(store, walk_of("even", LAST)) == []
        found = await one(store, "p", "0002")
        assert found == Item(Key("p", "0002"), 3, {"n": 2}, {1: IndexKey("first", "0002")})


def file_names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


async def test_what_is_no_store_is_not_migrated(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"text" * 2_000)
    for name in ("text", "missing"):
        with pytest.raises(Unfit):
            await migrate_store(f"sqlite:///{tmp_path}/{name}")
    for url in ("memory://", "added://x", "sqlite:///", ""):
        with pytest.raises(ValueError, match=r"URL|scheme"):
            await migrate_store(url)
    assert file_names(tmp_path) == ["text"]


@pytest.mark.dynamodb
async def test_an_index_that_projects_something_else_is_unfit(dynamodb: Migrated) -> None:
    table = design().tables["integrates_vms_historic"]
    other = msgspec.structs.replace(table, indexes={**table.indexes, 1: "ALL"})
    tables = {**design().tables, table.name: other}
    async with dynamodb.opened(tables, create=True) as store:
        assert await one(store, "p", "s") is None
    with pytest.raises(Unfit, match=r"gsi_1 .*projects ALL"):
        await read(dynamodb, Key("p", "s"))
