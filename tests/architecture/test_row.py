"""A session that runs a part of each table runs its first and last cases, of those that talk to DynamoDB apart."""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_TABLES = """
import pytest

@pytest.mark.parametrize("number", range(10))
def test_long(number): ...

@pytest.mark.parametrize("number", range(2))
def test_short(number): ...

def test_one(): ...

@pytest.mark.parametrize("number", [*range(4), *(pytest.param(one, marks=pytest.mark.dynamodb) for one in range(4, 9))])
def test_stores(number): ...
"""


def _run(folder: Path, *options: str) -> set[str]:
    """Return the names of the tests that ran."""
    shutil.copy(ROOT / "conftest.py", folder)
    (folder / "test_table.py").write_text(_TABLES)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = dynamodb\n")
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *options, "test_table.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return {line.split("::")[1].split()[0] for line in done.stdout.splitlines() if "PASSED" in line}


def _cases(name: str, *numbers: int) -> set[str]:
    return {f"{name}[{number}]" for number in numbers}


@pytest.mark.parametrize(
    ("options", "long", "short", "stores"),
    [
        ((), range(10), (0, 1), range(9)),
        (("--rows", "3"), (0, 4, 9), (0, 1), (0, 1, 3, 4, 6, 8)),
        (("--rows", "2", "-k", "not 9"), (0, 8), (0, 1), (0, 3, 4, 8)),
        (("--rows", "1"), (0,), (0,), (0, 4)),
    ],
)
def test_of_each_table_some_cases_run(
    tmp_path: Path, options: tuple[str, ...], long: Iterable[int], short: Iterable[int], stores: Iterable[int]
) -> None:
    tables = _cases("test_long", *long) | _cases("test_short", *short) | _cases("test_stores", *stores)
    assert _run(tmp_path, *options) == tables | {"test_one"}
