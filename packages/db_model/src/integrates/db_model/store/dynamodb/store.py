"""The store on DynamoDB, or on anything that speaks its protocol. Needs the extra ``dynamodb``.

Every write is one transaction with a token of its own, so that sending it again after a lost answer is recognised as done.
The SDK's own retries are off: what may pass is tried again here, with the same token, then the store is ``Unavailable``.
Calls block, so they run in a bounded pool of threads.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, closing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import boto3
import msgspec
from botocore.config import Config
from botocore.exceptions import ChecksumError, ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.parsers import ResponseParserError

from integrates.db_model.errors import Conflict, Failure
from integrates.db_model.store import cursor
from integrates.db_model.store.design import design
from integrates.db_model.store.dynamodb.wire import Native, action, creation, is_empty, item, native_key, request, version
from integrates.db_model.store.port import Add, Change, Item, Key, Page, Query, Store, Table
from integrates.db_model.store.retry import DEFAULT, Policy, Transient, retried
from integrates.db_model.store.rules import Tables, check_keys, check_queries, checked_write, unmet

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_THREADS: Final = 16
_BATCH: Final = 100
"""Most keys in one BatchGetItem."""
_CREATING: Final = Policy(base=0.1, attempts=100, patience=180.0)
_PASSING: Final = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_DROPPED: Final = (ChecksumError, NoConnectionError, HTTPClientError, IncompleteReadError, ResponseParserError)
_SERVER_ERROR: Final = 500
_REFUSED: Final = "ConditionalCheckFailed"
_INVALID: Final = "ValidationError"


class _Engine(msgspec.Struct, frozen=True):
    """What an open connection is made of."""

    client: "DynamoDBClient"
    threads: ThreadPoolExecutor
    known: Tables
    prefix: str
    policy: Policy


def _reasons(error: ClientError) -> Sequence[Mapping[str, Any]]:
    """Return, for each change of a cancelled transaction, why it was refused; nothing for another error."""
    return error.response.get("CancellationReasons", ())


def _passing(error: ClientError) -> bool:
    """Tell whether an error may pass. A transaction that was refused for good is not, whatever else befell it."""
    codes = {error.response["Error"]["Code"], *(reason.get("Code", "") for reason in _reasons(error))}
    if codes & {_REFUSED, _INVALID}:
        return False
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return bool(codes & _PASSING) or status >= _SERVER_ERROR


async def _called(engine: _Engine, call: Callable[..., Any], request: Native) -> Any:
    """Call the SDK once, in a thread; raise ``Transient`` for what may pass."""
    try:
        return await asyncio.get_running_loop().run_in_executor(engine.threads, partial(call, **request))
    except ClientError as error:
        if _passing(error):
            raise Transient(str(error)) from error
        raise
    except _DROPPED as error:
        raise Transient(str(error)) from error


async def _read(engine: _Engine, call: Callable[..., Any], request: Native) -> Any:
    return await retried(lambda: _called(engine, call, request), engine.policy)


def _batch_request(engine: _Engine, keys: Sequence[Key]) -> Native:
    tables = dict.fromkeys(key.table for key in keys)
    return {
        engine.prefix + table: {"Keys": [native_key(key) for key in keys if key.table == table], "ConsistentRead": True}
        for table in tables
    }


def _table(engine: _Engine, name: str) -> Table:
    return engine.known[name.removeprefix(engine.prefix)].name


def _count(requested: Mapping[str, Any]) -> int:
    return sum(len(each["Keys"]) for each in requested.values())


async def _batch(engine: _Engine, keys: Sequence[Key]) -> dict[Key, Item]:
    """Read at most a hundred different keys; ask again for those left unprocessed, after a pause when that was all of them."""
    found: dict[Key, Item] = {}
    wanted = _batch_request(engine, keys)

    async def attempt() -> None:
        nonlocal wanted
        while wanted:
            answer = await _called(engine, engine.client.batch_get_item, {"RequestItems": wanted})
            items = (item(_table(engine, name), each) for name, some in answer["Responses"].items() for each in some)
            found.update({each.key: each for each in items})
            before, wanted = wanted, answer.get("UnprocessedKeys") or {}
            if _count(wanted) == _count(before):
                raise Transient("no key was processed")

    await retried(attempt, engine.policy)
    return found


async def _get(engine: _Engine, keys: Sequence[Key]) -> tuple[Item | None, ...]:
    different = tuple(dict.fromkeys(keys))
    batches = [different[begin : begin + _BATCH] for begin in range(0, len(different), _BATCH)]
    found: dict[Key, Item] = {}
    for some in await asyncio.gather(*(_batch(engine, batch) for batch in batches)):
        found |= some
    return tuple(found.get(key) for key in keys)


async def _page(engine: _Engine, query: Query) -> Page:
    """Follow a query until it has one item more than its limit, or no more."""
    asked = request(query, engine.prefix + query.table, cursor.position(query))
    found: list[Item] = []
    while not is_empty(query):
        answer = await _read(engine, engine.client.query, {**asked, "Limit": query.limit + 1 - len(found)})
        found = [*found, *(item(query.table, each) for each in answer["Items"])]
        if len(found) > query.limit or not answer.get("LastEvaluatedKey"):
            break
        asked = {**asked, "ExclusiveStartKey": answer["LastEvaluatedKey"]}
    return cursor.page(query, found)


def _failure(position: int, change: Change, stored: int | None) -> Failure:
    """Say why a change was refused. What its expectation does not explain are the bounds, or a race since then."""
    rest = Failure(position, "out_of_bounds") if isinstance(change, Add) else Failure(position, "stale", stored)
    return unmet(position, change.expect, stored) or rest


async def _conflict(engine: _Engine, changes: Sequence[Change], reasons: Sequence[Mapping[str, Any]]) -> Conflict:
    """Say which changes were refused and why; what the answer does not carry of the stored items is read."""
    refused = {n: reason.get("Item") for n, reason in enumerate(reasons) if reason.get("Code") in {_REFUSED, _INVALID}}
    unseen = [n for n, found in refused.items() if not found]
    read = dict(zip(unseen, await _get(engine, [changes[n].key for n in unseen]), strict=True))
    versions = {n: version(found) if found else (each.version if (each := read[n]) else None) for n, found in refused.items()}
    return Conflict([_failure(n, changes[n], stored) for n, stored in versions.items()])


async def _write(engine: _Engine, changes: Sequence[Change]) -> None:
    actions = [action(change, engine.prefix + change.key.table) for change in changes]
    sent = {"TransactItems": actions, "ClientRequestToken": uuid4().hex}
    try:
        await _read(engine, engine.client.transact_write_items, sent)
    except ClientError as error:
        if not _reasons(error):
            raise
        raise await _conflict(engine, changes, _reasons(error)) from error


def _port(engine: _Engine) -> Store:
    async def get(keys: Sequence[Key]) -> tuple[Item | None, ...]:
        check_keys(keys, engine.known)
        return await _get(engine, keys)

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        check_queries(queries, engine.known)
        for each in queries:
            cursor.position(each)
        return tuple(await asyncio.gather(*(_page(engine, each) for each in queries)))

    async def write(changes: Sequence[Change]) -> None:
        checked_write(changes, engine.known)
        if changes:
            await _write(engine, changes)

    return Store(get, query, write)


async def _status(engine: _Engine, name: str) -> str | None:
    try:
        answer = await _read(engine, engine.client.describe_table, {"TableName": name})
    except engine.client.exceptions.ResourceNotFoundException:
        return None
    status: str = answer["Table"]["TableStatus"]
    return status


async def _create(engine: _Engine, table: str) -> None:
    """Create a table of the design unless it exists, and wait until it can be used."""
    name = engine.prefix + table

    async def ready() -> None:
        status = await _status(engine, name)
        if status not in {"ACTIVE", "UPDATING"}:
            raise Transient(f"table {name} is {status}")

    if await _status(engine, name) is None:
        with suppress(engine.client.exceptions.ResourceInUseException):  # another process was first
            await _read(engine, engine.client.create_table, creation(name, engine.known[table].indexes))
    await retried(ready, _CREATING)


def _client(endpoint: str | None, region: str | None, timeout: float) -> "DynamoDBClient":
    session = boto3.session.Session()
    name = region or session.region_name or ("us-east-1" if endpoint else None)
    if name is None:
        raise ValueError("DynamoDB needs a region: region=NAME in the URL, or AWS_REGION")
    config = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=timeout,
        read_timeout=timeout,
        max_pool_connections=_THREADS,
    )
    # An emulator asks for credentials, but not for any in particular.
    anyone = "local" if endpoint is not None and session.get_credentials() is None else None
    return session.client(
        "dynamodb",
        region_name=name,
        endpoint_url=endpoint,
        config=config,
        aws_access_key_id=anyone,
        aws_secret_access_key=anyone,
    )


@asynccontextmanager
async def dynamodb_store(
    tables: Tables | None = None,
    *,
    endpoint: str | None = None,
    region: str | None = None,
    prefix: str = "",
    create: bool = True,
    timeout: float = 5.0,  # noqa: ASYNC109 - of the sockets, set once
    policy: Policy = DEFAULT,
) -> AsyncIterator[Store]:
    """Open the store on DynamoDB, or on ``endpoint``; credentials come from where boto3 looks for them.

    ``tables`` is the design's unless given; their names there begin with ``prefix``. Missing ones are created unless
    ``create`` is false. ``timeout`` is how many seconds one call waits for an answer.
    Raises ``ValueError`` when no region is known, ``Unavailable`` when the endpoint does not answer.
    """
    known = design().tables if tables is None else tables
    client = await asyncio.to_thread(_client, endpoint, region, timeout)
    with ExitStack() as stack:
        stack.enter_context(closing(client))
        engine = _Engine(client, stack.enter_context(ThreadPoolExecutor(_THREADS, "dynamodb")), known, prefix, policy)
        if create:
            await asyncio.gather(*(_create(engine, table) for table in known))
        yield _port(engine)
