"""A way to the tests' DynamoDB endpoint on which calls fail on demand."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from packages.db_model.tests.store.way import PLAN, opened_way


@pytest.fixture
def way(dynamodb_endpoint: str) -> Iterator[Callable[[PLAN], str]]:
    """Open a way to the endpoint on which calls meet the faults that a plan says."""
    with ExitStack() as opened:
        yield lambda plan: opened.enter_context(opened_way(dynamodb_endpoint, plan))
