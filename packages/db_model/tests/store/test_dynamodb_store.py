"""The requirements, on DynamoDB or its emulator, and what only this store promises."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import uuid4

import boto3
import pytest

from integrates.db_model.errors import Unavailable
from integrates.db_model.store.dynamodb import dynamodb_store
from integrates.db_model.store.port import Store
from integrates.db_model.store.retry import Policy
from integrates.db_model.store.url import open_store
from integrates.db_model.testing.adapter import Adapter
from integrates.db_model.testing.requirements import *  # noqa: F403 - each requirement is a test of this module
from integrates.db_model.testing.requirements.sample import new, one, walk_of, walked

pytestmark = pytest.mark.dynamodb

EAGER = Policy(base=0.01, cap=0.1)
IMPATIENT = Policy(base=0.01, attempts=3)
STUMBLES = ("throttled", "dropped", "failed", "lost")


@pytest.fixture(scope="module")
def prefix() -> str:
    """The beginning of the names of this session's tables."""
    return f"test_{uuid4().hex[:8]}_"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, dynamodb_endpoint: str) -> None:
    """What an emulator asks for; a real endpoint finds its own in the environment."""
    if "amazonaws" not in dynamodb_endpoint:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def opened(prefix: str) -> Callable[..., AbstractAsyncContextManager[Store]]:
    def open_at(endpoint: str, policy: Policy = EAGER, **settings: Any) -> AbstractAsyncContextManager[Store]:
        return dynamodb_store(endpoint=endpoint, prefix=prefix, policy=policy, **settings)

    return open_at


def per_call(*faults: str) -> Callable[[str, bytes], str | None]:
    """Plan these faults for the first attempts of each different call."""
    met: Counter[tuple[str, bytes]] = Counter()

    def plan(name: str, body: bytes) -> str | None:
        met[name, body] += 1
        attempt = met[name, body] - 1
        return faults[attempt] if attempt < len(faults) else None

    return plan


def of_writes(plan: Callable[[str, bytes], str | None]) -> Callable[[str, bytes], str | None]:
    return lambda name, body: plan(name, body) if name == "TransactWriteItems" else None


@pytest.fixture
def adapter(dynamodb_endpoint: str, prefix: str, opened: Any, way: Any) -> Adapter:
    def behind(plan: Any, policy: Policy = EAGER) -> Callable[[], AbstractAsyncContextManager[Store]]:
        return lambda: opened(way(plan).url, policy, create=False)

    return Adapter(
        handle=lambda: opened(dynamodb_endpoint),
        url=f"dynamodb://?endpoint={dynamodb_endpoint}&region=us-east-1&prefix={prefix}",
        stumbling=behind(per_call(*STUMBLES)),
        lost=behind(lambda _name, _body: "dropped", IMPATIENT),
        forgetful=behind(of_writes(per_call("lost"))),
    )
