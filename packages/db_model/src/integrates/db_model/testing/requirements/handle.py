"""The fixtures of the requirements, which use the one that an adapter's test module defines."""

from collections.abc import AsyncIterator
from typing import TypeVar

import pytest
import pytest_asyncio

from integrates.db_model.store.port import Store
from integrates.db_model.testing.adapter import Adapter, Excluded

Asked = TypeVar("Asked")


@pytest_asyncio.fixture
async def store(adapter: Adapter) -> AsyncIterator[Store]:
    """The open handle of the test."""
    async with adapter.handle() as opened:
        yield opened


@pytest.fixture
def partition(request: pytest.FixtureRequest) -> str:
    """Return a partition key that no other test uses."""
    return f"TEST#{request.node.name}"


def required(asked: Asked | Excluded) -> Asked:
    """Return what a requirement asks for, or skip the requirement for the reason that the adapter gives."""
    if isinstance(asked, Excluded):
        pytest.skip(asked.reason)
    return asked
