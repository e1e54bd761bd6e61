"""The store on DynamoDB, or on anything that speaks its protocol. Needs the extra ``dynamodb``.

Every write is one transaction with a token of its own, by which one that is sent again after a lost answer is recognised.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import uuid4

from integrates.db_model.errors import Conflict
from integrates.db_model.store import cursor
from integrates.db_model.store.design import design
from integrates.db_model.store.dynamodb.addition import addition, judge
from integrates.db_model.store.dynamodb.engine import Engine, Target, answered, called, opened
from integrates.db_model.store.dynamodb.fault import Cancelled
from integrates.db_model.store.dynamodb.table import prepare
from integrates.db_model.store.dynamodb.wire import Native, action, is_empty, item, native_key, request
from integrates.db_model.store.port import Add, Change, Item, Key, Page, Query, Store
from integrates.db_model.store.retry import DEFAULT, Policy, Transient, pause, retried
from integrates.db_model.store.rules import Checked, Tables, check_keys, check_queries, checked_write, failure_of

MAX_CHANGES: Final = 100
"""Most changes in one write: what TransactWriteItems takes."""
INDEX_DELAY: Final = 60.0
"""Seconds after which an index shows every write, by a wide margin: usually it takes less than one."""
_BATCH: Final = 100
"""Most keys in one BatchGetItem."""


def _batch_request(engine: Engine, keys: Sequence[Key]) -> Native:
    tables = dict.fromkeys(key.table for key in keys)
    return {
        engine.prefix + table: {"Keys": [native_key(key) for key in keys if key.table == table], "ConsistentRead": True}
        for table in tables
    }


def _key(engine: Engine, name: str, found: Native) -> Key:
    return Key(found["pk"]["S"], found["sk"]["S"], engine.known[name.removeprefix(engine.prefix)].name)


def _count(requested: Mapping[str, Any]) -> int:
    return sum(len(each["Keys"]) for each in requested.values())


async def _batch(engine: Engine, keys: Sequence[Key]) -> dict[Key, Native]:
    """Return the items of at most a hundred different keys, asking again, after a pause, for those left unprocessed."""
    found: dict[Key, Native] = {}
    wanted = _batch_request(engine, keys)

    async def attempt() -> None:
        """Read at least one more of them."""
        nonlocal wanted
        answer = await called(engine, engine.client.batch_get_item, {"RequestItems": wanted})
        found.update({_key(engine, name, each): each for name, some in answer["Responses"].items() for each in some})
        before, wanted = wanted, answer.get("UnprocessedKeys") or {}
        if _count(wanted) == _count(before):
            raise Transient("no key was processed")

    await retried(attempt, engine.policy)
    while wanted:
        await pause(engine.policy.base, engine.policy)
        await retried(attempt, engine.policy)
    return found


async def _stored(engine: Engine, keys: Sequence[Key]) -> dict[Key, Native]:
    """Return the items of any number of keys. Missing ones are left out."""
    different = tuple(dict.fromkeys(keys))
    batches = [different[begin : begin + _BATCH] for begin in range(0, len(different), _BATCH)]
    found: dict[Key, Native] = {}
    for some in await asyncio.gather(*(_batch(engine, batch) for batch in batches)):
        found |= some
    return found


async def _page(engine: Engine, query: Query) -> Page:
    """Return a page of a query, which is followed until there is one item more than its limit, or no other."""
    asked = request(query, engine.prefix + query.table, cursor.position(query))
    found: list[Item] = []
    while not is_empty(query):
        answer = await answered(engine, engine.client.query, {**asked, "Limit": query.limit + 1 - len(found)})
        found = [*found, *(item(query.table, each, query.index) for each in answer["Items"])]
        if len(found) > query.limit or not answer.get("LastEvaluatedKey"):
            break
        asked = {**asked, "ExclusiveStartKey": answer["LastEvaluatedKey"]}
    return cursor.page(query, found)


async def _seen(engine: Engine, keys: Sequence[Key]) -> dict[Key, Native | None]:
    found = await _stored(engine, keys)
    return {key: found.get(key) for key in keys}


async def _refused(engine: Engine, changes: Sequence[Change], refusal: Cancelled) -> dict[Key, Native | None]:
    """Return the stored items of the refused changes. Raise ``Conflict`` when they explain the refusal."""
    told = {changes[n].key: found for n, found in refusal.refused.items() if found}
    untold = [changes[n].key for n, found in refusal.refused.items() if not found]
    seen = {**told, **await _seen(engine, untold)}
    stored = {key: None if found is None else item(key.table, found) for key, found in seen.items()}
    failures = [failure_of(n, changes[n], stored[changes[n].key]) for n in refusal.refused]
    if failed := [failure for failure in failures if failure]:
        raise Conflict(failed) from refusal
    return seen


async def _write(engine: Engine, changes: Sequence[Change], checked: Checked) -> None:
    seen: dict[Key, Native | None] = {}

    async def attempt() -> None:
        sums = judge(changes, checked.size, seen)
        if sums.unseen:
            seen.update(await _seen(engine, sums.unseen))
            await attempt()
            return
        actions = [
            addition(n, change, engine.prefix + change.key.table, sums, seen)
            if isinstance(change, Add)
            else action(change, checked.bodies[n], engine.prefix + change.key.table)
            for n, change in enumerate(changes)
        ]
        sent = {"TransactItems": actions, "ClientRequestToken": uuid4().hex}
        try:
            await answered(engine, engine.client.transact_write_items, sent)
        except Cancelled as refusal:
            seen.update(await _refused(engine, changes, refusal))
            raise Transient(str(refusal)) from refusal

    await retried(attempt, engine.policy)


def _port(engine: Engine) -> Store:
    async def get(keys: Sequence[Key]) -> tuple[Item | None, ...]:
        check_keys(keys, engine.known)
        found = await _stored(engine, keys)
        return tuple(item(key.table, found[key]) if key in found else None for key in keys)

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        check_queries(queries, engine.known)
        for each in queries:
            cursor.position(each)
        return tuple(await asyncio.gather(*(_page(engine, each) for each in queries)))

    async def write(changes: Sequence[Change]) -> None:
        checked = checked_write(changes, engine.known, MAX_CHANGES)
        if changes:
            await _write(engine, changes, checked)

    return Store(get, query, write, MAX_CHANGES, INDEX_DELAY)


@asynccontextmanager
async def dynamodb_store(
    tables: Tables | None = None,
    *,
    endpoint: str | None = None,
    region: str | None = None,
    prefix: str = "",
    create: bool = False,
    timeout: float = 5.0,  # noqa: ASYNC109 - of the sockets, set once
    policy: Policy = DEFAULT,
) -> AsyncIterator[Store]:
    """Open the store on DynamoDB, or on ``endpoint``. boto3 finds the credentials.

    ``tables`` is the design's unless given; their names begin with ``prefix`` there. Missing ones are created when ``create``
    is true, else the store is ``Unfit``. ``timeout`` is how many seconds one call waits for an answer.
    Raise ``ValueError`` when no region is known, ``Unfit`` when tables are not as designed or may not be used,
    ``Unavailable`` when the endpoint does not answer.
    """
    known = design().tables if tables is None else tables
    target = Target(endpoint, region, prefix, timeout, policy)
    async with opened(target, known) as engine:
        await asyncio.gather(*(prepare(engine, table, create=create) for table in known.values()))
        yield _port(engine)
