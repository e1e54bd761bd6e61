"""The tables of a store on DynamoDB: checking that they are as designed, creating them, and migrating them."""

import logging
from collections.abc import AsyncIterator
from typing import Any, Final

from integrates.db_model.errors import Unfit
from integrates.db_model.store.design import TableDesign
from integrates.db_model.store.dynamodb.engine import Engine, answered
from integrates.db_model.store.dynamodb.fault import Changed, Missing
from integrates.db_model.store.dynamodb.wire import Native, creation, index_creation, item, native_key, purging, reindexing
from integrates.db_model.store.port import IndexKeys, Item
from integrates.db_model.store.retry import Policy, Transient, retried

_MIGRATE: Final = "integrates.db_model.store.migration.migrate_store adds what is missing"
_PREFIX: Final = "gsi_"
_PURGED: Final = frozenset({"ENABLED", "ENABLING"})
_LOG: Final = logging.getLogger(__name__)
_USABLE: Final = frozenset({"ACTIVE", "UPDATING"})
_CREATING: Final = Policy(base=0.1, attempts=100, patience=180.0)
_FILLING: Final = Policy(base=0.1, cap=10.0, attempts=100_000, patience=86_400.0)
"""The index of a large table may take long: at most a day."""


async def _described(engine: Engine, name: str) -> Native | None:
    try:
        answer = await answered(engine, engine.client.describe_table, {"TableName": name})
    except Missing:
        return None
    table: Native = answer["Table"]
    return table


def _indexes(described: Native) -> dict[int, Native]:
    """Return the indexes of a table by number. Those with other names are not ours."""
    found = {each["IndexName"]: each for each in described.get("GlobalSecondaryIndexes", ())}
    return {int(name.removeprefix(_PREFIX)): each for name, each in found.items() if name.removeprefix(_PREFIX).isdecimal()}


def _missing(described: Native, table: TableDesign) -> list[int]:
    return sorted(table.indexes.keys() - _indexes(described).keys())


def _check(name: str, described: Native, table: TableDesign) -> None:
    """Raise ``Unfit`` unless a table has exactly the indexes of the design."""
    found = _indexes(described)
    if newer := sorted(found.keys() - table.indexes.keys()):
        raise Unfit(f"table {name} was made by a newer program: this one does not know its indexes {newer}")
    if missing := _missing(described, table):
        raise Unfit(f"table {name} was made by an older program: it lacks the indexes {missing}. {_MIGRATE}")
    for number, projection in table.indexes.items():
        if (other := found[number]["Projection"]["ProjectionType"]) != projection:
            raise Unfit(f"index gsi_{number} of table {name} projects {other} in place of {projection}: delete it. {_MIGRATE}")


async def _usable(engine: Engine, name: str, policy: Policy) -> Native:
    """Wait until a table and all its indexes can be used. Return its description."""

    async def ready() -> Native:
        described = await _described(engine, name)
        if described is None:
            raise Transient(f"there is no table {name} yet")
        building = [n for n, each in _indexes(described).items() if each.get("IndexStatus", "ACTIVE") not in _USABLE]
        if described["TableStatus"] not in _USABLE or building:
            raise Transient(f"table {name} is {described['TableStatus']}, its indexes {building} are not ready")
        return described

    return await retried(ready, policy)


async def _create(engine: Engine, name: str, table: TableDesign) -> None:
    try:
        await answered(engine, engine.client.create_table, creation(name, table))
    except Unfit:
        if await _described(engine, name) is None:  # else another process was first
            raise


async def prepare(engine: Engine, table: TableDesign, *, create: bool) -> None:
    """Wait until a table of the design can be used. Create a missing one, or raise ``Unfit`` without ``create``."""
    name = engine.prefix + table.name
    if await _described(engine, name) is None:
        if not create:
            raise Unfit(f"there is no table {name}")
        await _create(engine, name, table)
    _check(name, await _usable(engine, name, _CREATING), table)
    if create and table.purge is not None:
        await _purge(engine, name, table.purge)


async def _purge(engine: Engine, name: str, attribute: str) -> None:
    """Have DynamoDB delete items from the second in an attribute on. A role that may not say so is no reason to stop."""
    try:
        known = await answered(engine, engine.client.describe_time_to_live, {"TableName": name})
        if known["TimeToLiveDescription"]["TimeToLiveStatus"] in _PURGED:
            return
        await answered(engine, engine.client.update_time_to_live, purging(name, attribute))
    except Unfit as error:  # also when another process was first; then the clean-up of the service has nothing to do
        _LOG.info("table %s is not told to delete items by itself, so the service does: %s", name, error)


async def _stored(engine: Engine, name: str, table: TableDesign) -> AsyncIterator[Item]:
    """Yield every item of a table, in no order."""
    asked: dict[str, Any] = {"TableName": name, "ConsistentRead": True}
    while True:
        answer = await answered(engine, engine.client.scan, asked)
        for found in answer["Items"]:
            yield item(table.name, found)
        if not answer.get("LastEvaluatedKey"):
            return
        asked = {**asked, "ExclusiveStartKey": answer["LastEvaluatedKey"]}


async def _reindex(engine: Engine, name: str, stored: Item, index_keys: IndexKeys, numbers: list[int]) -> None:
    """Give an item its keys in some indexes. Read it again when it changes meanwhile."""
    current: Item | None = stored
    while current is not None:
        wanted = {n: index_key for n, index_key in index_keys(current).items() if n in numbers}
        if not wanted or wanted.items() <= current.index_keys.items():
            return
        try:
            await answered(engine, engine.client.update_item, reindexing(name, current, wanted))
        except Changed:
            asked = {"TableName": name, "Key": native_key(stored.key), "ConsistentRead": True}
            answer = await answered(engine, engine.client.get_item, asked)
        else:
            return
        current = item(stored.key.table, answer["Item"]) if "Item" in answer else None


async def migrate(engine: Engine, table: TableDesign, index_keys: IndexKeys) -> None:
    """Create the table, or the indexes that it lacks. Each item gets its index keys first; then DynamoDB fills the index.

    Until the last index is there, the store is ``Unfit``. After an interruption this is called again, and skips what is done.
    """
    name = engine.prefix + table.name
    described = await _described(engine, name)
    if described is None:
        await _create(engine, name, table)
    elif missing := _missing(described, table):
        async for stored in _stored(engine, name, table):
            await _reindex(engine, name, stored, index_keys, missing)
        for number in missing:
            await answered(engine, engine.client.update_table, index_creation(name, number, table.indexes[number]))
            await _usable(engine, name, _FILLING)
    _check(name, await _usable(engine, name, _CREATING), table)
