"""Small SARIF files, written in the test that reads them."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from integrates.api.imports.read.observation import Observation, Scan
from integrates.api.imports.read.sarif.reader import read

Json: TypeAlias = dict[str, Any]
Build: TypeAlias = Callable[..., bytes]
Make: TypeAlias = Callable[..., Json]
Read: TypeAlias = Callable[..., Scan]
One: TypeAlias = Callable[..., Observation]


def make_result(uri: str = "src/a.py", line: int = 1, **members: Any) -> Json:
    location = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}}
    return {"ruleId": "R1", "message": {"text": "Bad."}, "locations": [location]} | members


def make_run(*results: Json, rules: list[Json] | None = None, driver: Json | None = None, **members: Any) -> Json:
    tool = {"driver": {"name": "Scanner", "rules": rules or []} | (driver or {})}
    return {"tool": tool, "results": list(results)} | members


def make_file(*runs: Json, **members: Any) -> bytes:
    return json.dumps({"version": "2.1.0", "runs": list(runs)} | members).encode()


@pytest.fixture
def result() -> Make:
    """A result at src/a.py:1 of rule R1, with other members put in."""
    return make_result


@pytest.fixture
def run() -> Make:
    """A run of `Scanner` with the given results and rules, with other members put in."""
    return make_run


@pytest.fixture
def file() -> Build:
    """A file of the given runs."""
    return make_file


@pytest.fixture
def scan() -> Read:
    """What is read from one run, made as by `run`."""

    def read_run(*results: Json, strip_prefix: str | None = None, **members: Any) -> Scan:
        return read(make_file(make_run(*results, **members)), strip_prefix=strip_prefix)

    return read_run


@pytest.fixture
def observe() -> One:
    """The one observation of a run with one result, made as by `result`; `run` holds other members of the run."""

    def read_result(*, run: Json | None = None, **members: Any) -> Observation:
        (one,) = read(make_file(make_run(make_result(**members), **(run or {})))).observations
        return one

    return read_result
