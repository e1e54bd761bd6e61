"""The model takes clock, ids and randomness as arguments, and needs no boto3 unless a store or file adapter does."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

MODEL = Path("packages/db_model/src/integrates/db_model")
SHELL = {
    MODEL / "job.py": "makes the stamp of a job, with the date and a new change id",
    MODEL / "store/retry.py": "waits, and spreads the waits of competing callers",
    MODEL / "store/dynamodb/store.py": "makes the token by which a repeated request is recognised",
}
"""Modules that may read a clock or a random source, and what for."""

IMPURE_MODULES = {"random", "secrets", "time"}
IMPURE_CALLS = {"now", "utcnow", "today", "uuid1", "uuid4", "urandom", "getrandom"}
WITHOUT_BOTO3 = """
import importlib, pkgutil, sys
sys.modules.update(boto3=None, botocore=None)
import integrates.db_model as model
for module in pkgutil.walk_packages(model.__path__, "integrates.db_model."):
    needs = {f"integrates.db_model.store.dynamodb.{name}" for name in ("engine", "fault", "store", "table")}
    if module.name not in {*needs, "integrates.db_model.files.s3"}:
        importlib.import_module(module.name)
"""


def impurities(tree: ast.Module) -> Iterator[str]:
    """What in a module reads a clock or a random source, as `line: name`."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (f"{node.lineno}: {name.name}" for name in names if name.name in IMPURE_MODULES)
            case ast.ImportFrom(module=module, names=names):
                found = [name.name for name in names if module in IMPURE_MODULES or name.name in IMPURE_CALLS]
                yield from (f"{node.lineno}: {name}" for name in found)
            case ast.Call(func=ast.Attribute(attr=name)) if name in IMPURE_CALLS:
                yield f"{node.lineno}: {name}"


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "from time import monotonic",
        "from uuid import uuid4",
        "import datetime\ndatetime.datetime.now(datetime.UTC)",
        "import os\nos.urandom(4)",
        "def f():\n    import random",
    ],
)
def test_an_impurity_is_recognised(text: str) -> None:
    assert list(impurities(ast.parse(text)))


def test_the_model_reads_no_clock_and_no_random_source(trees: Mapping[Path, ast.Module]) -> None:
    pure = {path: tree for path, tree in trees.items() if path.is_relative_to(MODEL) and path not in SHELL}
    assert {str(path): found for path, tree in pure.items() if (found := list(impurities(tree)))} == {}


def test_the_exceptions_are_needed(trees: Mapping[Path, ast.Module]) -> None:
    assert [str(path) for path in SHELL if path not in trees or not list(impurities(trees[path]))] == []


def test_the_model_imports_without_boto3() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_BOTO3], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
