"""An open connection to DynamoDB, and calling it.

The SDK's own retries are off: after a transient error the same request is sent again here, and then the store is
``Unavailable``. Calls block, so they run in a bounded pool of threads.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, closing
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import boto3
import msgspec
from botocore.config import Config

from integrates.db_model.errors import Unfit
from integrates.db_model.store.dynamodb.fault import ERRORS, translated
from integrates.db_model.store.dynamodb.wire import Native
from integrates.db_model.store.retry import DEFAULT, Policy, retried
from integrates.db_model.store.rules import Tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_THREADS: Final = 16


class Target(msgspec.Struct, frozen=True):
    """Which DynamoDB: AWS in a region, or an endpoint; ``prefix`` begins the names of its tables.

    ``timeout`` is how many seconds one call waits for an answer, ``policy`` how long calls are tried again.
    """

    endpoint: str | None
    region: str | None
    prefix: str = ""
    timeout: float = 5.0
    policy: Policy = DEFAULT


class Engine(msgspec.Struct, frozen=True):
    """What an open connection is made of."""

    client: "DynamoDBClient"
    threads: ThreadPoolExecutor
    known: Tables
    prefix: str
    policy: Policy


async def called(engine: Engine, call: Callable[..., Any], request: Native) -> Any:
    """Return the answer to one call of the SDK, which is made in a thread.

    Raise ``Transient`` when another call may succeed, ``Cancelled`` for a refused transaction, ``Unfit`` for other errors.
    """
    try:
        answer = asyncio.get_running_loop().run_in_executor(engine.threads, partial(call, **request))
    except RuntimeError as error:
        raise Unfit("the store was closed") from error
    try:
        return await answer
    except ERRORS as error:
        raise translated(error) from error


async def answered(engine: Engine, call: Callable[..., Any], request: Native) -> Any:
    """Return the answer of the SDK as :func:`called` does, but retry transient errors; raise ``Unavailable`` in the end."""
    return await retried(lambda: called(engine, call, request), engine.policy)


def _client(target: Target) -> "DynamoDBClient":
    session = boto3.session.Session()
    name = target.region or session.region_name or ("us-east-1" if target.endpoint else None)
    if name is None:
        raise ValueError("DynamoDB needs a region: region=NAME in the URL, or AWS_REGION")
    config = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=target.timeout,
        read_timeout=target.timeout,
        max_pool_connections=_THREADS,
    )
    # An emulator needs credentials, but accepts any.
    anyone = "local" if target.endpoint is not None and session.get_credentials() is None else None
    return session.client(
        "dynamodb",
        region_name=name,
        endpoint_url=target.endpoint,
        config=config,
        aws_access_key_id=anyone,
        aws_secret_access_key=anyone,
    )


def _connected(target: Target) -> "DynamoDBClient":
    try:
        return _client(target)
    except ERRORS as error:
        raise Unfit(str(error)) from error


@asynccontextmanager
async def opened(target: Target, known: Tables) -> AsyncIterator[Engine]:
    """Connect to a target whose tables are ``known``. Raise ``ValueError`` when no region is known."""
    client = await asyncio.to_thread(_connected, target)
    with ExitStack() as stack:
        stack.enter_context(closing(client))
        threads = stack.enter_context(ThreadPoolExecutor(_THREADS, "dynamodb"))
        yield Engine(client, threads, known, target.prefix, target.policy)
