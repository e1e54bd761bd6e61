"""How Hypothesis works in every test of this repository, and how a session runs a part of each table of cases."""

import os
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "house",
    deadline=None,  # no result depends on how fast a machine is …
    suppress_health_check=[HealthCheck.too_slow],  # … or how busy
    derandomize="CI" in os.environ,  # CI judges a change: the same examples each time, so that red means the change
    print_blob=True,  # anywhere else new examples are tried; what fails there prints how to repeat it
)
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer `--rows N`, which `nox -s lowest` gives."""
    parser.addoption("--rows", type=int, help="run so many cases of each test, from its first to its last; all by default")


def _spread(items: list[pytest.Item], most: int) -> list[pytest.Item]:
    """Return so many of the items, the first and the last among them, with gaps of about the same length."""
    if len(items) <= most:
        return items
    return [items[number * (len(items) - 1) // max(most - 1, 1)] for number in range(most)]


@pytest.hookimpl(trylast=True)  # after `-m` and `-k`, so that what they leave out is not among the cases
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out most cases of long tables where `--rows` says so, of those that talk to DynamoDB apart from the others."""
    most = config.getoption("rows")
    if most is None:
        return
    tables: dict[tuple[str, bool], list[pytest.Item]] = defaultdict(list)
    for item in items:
        tables[item.nodeid.partition("[")[0], "dynamodb" in item.keywords].append(item)
    kept = {one for table in tables.values() for one in _spread(table, most)}
    config.hook.pytest_deselected(items=[one for one in items if one not in kept])
    items[:] = [one for one in items if one in kept]
